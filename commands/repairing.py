"""`parked` and `repair`: steps that finally failed, and what people do about them."""

import argparse
import asyncio
import json
import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from rich.text import Text
from temporalio.client import Client, WorkflowExecution

from activities.catalogue import CatalogueError
from commands.failures import CommandError, Exit
from commands.services import catalogue_here
from commands.sources import meant, status_by_query
from commands.tables import print_rows
from commands.terms_options import requester
from connection import connect
from contracts.receipts import Waiting
from contracts.repairs import Abort, Repair, Retry, Supply
from contracts.sheet import Price
from operations.answering import send_repair
from operations.lines import Line, console_on, put, safe
from operations.starting import TENANT
from operations.wording import clock, dollars
from workflows.kernel.run import PARKED

__all__ = ["list_parked", "repair"]

COLUMNS = ("workflow id", "failed", "attempt", "a retry costs at most", "until")
AT_ONCE = 8


@dataclass(frozen=True)
class Parked:
    """One step that waits for a person."""

    workflow_id: str
    cause: str
    """The step and its fault, as the search attribute has them."""
    waiting: Waiting | None
    """None when no worker can say more."""

    def cells(self) -> Iterator[str]:
        """In the order of COLUMNS."""
        waiting = self.waiting
        yield self.workflow_id
        yield self.cause
        yield waiting.parked or "" if waiting is not None else ""
        worst = waiting.details.get("worst_usd") if waiting is not None else None
        yield dollars(Decimal(worst)) if worst is not None else ""
        yield clock(waiting.until) if waiting is not None else "no worker answers"

    def as_json(self) -> dict[str, Any]:
        """For a program."""
        told = self.waiting.model_dump(mode="json") if self.waiting is not None else None
        return {"workflow_id": self.workflow_id, "cause": self.cause, "waiting": told}


async def list_parked(options: argparse.Namespace) -> Exit:
    """Every run that waits for a repair, those with the same cause together."""
    query = f"{PARKED.name} IS NOT NULL AND ExecutionStatus = 'Running'"
    if options.tenant is not None:
        if "'" in options.tenant:
            raise bad(f"{options.tenant!r} holds a quote; no tenant does")
        query += f" AND {TENANT.name} = '{options.tenant}'"
    client = await connect()
    runs = [each async for each in client.list_workflows(query, limit=options.limit)]
    turns = asyncio.Semaphore(AT_ONCE)

    async def told(run: WorkflowExecution) -> list[Parked]:
        async with turns:
            waits = [each for each in await waits_of(client, run.id) if each.parked is not None]
        cause = run.typed_search_attributes.get(PARKED, "")
        if not waits:
            return [Parked(run.id, cause, None)]
        return [Parked(run.id, cause_of(each), each) for each in waits]

    found = [each for some in await asyncio.gather(*map(told, runs)) for each in some]
    found.sort(key=lambda each: (each.cause, each.workflow_id))
    if options.json:
        sys.stdout.write(json.dumps([each.as_json() for each in found], indent=1) + "\n")
    elif not found:
        sys.stderr.write("no run waits for a repair\n")
    else:
        rows = [tuple(Text(safe(cell)) for cell in each.cells()) for each in found]
        print_rows(console_on(sys.stdout), COLUMNS, rows)
    return Exit.OK


async def waits_of(client: Client, workflow_id: str) -> Sequence[Waiting]:
    status = await status_by_query(client, workflow_id)
    return status.waiting if status is not None else ()


def cause_of(waiting: Waiting) -> str:
    return f"{waiting.details['step']} {waiting.details['fault']}"


async def repair(options: argparse.Namespace) -> Exit:
    """Show what failed and what the repair can cost, then send it. Refusals come back with their reason."""
    client = await connect()
    workflow_id = await meant(client, options.run)
    waiting = await parked_in(client, workflow_id, options.attempt)
    console = console_on(sys.stdout)
    for line in account_of(waiting):
        put(console, line)
    if options.abort:
        action: Retry | Supply | Abort = Abort()
    elif options.supply is not None:
        action = Supply(output=output_in(options.supply))
    else:
        action = Retry(
            profile=options.profile,
            max_output_tokens=options.output_tokens,
            at_most_usd=agreed(options, worst_of(options, waiting)),
        )
    by = options.by or requester()
    sent = Repair(parked=waiting.parked or "", by=by, because=options.because, action=action)
    await send_repair(client, workflow_id, sent)
    put(console, (0, f"accepted: {action.do}, by {by}", "green"))
    return Exit.OK


async def parked_in(client: Client, workflow_id: str, attempt: str | None) -> Waiting:
    """The one step that waits, or the one that was named."""
    waits = [each for each in await waits_of(client, workflow_id) if each.parked is not None]
    if attempt is not None:
        waits = [each for each in waits if each.parked == attempt]
    if not waits:
        which = f"attempt {attempt}" if attempt is not None else "nothing"
        raise CommandError(
            Exit.FAILED, f"{workflow_id}: {which} waits for a repair; `python starter.py parked` lists all"
        )
    if len(waits) > 1:
        names = ", ".join(f"{each.parked} ({cause_of(each)})" for each in waits)
        raise bad(f"{workflow_id}: several steps wait; say which with --attempt: {names}")
    return waits[0]


def account_of(waiting: Waiting) -> Iterator[Line]:
    details = waiting.details
    yield 0, f"{details['step']} failed ({details['fault']}): {details['reason']}", "bold"
    yield 2, f"attempt {waiting.parked}; {details['because']}", ""
    yield 2, f"open until {clock(waiting.until)}; otherwise {waiting.otherwise}", ""


def worst_of(options: argparse.Namespace, waiting: Waiting) -> Decimal:
    """What one more attempt can cost: by the run's own numbers, or by those of the profile asked for."""
    details = waiting.details
    if "input_tokens" not in details:
        if options.profile is not None or options.output_tokens is not None:
            raise bad(f"{details['step']} asks no model: --profile and --output-tokens mean nothing to it")
        return Decimal(0)
    price, most = Price.model_validate(details["price"]), int(details["route_output_tokens"])
    if options.profile is not None:
        try:
            route = catalogue_here(os.environ).routes_of(options.profile)[0]
        except CatalogueError as error:
            raise bad(str(error)) from None
        price, most = route.price, route.max_output_tokens
    wanted = options.output_tokens or details["max_output_tokens"]
    return price.of(details["input_tokens"], min(int(wanted), most))


def agreed(options: argparse.Namespace, worst: Decimal) -> Decimal:
    """The amount that the person agrees to. Raises CommandError when there is none."""
    if options.at_most is not None:
        try:
            return Decimal(options.at_most)
        except InvalidOperation:
            raise bad(f"--at-most {options.at_most!r} is no amount; write for example 0.05") from None
    if not worst:
        return worst
    if not sys.stdin.isatty():
        raise bad(f"a retry can cost {dollars(worst)}, and nobody is here to be asked: --at-most {worst}")
    sys.stderr.write(f"a retry can cost {dollars(worst)} at most; go on? [y/N] ")
    sys.stderr.flush()
    if sys.stdin.readline().strip().lower() not in {"y", "yes"}:
        raise CommandError(Exit.FAILED, "nothing was done")
    return worst


def output_in(source: str) -> dict[str, Any]:
    """The JSON object in a file, or on standard input for `-`."""
    try:
        text = sys.stdin.read() if source == "-" else Path(source).read_text(encoding="utf-8")
        content = json.loads(text)
    except (OSError, ValueError) as error:
        raise bad(f"{source}: {error}") from None
    if not isinstance(content, dict):
        raise bad(f"{source}: not a JSON object")
    return content


def bad(line: str) -> CommandError:
    return CommandError(Exit.BAD_INPUT, line)
