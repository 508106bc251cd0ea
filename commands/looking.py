"""`status` and `explain`: what is known of runs, changing nothing."""

import argparse
import json
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from commands.asking import ways_to_answer
from commands.builds import START_IT
from commands.explain_page import write_story_page
from commands.failures import Exit
from commands.sources import Found, history_of, pending_trail, status_by_query, status_from_history
from contracts.receipts import Status
from operations.builds import Build, build_of
from operations.code_version import build_id
from operations.decision_rows import tables_of
from operations.explaining import explain as print_story
from operations.lines import console_on, put
from operations.queueing import queued_in, with_queue
from operations.statuses import print_status
from operations.story import Story, story
from operations.verification import Verification, finding_as_json, verify
from operations.verification_lines import verification_lines

__all__ = ["explain", "print_verification", "status"]


NO_WORKER = "from the history: no worker answers"


async def status(options: argparse.Namespace, workflows: Sequence[Any]) -> Exit:
    """Where a run is: told by a worker, or recomputed from its history."""
    found = await history_of(options.run)
    told = story(found.history)
    build = await pinned_to(found, told)
    state, source = await status_of(found, told, list(workflows), build)
    if options.json:
        content = state.model_dump(mode="json") if state is not None else None
        outcome = {
            "workflow_id": told.workflow_id,
            "state": told.state,
            "status": content,
            "build": None if build is None else build.id,
        }
        sys.stdout.write(json.dumps(outcome, indent=1) + "\n")
        return Exit.OK
    console = console_on(sys.stdout)
    put(console, (0, f"{told.workflow_id}: {told.state} ({source})", "bold"))
    if state is not None:
        print_status(state, console)
        if found.client is not None:
            for way in dict.fromkeys(way for _, way in ways_to_answer(told.workflow_id, state)):
                put(console, (2, way, "bold"))
    elif told.state == "not started":
        put(console, (2, "no worker has completed a task of it; start one with `python worker.py`", "yellow"))
    if build is not None and source == NO_WORKER:
        here = build_id()
        put(console, (2, f"waits for build {build}, of which no worker answers; {START_IT}", "bold yellow"))
        if build.id != here:
            put(console, (2, f"this checkout is build {here}; `explain` needs no code", "dim"))
    if told.reason is not None:
        put(console, (2, told.reason, "red"))
    for what in told.about_to:
        put(console, (2, f"about to {what}", "cyan"))
    return Exit.OK


async def pinned_to(found: Found, told: Story) -> Build | None:
    """The build that an open run waits for, or is worked on by."""
    if found.client is None or told.state not in ("running", "not started"):
        return None
    handle = found.client.get_workflow_handle(told.workflow_id, run_id=told.run_id)
    return build_of(await handle.describe())


async def status_of(
    found: Found, told: Story, workflows: list[Any], build: Build | None
) -> tuple[Status | None, str]:
    """What is known of where it is, and from whom. Another build's run is not recomputed by this code."""
    state, source = None, "from the history"
    if found.client is not None:
        state = await status_by_query(found.client, told.workflow_id)
        source = "told by a worker" if state is not None else NO_WORKER
    if state is None and (build is None or build.id == build_id()):
        state = await status_from_history(found.history, workflows)
    if state is not None and found.client is not None and told.state == "running":
        handle = found.client.get_workflow_handle(told.workflow_id, run_id=told.run_id)
        state = with_queue(state, queued_in(await handle.describe()))
    return state, source


async def explain(options: argparse.Namespace, workflows: Sequence[Any]) -> Exit:
    """A run's story, and with --verify whether it can be proven again."""
    found = await history_of(options.run)
    history = found.history
    told = story(history)
    if told.state == "running":
        told = story(history, await pending_trail(history, list(workflows)))
    verified = None
    if options.verify and told.state != "not started":
        verified = await verify(history, list(workflows))
    if options.json:
        content = told.model_dump(mode="json") | {"redacted": found.redacted or None}
        if verified is not None:
            findings = [finding_as_json(each) for each in verified.findings]
            content["verification"] = {"holds": verified.holds, "findings": findings}
        sys.stdout.write(json.dumps(content, indent=1) + "\n")
    elif options.html is not None:
        await write_story_page(options.html, found, told, workflows, verified)
    else:
        console = console_on(sys.stdout)
        if found.redacted:
            put(console, (0, f"redacted: {found.redacted}", "yellow"))
        now = datetime.now(UTC) if found.client is not None else None
        print_story(told, tables_of(list(workflows)), console, now=now)
        if verified is not None:
            print_verification(verified, console)
            if told.pending:
                put(console, (2, "what is not in the trail yet was not compared with anything", "yellow"))
    return Exit.OK if verified is None or verified.holds else Exit.FOUND


def print_verification(verified: Verification, console: Any) -> None:
    """Whether trail, events and code agree, and where they do not."""
    for line in verification_lines(verified):
        put(console, line)
