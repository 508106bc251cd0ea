"""`cost`: what runs cost, from the tenants' ledger alone; a table with bars, JSON, CSV or a chart."""

import argparse
import csv
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from rich.text import Text
from sqlalchemy import Connection

from activities.costs import By, Cost, Operation, Wanted, costs, operations
from activities.database import Database
from commands.cost_charts import Bar, print_bars, svg_of
from commands.failures import CommandError, Exit
from commands.tables import print_rows
from commands.terms_options import length_of_time
from connection import Settings
from contracts.values import plain
from operations.lines import console_on, put, safe
from operations.wording import dollars

__all__ = ["cost"]

ROWS = 50
NOBODY_KNOWS = "(not known)"
MEASURES = ("attempts", "operations", "proven", "of it failed", "unknown", "held")
OF_A_STEP = ("workflow_id", "run", "tenant", "step", "task")
FORMULA = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True)
class Line:
    """One row: what names it to a program, and to a person."""

    names: Mapping[str, Any]
    label: str
    cost: Cost


def cost(options: argparse.Namespace, env: Mapping[str, str]) -> int:
    """Show it; nothing is written to the ledger, and none is made."""
    if options.limit is not None and options.limit < 0:
        raise CommandError(Exit.BAD_INPUT, "--limit takes a number of rows; 0 shows all")
    now = datetime.now(UTC)
    since, until = moment(options.since, "--since", now), moment(options.until, "--until", now)
    database = Database(Settings.of(env).database_url)
    try:
        with database.reading() as db:
            lines, whole = read(db, Wanted(tenant=options.tenant, since=since, until=until), options)
    finally:
        database.close()
    show(lines, whole, options)
    return Exit.OK


def read(db: Connection, wanted: Wanted, options: argparse.Namespace) -> tuple[list[Line], Cost]:
    groups, whole = costs(db, wanted, by := By(options.group))
    if not options.operations:
        return [Line({by.value: each.key}, each.key or NOBODY_KNOWS, each) for each in groups], whole
    limit = limit_of(options)
    steps = operations(db, wanted, limit and limit + 1)  # one more says that there are more
    return [
        Line(names_of(each), f"{each.workflow_id} {each.number} {each.task}", each.cost) for each in steps
    ], whole


def names_of(step: Operation) -> dict[str, Any]:
    return {
        "workflow_id": step.workflow_id,
        "run": step.run,
        "tenant": step.tenant,
        "step": step.number,
        "task": step.task or None,
    }


def limit_of(options: argparse.Namespace) -> int | None:
    """How many rows are shown; a program gets all when it does not say."""
    if options.limit is None:
        return None if options.json or options.csv else ROWS
    return int(options.limit) or None


def moment(text: str | None, option: str, now: datetime) -> datetime | None:
    """A length of time ago, or a date or moment; without a zone it is UTC. Raises CommandError."""
    if text is None:
        return None
    try:
        given = datetime.fromisoformat(text)
    except ValueError:
        return now - length_of_time(text, option)
    return given.replace(tzinfo=UTC) if given.tzinfo is None else given.astimezone(UTC)


def show(lines: Sequence[Line], whole: Cost, options: argparse.Namespace) -> None:
    limit = limit_of(options)
    shown = lines[:limit]
    if options.json:
        rows = [{**line.names, **fields(line.cost)} for line in shown]
        sys.stdout.write(json.dumps({"rows": rows, "total": fields(whole)}, indent=1) + "\n")
    elif options.csv:
        write_csv(shown, options)
    elif options.svg is not None:
        title = f"Cost by {'operation' if options.operations else options.group}, US dollars"
        options.svg.write_text(svg_of(title, [bar(line) for line in shown]), encoding="utf-8")
    elif not lines:
        sys.stderr.write("nothing was spent or leased\n")
    else:
        print_table(shown, whole, options)
        if len(lines) > len(shown):
            put(
                console_on(sys.stdout), (0, "there are more rows, in the sum too; --limit 0 shows all", "dim")
            )


def print_table(shown: Sequence[Line], whole: Cost, options: argparse.Namespace) -> None:
    console = console_on(sys.stdout)
    name = "operation" if options.operations else options.group
    rows = [cells(line.label, line.cost) for line in shown]
    print_rows(console, (name, *MEASURES), [*rows, cells("sum", whole, "bold")])
    print_bars(console, [bar(line) for line in shown])


def cells(label: str, each: Cost, style: str = "") -> list[Text]:
    """What is zero is left out: an amount of each kind is rare."""
    lost = f"{dollars(each.unknown)} ({each.unknown_attempts:,})" if each.unknown else ""
    return [
        Text(safe(label), style),
        Text(f"{each.attempts:,}", style),
        Text(f"{each.operations:,}", style),
        Text(dollars(each.proven), style),
        Text(dollars(each.failed) if each.failed else "", style),
        Text(lost, "red"),
        Text(dollars(each.held) if each.held else "", "yellow"),
    ]


def bar(line: Line) -> Bar:
    each = line.cost
    named = (("", each.proven), (" unknown", each.unknown), (" held", each.held))
    words = " + ".join(f"{dollars(usd)}{what}" for what, usd in named if usd) or "$0"
    return Bar(line.label, each.proven, each.unknown, each.held, words)


def fields(each: Cost) -> dict[str, Any]:
    """Amounts as text, exact."""
    return {
        "attempts": each.attempts,
        "unknown_attempts": each.unknown_attempts,
        "operations": each.operations,
        "proven_tokens": each.tokens,
        "proven_usd": plain(each.proven),
        "failed_usd": plain(each.failed),
        "unknown_usd": plain(each.unknown),
        "held_usd": plain(each.held),
    }


def write_csv(shown: Sequence[Line], options: argparse.Namespace) -> None:
    """With a heading, also when there is nothing; what nobody knows is an empty cell."""
    names = OF_A_STEP if options.operations else (options.group,)
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow([*names, *fields(Cost())])
    for line in shown:
        named = [as_cell(line.names[name]) for name in names]
        writer.writerow([*named, *fields(line.cost).values()])


def as_cell(value: Any) -> Any:
    """A spreadsheet takes a text that begins so for a formula."""
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA) else value
