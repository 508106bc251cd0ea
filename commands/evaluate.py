"""`evaluate`: every sample of a workflow through the model, held against what is true of it."""

import argparse
import asyncio
import os
import sys
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from typing import Any

from rich.console import Console

from activities.approvers import new_key
from commands.demo_play import Course, patience_for, play
from commands.evaluate_documents import DOCUMENTS
from commands.evaluate_tickets import TICKETS
from commands.evaluation import Evaluated, Job, SamplePart
from commands.failures import CommandError, Exit
from commands.leftovers import end_leftovers
from commands.many_runs import many_runs
from commands.sample_stack import DRAIN_S, Setting, agree_to_cost, set_up
from commands.services import catalogue_here, check_key, worker_service
from commands.stack import ended_in_order, refuse_second_worker, running
from commands.watching import board_on
from connection import connect
from contracts.terms import Terms
from embedded.stack import home
from operations.lines import console_on, put

__all__ = ["JOBS", "chosen", "evaluate"]

JOBS: Mapping[str, Job[Any]] = {each.workflow.plan.name: each for each in (TICKETS, DOCUMENTS)}


def evaluate(options: argparse.Namespace) -> Exit:
    """Run it; FAILED for what must not happen, and for a run that did not end well."""
    job = job_named(options.workflow)
    parts = chosen(options.only, job.samples(), job.folder)
    console = console_on(sys.stderr if options.json else sys.stdout)
    profile = options.profile or catalogue_here(os.environ).profiles[0]
    check_key(profile, os.environ)
    agree_to_cost(profile, job.workflow.plan, len(parts), job.what, console, agreed=options.yes)
    refuse_second_worker()
    before = running()
    with ExitStack() as stack:
        stack.enter_context(ended_in_order(before, console, DRAIN_S))
        setting = set_up("evaluate", profile, console)
        found = asyncio.run(perform(job, setting, parts, profile, console))
    if options.json:
        sys.stdout.write(found.as_text(profile) + "\n")
    else:
        found.show(console)
    return Exit.FAILED if found.problems else Exit.OK


def job_named(name: str) -> Job[Any]:
    """Raises CommandError that names those that have samples."""
    if name in JOBS:
        return JOBS[name]
    raise CommandError(Exit.BAD_INPUT, f"no samples of {name!r}; known: {', '.join(JOBS)}")


def chosen(only: Sequence[str] | None, known: Mapping[str, SamplePart], folder: str) -> list[Any]:
    """All samples, or those of these groups and files, or the `shown` or `held-out` ones.

    Raises CommandError for a name that is none of these.
    """
    if not only:
        return list(known.values())
    names = {label: each.names for label, each in known.items()}
    for wanted in only:
        if not any(wanted in each for each in names.values()):
            words = sorted(set().union(*names.values()) - set(known) - {"shown", "held-out"})
            groups = ", ".join(each for each in words if "." not in each)
            line = f"--only {wanted!r}: no such sample; shown, held-out, a file of {folder}, or {groups}"
            raise CommandError(Exit.BAD_INPUT, line)
    return [each for label, each in known.items() if names[label] & set(only)]


async def perform(
    job: Job[Any], setting: Setting, parts: Sequence[Any], profile: str, console: Console
) -> Evaluated:
    """Run all of them at once, answer what they ask, and have the job judge what came of it."""
    job.prepare(parts)
    client = await connect()
    await end_leftovers(client, setting.temporal, console)
    key = new_key(setting.folder / "approvers", "evaluate-approver")
    plan = job.workflow.plan
    terms = Terms(
        tenant=setting.tenant, requested_by="evaluate", cap=plan.cap, deadline=plan.deadline, profile=profile
    )
    timeouts = (route.timeout for route in catalogue_here(os.environ).routes_of(profile))
    each_s = job.slower * patience_for(timeouts)
    with board_on(console, picture=many_runs) as board:
        course = Course[Any](client, worker_service(home(), drain_s=DRAIN_S), key, board, each_s=each_s)
        try:
            await play(course, job.workflow, parts, terms, kill=False)
        except TimeoutError:
            put(console, (0, "the runs take too long; this is where they are", "bold red"))
    return await job.judged(course, setting, terms)
