"""`run`: start runs, all or none, and wait for them."""

import argparse
import asyncio
import json
import os
import sys
from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any

from temporalio.api.enums.v1 import TaskQueueType
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import DescribeTaskQueueRequest
from temporalio.client import Client

from activities.catalogue import load_catalogue
from activities.sheets import sheet_of
from commands.asking import Questions
from commands.builds import new_runs_words
from commands.failures import CommandError, Exit
from commands.inputs import Given, check_sender, given, left_out, workflow_named
from commands.results import as_json, print_results
from commands.services import keyless_worker, keys_missing
from commands.terms_options import terms_of
from commands.watching import Watched, board_on, going_on, watch
from connection import TASK_QUEUE, Settings, connect
from contracts.terms import Terms
from operations.builds import builds_at
from operations.histories import fetch
from operations.lines import console_on, put
from operations.starting import Started, check_terms, start
from operations.story import Story, story
from operations.wording import amount_text, clock, duration

__all__ = ["has_workers", "run", "stories_of"]

RPC_PATIENCE = timedelta(seconds=10)


async def run(options: argparse.Namespace, workflows: Sequence[Any]) -> Exit:
    """Check everything, then start everything, then wait."""
    workflow = workflow_named(options.workflow, workflows)
    check_sender(options.sender)
    arguments = given(workflow, options.inputs, options.sender, options.record)
    terms = checked_terms(options, workflow)
    if options.id and len(arguments) != 1:
        raise CommandError(Exit.BAD_INPUT, f"--id names one run, but there are {len(arguments)} inputs")
    for line in left_out(workflow, options.inputs):
        put(console_on(sys.stderr), (0, line, "yellow"))
    check_worker_key(terms.profile, options.workflow)
    runs: list[Watched] = []
    asked = 0
    try:
        client = await connect()
        for each in arguments:
            asked += 1
            runs.append(await begin(client, workflow, each, terms, options))
        return await follow(client, runs, options)
    except asyncio.CancelledError:
        raise CommandError(Exit.INTERRUPTED, left_by(runs, asked)) from None


def left_by(runs: Sequence[Watched], asked: int) -> str:
    """What is true after Ctrl-C, when so many were asked for and these are known to have begun."""
    if not asked:
        return "stopped; nothing was started"
    told = going_on(runs) if runs else "stopped"
    under_way = "; one start was under way: `python starter.py list` shows whether it was taken"
    return told if asked == len(runs) else told + under_way


def check_worker_key(profile: str, workflow: str) -> None:
    """Raise CommandError when the worker that will take the runs lacks the key; warn when nobody can know."""
    catalogue = load_catalogue(Settings.of(os.environ).models, os.environ)
    first = catalogue.routes_of(profile)[0].name
    missing = keyless_worker(os.environ)
    key = (keys_missing(os.environ) if missing is None else missing).get(first)
    if key is None:
        return
    if missing is None:
        words = f"profile {profile!r} needs {key}, which is not set here; the workers must have it"
        put(console_on(sys.stderr), (0, words, "yellow"))
        return
    steps = [f"profile {profile!r} needs {key}, and the worker was started without it; nothing was started"]
    steps.append(f"  end `dev`, then: {key}=... python starter.py dev")
    others = (name for name in catalogue.profiles if catalogue.routes_of(name)[0].name not in missing)
    if other := next(others, None):
        steps.append(f"  or: python starter.py run {workflow} INPUT --profile {other}")
    raise CommandError(Exit.BAD_INPUT, "\n".join(steps))


async def follow(client: Client, runs: Sequence[Watched], options: argparse.Namespace) -> Exit:
    """Wait for them, unless that is not wanted, and show what came of them."""
    if options.no_wait:
        if options.json:
            begun = [{"input": each.label, "workflow_id": each.workflow_id} for each in runs]
            sys.stdout.write(json.dumps(begun) + "\n")
        return Exit.OK
    console = console_on(sys.stderr, whole_lines=True)
    if not await has_workers(client):
        note = f"no worker takes tasks from {TASK_QUEUE!r}: the runs wait until one does (`python worker.py`)"
        put(console, (0, note, "yellow"))
    elif (found := await builds_at(client, TASK_QUEUE, count=False)).new_runs_wait:
        put(console, (0, new_runs_words(found), "yellow"))
    with board_on(console) as board:
        await watch(client, runs, board, details=Questions(board))
    return await report(client, runs, options)


def checked_terms(options: argparse.Namespace, workflow: Any) -> Terms:
    """Terms under which a run can begin. Raises CatalogueError, TermsRefused, CommandError."""
    catalogue = load_catalogue(Settings.of(os.environ).models, os.environ)
    profile = options.profile or catalogue.profiles[0]
    terms = terms_of(options, workflow.plan, profile)
    check_terms(workflow.plan, terms, sheet_of(workflow.plan.sheet_request(profile), catalogue, {}))
    return terms


async def begin(
    client: Client, workflow: Any, each: Given, terms: Terms, options: argparse.Namespace
) -> Watched:
    """Start one, or join the run that has the same input, and say which."""
    started = await start(
        client,
        workflow,
        each.argument,
        terms,
        task_queue=TASK_QUEUE,
        workflow_id=options.id,
        again=options.again,
    )
    console = console_on(sys.stderr)
    put(console, (0, f"{each.label}: {joined_text(started, terms, again=options.again)}", ""))
    for notice in each.notices:
        put(console, (0, f"{each.label}: {notice}", "yellow"))
    for where in each.again:
        put(console, (0, f"{where}: the same as {each.label}, so the same run", "dim"))
    return Watched(each.label, started.workflow_id, started.run_id)


def joined_text(started: Started, terms: Terms, *, again: bool) -> str:
    """Whether it was there before, under which other terms, and what would start it anew."""
    if not started.joined or started.began_at is None or started.terms is None:
        return f"started {started.workflow_id}"
    since = clock(started.began_at)
    began = f"which is still running, since {since}" if started.goes_on else f"which began {since}"
    text = f"joined {started.workflow_id}, {began}"
    other = ", ".join(differing(started.terms, terms))
    if other:
        text += f", under its own terms: {other}"
    if not started.goes_on:
        return text + " (--again starts anew)"
    if again or other:
        text += (
            "; --again starts anew only after it ended: wait, or "
            f"`python starter.py cancel {started.workflow_id}`"
        )
    return text


def differing(theirs: Terms, asked: Terms) -> Iterator[str]:
    """Each of a run's terms that is not as it was asked for now."""
    wanted = named(asked)
    for name, value in named(theirs).items():
        if value != wanted[name]:
            yield f"{name} {value} (asked: {wanted[name]})"


def named(terms: Terms) -> dict[str, str]:
    return {
        "cap": amount_text(terms.cap),
        "deadline": duration(terms.deadline.total_seconds()),
        "profile": terms.profile,
        "requested by": terms.requested_by,
        "parking": duration(terms.park.total_seconds()) if terms.park else "none",
    }


async def has_workers(client: Client) -> bool:
    """Whether anybody took tasks from the workflows' queue in the last minutes."""
    described = await client.workflow_service.describe_task_queue(
        DescribeTaskQueueRequest(
            namespace=client.namespace,
            task_queue=TaskQueue(name=TASK_QUEUE),
            task_queue_type=TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW,
        ),
        timeout=RPC_PATIENCE,
    )
    return bool(described.pollers)


async def stories_of(client: Client, runs: Sequence[Watched]) -> list[tuple[str, Story]]:
    """Each run's story, with its label."""
    return [(each.label, story(await fetch(client, each.workflow_id, each.run_id or None))) for each in runs]


async def report(client: Client, runs: Sequence[Watched], options: argparse.Namespace) -> Exit:
    """Show what came of them. Every run that returned a result is well, wherever its path led."""
    stories = await stories_of(client, runs)
    if options.json:
        sys.stdout.write(json.dumps([as_json(label, told) for label, told in stories], indent=1) + "\n")
    else:
        print_results(stories, console_on(sys.stdout))
    return Exit.OK if all(told.state == "completed" for _, told in stories) else Exit.FAILED
