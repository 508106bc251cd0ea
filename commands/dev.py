"""`dev`: a whole stack on this machine in the foreground, until Ctrl-C or `down`."""

import asyncio
import os
import signal
import sys
import time
from collections.abc import Sequence
from typing import Any

from rich.console import Console

from commands.failures import CommandError, Exit
from commands.first_runs import first_runs
from commands.leftovers import end_leftovers
from commands.listing import STORIES
from commands.services import (
    catalogue_here,
    check_key,
    needed_model,
    payments_service,
    samples_in,
    worker_service,
)
from commands.stack import DRAIN_S, ended_in_order, refuse_second_worker, running
from connection import connect
from embedded.stack import Service, State, home
from embedded.temporal_server import TemporalServer, ensure_temporal
from operations.lines import console_on, put
from operations.wording import counted

__all__ = ["dev"]

# A worker that ends so often has a reason that no start removes.
STARTED_AGAIN = 3


def dev(workflows: Sequence[Any]) -> Exit:
    """Start what is not running and say where it is; at its end, which is Ctrl-C, end what was started."""
    folder = home()
    console = console_on(sys.stdout)
    refuse_second_worker()
    profile = catalogue_here(os.environ).profiles[0]
    check_key(profile, os.environ)
    before = running()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    worker = worker_service(folder, drain_s=DRAIN_S)
    with ended_in_order(before, console):
        temporal = ensure_temporal(folder)
        os.environ["TEMPORAL_ADDRESS"] = temporal.address
        put(console, (0, f"Temporal   {temporal.address}   UI {temporal.ui or 'of your server'}", ""))
        samples_in(folder)
        payments = payments_service(folder, folder).ensure()
        put(console, (0, f"payments   {payments.facts['url']}", ""))
        model = needed_model(folder, profile, os.environ)
        if model is not None:
            put(console, (0, f"model      {model.model} at {model.address}", ""))
        asyncio.run(open_runs(console, temporal))
        state = worker.ensure()
        put(console, (0, f"worker     log {worker.log}", ""))
        put(console, (0, "ready: start a run in another terminal, for example", "bold"))
        for line in first_runs(workflows):
            put(console, (2, line, ""))
        put(console, (0, "Ctrl-C ends all of it, the worker first; once more ends it at once", "dim"))
        if keep_working(worker, state, console):
            words = "ended from elsewhere: `python starter.py down` or `make stop`; what is left ends now"
            put(console, (0, words, "bold"))
            return Exit.OK
    raise CommandError(Exit.FAILED, f"the worker ended; its log is {worker.log}")


async def open_runs(console: Console, temporal: TemporalServer) -> None:
    """Say how many runs a worker will go on with; those of an interrupted demo are ended before it starts."""
    client = await connect()
    ended = await end_leftovers(client, temporal, console)
    listed = client.list_workflows(f"{STORIES} AND ExecutionStatus = 'Running'")
    number = len([run async for run in listed if run.run_id not in ended])
    if number:
        words = f"it goes on with {counted(number, 'open run')}: python starter.py list --state running"
        put(console, (0, words, "yellow"))


def keep_working(worker: Service, state: State, console: Console) -> bool:
    """Start it again when it was killed or failed; return when it will not live, or was asked to end.

    True when another command ended it, however.
    """
    for number in range(STARTED_AGAIN + 1):
        while worker.running() is not None:
            time.sleep(1.0)
        if worker.forgotten():
            return True
        code = worker.end_of(state)
        if not code:
            return False
        how = f"was killed by signal {-code}" if code < 0 else f"ended with exit code {code}"
        if number == STARTED_AGAIN:
            put(console, (0, f"the worker {how} once more", "bold red"))
            return False
        put(
            console,
            (0, f"the worker {how}; it is started again ({number + 1} of {STARTED_AGAIN})", "bold red"),
        )
        state = worker.ensure()
        put(console, (0, "the worker works again; the runs go on where they were", "bold green"))
    return False
