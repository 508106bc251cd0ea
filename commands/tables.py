"""Rows for a person: a table where it fits the terminal, else some lines for each row."""

import os
from collections.abc import Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from operations.lines import NARROWEST, wrapped

__all__ = ["print_rows"]


def print_rows(console: Console, columns: Sequence[str], rows: Sequence[Sequence[Text]]) -> None:
    """The first cell names its row. Nothing is cut off, and what can be copied is not broken by a table."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(column, no_wrap=True)
    for row in rows:
        table.add_row(*row)
    natural = console.measure(table, options=console.options.update(max_width=10_000)).maximum
    if not console.is_terminal and "COLUMNS" not in os.environ:
        console.width = max(console.width, natural)  # a row is a line, for whoever searches in it
    if natural <= console.width:
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
        for line in Text(" · ").join(named).wrap(console, max(NARROWEST, console.width - 2)):
            line.rstrip()
            console.print(Text.assemble("  ", line), soft_wrap=True)
