"""`policy`: the tables that decide, as they are."""

import argparse
import json
import sys
from collections.abc import Iterator
from typing import Any

from commands.failures import CommandError, Exit
from operations.decision_rows import tables_of
from operations.lines import Line, console_on, put
from workflows.kernel.decisions import Table

__all__ = ["policy"]


def policy(options: argparse.Namespace, workflows: list[Any]) -> Exit:
    """Print every table, or the one that was named."""
    tables = tables_of(workflows)
    if options.table is not None and options.table not in tables:
        known = ", ".join(tables)
        raise CommandError(Exit.BAD_INPUT, f"no table {options.table!r}; known: {known}")
    shown = [table for name, table in tables.items() if options.table in (None, name)]
    if options.json:
        sys.stdout.write(json.dumps([as_json(table) for table in shown], indent=1) + "\n")
        return Exit.OK
    console = console_on(sys.stdout)
    for table in shown:
        for line in lines(table):
            put(console, line)
    return Exit.OK


def lines(table: Table[Any, Any]) -> Iterator[Line]:
    yield 0, f"{table.name} v{table.version}: the first row that holds decides", "bold"
    for number, row in enumerate(table.rows, start=1):
        yield 2, f"{number:>2}. {row.outcome.value}: {row.because}", ""
        yield 6, f"if {row.text()}", "dim"


def as_json(table: Table[Any, Any]) -> dict[str, Any]:
    rows = [
        {"row": number, "outcome": row.outcome.value, "because": row.because, "if": row.text()}
        for number, row in enumerate(table.rows, start=1)
    ]
    return {"table": table.name, "version": table.version, "rows": rows}
