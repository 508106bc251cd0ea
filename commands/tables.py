"""Rows for a person: a table where it fits the terminal, else some lines for each row."""

import os
from collections.abc import Iterator, Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from operations.lines import MEASURE, NARROWEST, wrapped

__all__ = ["print_rows"]


def print_rows(
    console: Console,
    columns: Sequence[str],
    rows: Sequence[Sequence[Text]],
    *,
    spare: Sequence[str] = (),
) -> None:
    """The first cell names its row. No value is cut off or broken, so that it can be copied.

    Where the terminal is too narrow, empty columns go first and then the `spare` ones, in their order.
    """
    if not console.is_terminal and "COLUMNS" not in os.environ:
        # A row is a line, for whoever searches in it.
        console.width = max(console.width, width_of(table_of(columns, rows), console))
    for fewer in narrower(columns, rows, spare):
        table = table_of(columns, rows, fewer)
        if width_of(table, console) <= console.width:
            console.print(table)
            return
    for name, *cells in rows:
        for part in wrapped((0, name.plain, "bold"), console.width):
            console.print(part, soft_wrap=True)
        named = [
            Text.assemble((f"{column} ", "dim"), cell)
            for column, cell in zip(columns[1:], cells, strict=True)
            if cell.plain
        ]
        for line in packed(named, max(NARROWEST, console.width - 2)):
            console.print(Text.assemble("  ", line), soft_wrap=True)


def narrower(
    columns: Sequence[str], rows: Sequence[Sequence[Text]], spare: Sequence[str]
) -> Iterator[frozenset[str]]:
    """What to leave out, less first."""
    left = frozenset[str]()
    yield left
    left |= {name for at, name in enumerate(columns) if not any(row[at].plain for row in rows)}
    yield left
    for name in spare:
        left |= {name}
        yield left


def table_of(
    columns: Sequence[str], rows: Sequence[Sequence[Text]], without: frozenset[str] = frozenset()
) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    kept = [at for at, name in enumerate(columns) if name not in without]
    for at in kept:
        table.add_column(columns[at], no_wrap=True)
    for row in rows:
        table.add_row(*(row[at] for at in kept))
    return table


def width_of(table: Table, console: Console) -> int:
    return console.measure(table, options=console.options.update(max_width=10_000)).maximum


def packed(cells: Sequence[Text], room: int) -> Iterator[Text]:
    """As many on a line as fit; one that fits on none is wrapped."""
    line = Text()
    for cell in cells:
        longer = Text.assemble(line, " · ", cell) if line else cell
        if longer.cell_len <= room:
            line = longer
            continue
        yield from whole(line, room)
        line = cell
    yield from whole(line, room)


def whole(line: Text, room: int) -> Iterator[Text]:
    for part in line.wrap(MEASURE, room) if line else ():
        part.rstrip()
        yield part
