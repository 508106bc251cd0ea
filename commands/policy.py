"""`policy`: the tables that decide, as they are."""

import argparse
import json
import sys
from collections.abc import Iterator
from typing import Any

from commands.failures import CommandError, Exit
from commands.writing import write
from contracts.values import plain
from operations.lines import Line, console_on, put
from operations.table_pages import as_html, as_markdown
from operations.table_views import TableView, views_of

__all__ = ["policy"]


def policy(options: argparse.Namespace, workflows: list[Any]) -> Exit:
    """Print every table, or the one that was named; or write them as a page."""
    views = views_of(workflows)
    if options.table is not None and options.table not in views:
        known = ", ".join(views)
        raise CommandError(Exit.BAD_INPUT, f"no table {options.table!r}; known: {known}")
    shown = [view for name, view in views.items() if options.table in (None, name)]
    if options.json:
        sys.stdout.write(json.dumps([as_json(view) for view in shown], indent=1) + "\n")
    elif options.markdown:
        sys.stdout.write(as_markdown(shown))
    elif options.html is not None:
        write(options.html, as_html(shown))
        sys.stderr.write(f"wrote {options.html}\n")
    else:
        console = console_on(sys.stdout)
        for head, line in (each for view in shown for each in lines(view)):
            put(console, line, head=head)
    return Exit.OK


def lines(view: TableView) -> Iterator[tuple[str, Line]]:
    """Each with what stands before it, below which nothing is wrapped."""
    yield "", (0, f"{view.table} v{view.version}: the first row that holds decides", "bold")
    for row in view.rows:
        yield f"{row.number:>2}. ", (2, f"{row.outcome}: {row.because}", "")
        yield "if ", (6, row.condition, "dim")
    for name, value in view.thresholds.items():
        yield "", (2, f"{name} is {plain(value)} in runs that start now", "dim")


def as_json(view: TableView) -> dict[str, Any]:
    """Thresholds are decimal strings."""
    return {
        **view.model_dump(mode="json", exclude={"facts", "rows"}),
        "facts": {fact.name: fact.may_be for fact in view.facts},
        "rows": [
            {"row": row.number, "outcome": row.outcome, "because": row.because, "if": row.condition}
            for row in view.rows
        ],
    }
