"""`demo`: real tickets, a real model, a worker killed in the middle, and what can be proven after it."""

import argparse
import asyncio
import os
import sys
from contextlib import ExitStack
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from rich.console import Console
from temporalio.client import Client

from activities.approvers import new_key
from commands.demo_cast import cast
from commands.demo_play import Course, patience_for, play
from commands.demo_proof import Proof, prove, refunds_in
from commands.demo_report import as_text, print_demo
from commands.failures import Exit
from commands.leftovers import end_leftovers
from commands.sample_stack import DRAIN_S, Setting, agree_to_cost, set_up
from commands.sample_tickets import Sample
from commands.services import catalogue_here, check_key, worker_service
from commands.stack import ended_in_order, refuse_second_worker, running
from commands.watching import board_on
from connection import connect
from contracts.terms import Amount, Terms
from embedded.stack import home
from operations.histories import fetch
from operations.lines import console_on, put
from operations.matching import match, requests_in
from operations.story import Story, story
from operations.wording import dollars
from workflows.resolve_ticket import PLAN, ResolveTicket

__all__ = ["demo"]


def demo(options: argparse.Namespace, workflows: list[Any]) -> Exit:
    """Run it; FAILED when the machinery did not hold, never because a small model misread a mail."""
    parts = cast(options.tickets)
    console = console_on(sys.stderr if options.json else sys.stdout)
    profile = options.profile or catalogue_here(os.environ).profiles[0]
    check_key(profile, os.environ)
    agree_to_cost(profile, PLAN, len(parts), "ticket", console, agreed=options.yes)
    say_unused_key(profile, console)
    refuse_second_worker()
    before = running()
    with ExitStack() as stack:
        if not options.keep:
            stack.enter_context(ended_in_order(before, console, DRAIN_S))
        setting = set_up("demo", profile, console)
        killed, runs, proof = asyncio.run(perform(setting, parts, profile, console, workflows))
        stories = [(part, told) for part, told in runs]
        if options.json:
            sys.stdout.write(as_text(stories, proof, killed, setting.temporal.ui) + "\n")
        else:
            print_demo(stories, proof, killed, console, workflows)
        say_what_next(setting, profile, options.keep, console)
    return Exit.FAILED if proof.problems else Exit.OK


def say_unused_key(profile: str, console: Console) -> None:
    """A key in the environment is not used unasked; say so, and how to ask."""
    catalogue = catalogue_here(os.environ)
    used = {endpoint.key_name for endpoint in catalogue.endpoints_of(profile)}
    for name, endpoint in catalogue.endpoints.items():
        if endpoint.api_key and endpoint.key_name and endpoint.key_name not in used:
            words = f"{endpoint.key_name} is set and not used; `make demo PROVIDER={name}` uses it"
            put(console, (0, words, "yellow"))
            return


async def perform(
    setting: Setting, parts: list[Sample], profile: str, console: Console, workflows: list[Any]
) -> tuple[str | None, list[tuple[Sample, Story]], Proof]:
    """The course and its proof."""
    client = await connect()
    since = datetime.now(UTC)
    await end_leftovers(client, setting.temporal, console)
    key = new_key(setting.folder / "approvers", "demo-approver")
    terms = Terms(
        tenant=setting.tenant, requested_by="demo", cap=PLAN.cap, deadline=PLAN.deadline, profile=profile
    )
    put(console, (0, cap_text(len(parts), terms.cap), ""))
    each_s = patience_for(route.timeout for route in catalogue_here(os.environ).routes_of(profile))
    with board_on(console) as board:
        course = Course[Sample](client, worker_service(home(), drain_s=DRAIN_S), key, board, each_s=each_s)
        try:
            await play(course, ResolveTicket, parts, terms)
        except TimeoutError:
            board.say("the runs take too long; this is where they are", "bold red")
    runs = []
    for run in course.runs:
        history = await fetch(client, run.workflow_id, run.run_id)
        runs.append((course.parts[run.workflow_id], story(history), history))
    matched = None
    if setting.journal is not None:
        mine = [told for _, told, _ in runs]
        everyone = mine + await others_since(client, since, {told.run_id for told in mine})
        models = [each for told in everyone for each in told.attempts if each.route is not None]
        matched = match(requests_in(setting.journal, setting.journal_from), models)
    proof = await prove(runs, matched, refunds_in(setting.folder / "payments.jsonl"), workflows)
    return course.killed_during, [(part, told) for part, told, _ in runs], proof


async def others_since(client: Client, since: datetime, known: set[str]) -> list[Story]:
    """Every other run that may have used the model since then: its attempts are in its own ledger."""
    query = f"ExecutionStatus = 'Running' OR CloseTime >= '{since.isoformat()}'"
    return [
        story(await fetch(client, each.id, each.run_id))
        async for each in client.list_workflows(query)
        if each.run_id not in known
    ]


def cap_text(tickets: int, cap: Amount) -> str:
    each = f"{dollars(cap.usd)}, {cap.tokens:,} tokens, {cap.calls} model calls"
    most = dollars(cap.usd * Decimal(tickets))
    return f"{tickets} tickets, each with a cap of {each}: {most} at most, whatever happens"


def say_what_next(setting: Setting, profile: str, keep: bool, console: Console) -> None:
    if setting.journal is not None:
        words = (
            "a model of 1.5 billion parameters reads and writes modestly; the workflow is the same with any: "
        )
        other = "OPENAI_API_KEY=... python starter.py demo --profile openai-small"
        put(console, (0, words + other, "dim"))
    if keep:
        ui = f"; its UI is at {setting.temporal.ui}" if setting.temporal.ui else ""
        put(console, (0, f"everything runs on{ui}; `python starter.py list`, `down` ends it", "bold"))
    else:
        put(
            console,
            (0, f"mails, journal and shop are in {setting.folder}; --keep leaves the UI running", "dim"),
        )
