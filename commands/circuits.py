"""`circuits`: which routes every worker leaves alone for a while, and why; closes one by hand."""

import argparse
import json
import sys
from datetime import UTC, datetime
from pathlib import Path

from rich.text import Text

from activities.circuit_book import Circuit, CircuitBook
from activities.database import Database
from commands.failures import CommandError, Exit
from commands.tables import print_rows
from connection import Settings
from operations.lines import console_on, put, safe
from operations.wording import clock, duration

__all__ = ["circuits", "is_there"]

COLUMNS = ("route", "state", "fault", "in a row", "last", "asked again")


def circuits(options: argparse.Namespace, env: dict[str, str]) -> int:
    """Show those that are open or have begun to fail; with --close forget one."""
    database = Database(Settings.of(env).database_url)
    try:
        book = CircuitBook(database)
        now = datetime.now(UTC)
        known = book.every() if is_there(database) else []
        if options.close is not None:
            return close(book, options.close, [each.route for each in known])
    finally:
        database.close()
    if options.json:
        sys.stdout.write(json.dumps([as_json(each, now) for each in known], indent=2) + "\n")
        return Exit.OK
    console = console_on(sys.stdout)
    if not known:
        put(console, (0, "every route is asked", ""))
        return Exit.OK
    print_rows(console, COLUMNS, [row(each, now) for each in known])
    return Exit.OK


def is_there(database: Database) -> bool:
    """Whether anything was ever kept: asking SQLite would make the file."""
    if database.url.get_backend_name() != "sqlite":
        return True
    return Path(database.url.database or "").exists()


def close(book: CircuitBook, route: str, known: list[str]) -> int:
    if route not in known or not book.close(route):
        words = f"no circuit of a route {route!r}; there are: {', '.join(known) or 'none'}"
        raise CommandError(Exit.BAD_INPUT, words)
    console = console_on(sys.stdout)
    put(console, (0, f"{route} is asked again, by every worker within a second", ""))
    return Exit.OK


def state_of(circuit: Circuit, now: datetime) -> str:
    if circuit.until is None:
        return "closed"
    return "open" if circuit.left(now) else "to be tried"


def row(circuit: Circuit, now: datetime) -> list[Text]:
    state = state_of(circuit, now)
    again = f"in {duration(circuit.left(now).total_seconds())}" if state == "open" else ""
    cells = [circuit.fault.value, str(circuit.in_a_row), clock(circuit.failed_at), again]
    style = "yellow" if state == "open" else ""
    return [Text(safe(circuit.route)), Text(state, style), *map(Text, cells)]


def as_json(circuit: Circuit, now: datetime) -> dict[str, object]:
    return {
        "route": circuit.route,
        "state": state_of(circuit, now),
        "fault": circuit.fault.value,
        "in_a_row": circuit.in_a_row,
        "failed_at": circuit.failed_at.isoformat(),
        "opened_at": circuit.opened_at.isoformat() if circuit.opened_at else None,
        "until": circuit.until.isoformat() if circuit.until else None,
    }
