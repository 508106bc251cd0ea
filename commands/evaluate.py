"""`evaluate`: every sample ticket through the model, and how many went as a careful reader would have it."""

import argparse
import asyncio
import os
import sys
from collections.abc import Sequence
from contextlib import ExitStack

from rich.console import Console

from activities.approvers import new_key
from commands.demo_play import Course, patience_for, play
from commands.demo_proof import refunds_in, wrong_refunds
from commands.evaluate_report import Score, as_text, print_scores
from commands.failures import CommandError, Exit
from commands.sample_stack import DRAIN_S, Setting, agree_to_cost, end_leftovers, set_up
from commands.sample_tickets import Sample, samples
from commands.services import catalogue_here, check_key, worker_service
from commands.stack import ended_in_order, refuse_second_worker, running
from commands.watching import board_on
from connection import connect
from contracts.terms import Terms
from embedded.stack import home
from operations.histories import fetch
from operations.lines import console_on, put
from operations.story import story
from workflows.resolve_ticket import PLAN, ResolveTicket

__all__ = ["chosen", "evaluate"]


def evaluate(options: argparse.Namespace) -> Exit:
    """Run it; FAILED for a refund that was not due, and for a run that did not end well."""
    tickets = chosen(options.only)
    console = console_on(sys.stderr if options.json else sys.stdout)
    profile = options.profile or catalogue_here(os.environ).profiles[0]
    check_key(profile, os.environ)
    agree_to_cost(profile, len(tickets), console, agreed=options.yes)
    refuse_second_worker()
    before = running()
    with ExitStack() as stack:
        stack.enter_context(ended_in_order(before, console, DRAIN_S))
        setting = set_up("evaluate", profile, console)
        scores, problems = asyncio.run(perform(setting, tickets, profile, console))
    if options.json:
        sys.stdout.write(as_text(scores, problems, profile) + "\n")
    else:
        print_scores(scores, problems, console)
    return Exit.FAILED if problems else Exit.OK


def chosen(only: Sequence[str] | None) -> list[Sample]:
    """All samples, or those of these groups and files, or the `shown` or `held-out` ones.

    Raises CommandError for a name that is none of these.
    """
    known = samples()
    if not only:
        return list(known.values())
    names = {name: names_of(each) for name, each in known.items()}
    for wanted in only:
        if not any(wanted in each for each in names.values()):
            groups = ", ".join(sorted({each.group for each in known.values()}))
            line = (
                f"--only {wanted!r}: no such sample; shown, held-out, a file of samples/tickets, or {groups}"
            )
            raise CommandError(Exit.BAD_INPUT, line)
    return [each for label, each in known.items() if names[label] & set(only)]


def names_of(sample: Sample) -> set[str]:
    """By what one may ask for it: its group, its share, its file, and its number in that file."""
    share = "held-out" if sample.held_out else "shown"
    return {sample.group, share, sample.label, sample.label.partition("#")[0]}


async def perform(
    setting: Setting, tickets: Sequence[Sample], profile: str, console: Console
) -> tuple[list[Score], list[str]]:
    """Run all of them at once and hold what came of it against the truth and the payment service's book."""
    client = await connect()
    await end_leftovers(client, console)
    key = new_key(setting.folder / "approvers", "evaluate-approver")
    terms = Terms(
        tenant=setting.tenant, requested_by="evaluate", cap=PLAN.cap, deadline=PLAN.deadline, profile=profile
    )
    each_s = patience_for(route.timeout for route in catalogue_here(os.environ).routes_of(profile))
    with board_on(console) as board:
        course = Course(client, worker_service(home(), drain_s=DRAIN_S), key, board, each_s=each_s)
        try:
            await play(course, ResolveTicket, tickets, terms, kill=False)
        except TimeoutError:
            put(console, (0, "the runs take too long; this is where they are", "bold red"))
    refunds = refunds_in(setting.folder / "payments.jsonl")
    scores, problems = [], []
    for run in course.runs:
        sample, name = course.parts[run.workflow_id], run.workflow_id
        told = story(await fetch(client, name, run.run_id))
        own = [refund for refund in refunds if refund.of(name)]
        scores.append(Score(sample, told, len(wrong_refunds([(sample, name)], own))))
        if told.state != "completed":
            problems.append(f"{sample.label} did not complete: {told.state} {told.reason or ''}".rstrip())
    everyone = [(sample, name) for name, sample in course.parts.items()]
    return scores, problems + wrong_refunds(everyone, refunds)
