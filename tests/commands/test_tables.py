"""Rows that do not fit: columns go before a value is broken."""

from io import StringIO

import pytest
from rich.console import Console
from rich.text import Text

from commands.tables import print_rows

COLUMNS = ("workflow id", "state", "spent", "tenant", "took")
ROWS = [
    ("resolve-ticket/acme/3f2a9c1e00000000", "running", "", "acme", "2m13s"),
    ("resolve-ticket/acme/3f2a9c1e00000001", "completed", "", "acme", "1h5m"),
]


def printed(width: int) -> list[str]:
    out = StringIO()
    console = Console(file=out, width=width, color_system=None, force_terminal=True)
    rows = [tuple(Text(cell) for cell in row) for row in ROWS]
    print_rows(console, COLUMNS, rows, spare=("tenant", "took"))
    return [line.rstrip() for line in out.getvalue().splitlines()]


@pytest.mark.parametrize(
    ("width", "head"),
    [
        (100, "workflow id state spent tenant took"),
        (63, "workflow id state tenant took"),
        (57, "workflow id state took"),
        (48, "workflow id state"),
    ],
)
def test_empty_columns_go_first_then_the_spare_ones(width: int, head: str) -> None:
    first, *rows = printed(width)
    assert first.split() == head.split()
    assert [row.split()[0] for row in rows] == [row[0] for row in ROWS]


def test_at_last_each_row_is_a_list_of_whole_values() -> None:
    lines = printed(40)
    assert lines[:2] == [ROWS[0][0], "  state running · tenant acme"]
    assert lines[2] == "  took 2m13s"
