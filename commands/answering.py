"""`approve`, `deny`, `cancel` and `new-key`: what people say to runs."""

import argparse
import os
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

from temporalio.client import Client

from activities.approvers import new_key, signed_answer
from commands.asking import says_yes
from commands.failures import CommandError, Exit
from commands.sources import meant, status_by_query, status_from_history
from connection import Settings, connect
from contracts.approvals import Verdict
from contracts.receipts import Status, Waiting
from embedded.stack import Service, home
from operations.answering import send_answer
from operations.histories import fetch
from operations.lines import console_on, put
from operations.requests_shown import request_lines
from operations.wording import clock, dollars

__all__ = ["answer", "cancel", "make_key", "question_in"]


async def answer(options: argparse.Namespace, workflows: list[Any], verdict: Verdict) -> Exit:
    """Show what waits, sign the verdict and send it. Refusals come back with their reason."""
    key = key_of(options)
    client = await connect()
    workflow_id = await meant(client, options.run)
    waiting = question_in(await status_of(client, workflow_id, workflows), workflow_id)
    console = console_on(sys.stdout)
    details = waiting.details
    put(console, (0, f"{verdict.value} {details.get('action')} of {workflow_id}", "bold"))
    for line in request_lines(details.get("request") or {}, 2):
        put(console, line)
    worst = dollars(Decimal(details.get("worst_usd", 0)))
    put(console, (2, f"worst case {worst}, decided by {details.get('policy')}", ""))
    put(console, (2, f"requested by {details.get('requested_by')}, open until {clock(waiting.until)}", ""))
    if sys.stdin.isatty() and not options.yes and not says_yes(console, f"{verdict.value} it?"):
        raise CommandError(Exit.FAILED, "not answered; the run goes on waiting")
    try:
        signed = signed_answer(key, action=waiting.action or "", verdict=verdict)
    except ValueError as error:
        raise bad(str(error)) from None
    by = await send_answer(client, workflow_id, signed)
    put(console, (0, f"accepted, as {by}", "green"))
    return Exit.OK


async def status_of(client: Client, workflow_id: str, workflows: list[Any]) -> Status | None:
    """Raises HistoryError for a run that is not there."""
    state = await status_by_query(client, workflow_id)
    return state or await status_from_history(await fetch(client, workflow_id), workflows)


def question_in(state: Status | None, workflow_id: str) -> Waiting:
    """The one action that waits for a person."""
    for waiting in state.waiting if state is not None else []:
        if waiting.action is not None:
            return waiting
    where = f"it is at stage {state.stage}" if state is not None else "it has not started"
    raise CommandError(Exit.FAILED, f"{workflow_id}: nothing waits for an answer; {where}")


def key_of(options: argparse.Namespace) -> Path:
    """The approver's private key: --key, or NAME.key among the approvers'. Raises CommandError."""
    folder = Settings.of(os.environ).approvers
    if options.key is not None:
        key: Path = options.key
        if options.by and key.name != f"{options.by}.key":
            raise bad(f"{key} is not named {options.by}.key: a key's file is named for its owner")
    elif options.by:
        key = folder / f"{options.by}.key"
    else:
        keys = sorted(folder.glob("*.key"))
        if not keys:
            raise bad(f"no key is in {folder}; make one: python starter.py new-key NAME")
        if len(keys) > 1:
            raise bad(f"{len(keys)} keys are in {folder}: say whose with --by NAME, or --key FILE")
        key = keys[0]
    if not key.is_file():
        raise bad(f"{key}: no such key; `python starter.py new-key NAME` makes one")
    return key


def make_key(options: argparse.Namespace) -> Exit:
    """A key pair for an approver."""
    folder = Settings.of(os.environ).approvers
    try:
        private = new_key(folder, options.name)
    except ValueError as error:
        raise bad(str(error)) from None
    console = console_on(sys.stdout)
    put(console, (0, f"{private}", "bold"))
    put(console, (2, f"is the private key of {options.name}: move it to {options.name}'s own machine", ""))
    put(console, (2, "to try it here leave it where it is, then:", ""))
    put(console, (4, f"python starter.py approve ID --by {options.name}", ""))
    public = private.with_suffix(".pub")
    put(console, (2, f"{public} makes {options.name} an approver; deleting it ends that", ""))
    if folder != home() / "approvers" and folder == stack_approvers():
        # The worker of that stack reads this folder, so a key elsewhere could answer none of its runs.
        words = "this is for the demo that runs now only; for your own runs, when it has ended: "
        words += f"python starter.py new-key {options.name}"
        put(console, (2, words, "yellow"))
    return Exit.OK


def stack_approvers() -> Path | None:
    """The approvers' folder of the stack that runs for this checkout."""
    state = Service("payments", home()).running()
    return Path(state.facts["approvers"]) if state and "approvers" in state.facts else None


async def cancel(options: argparse.Namespace) -> Exit:
    """Ask a run to end: it takes its way out, which compensates and hands over."""
    client = await connect()
    name = await meant(client, options.run)
    handle = client.get_workflow_handle(name)
    over = (await handle.describe()).close_time
    if over is not None:
        raise CommandError(Exit.FAILED, f"{name} had ended already, at {clock(over)}")
    await handle.cancel()
    put(console_on(sys.stdout), (0, f"asked {name} to end; it takes its way out first", ""))
    return Exit.OK


def bad(line: str) -> CommandError:
    return CommandError(Exit.BAD_INPUT, line)
