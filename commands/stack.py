"""`dev` and `down`: a whole stack on this machine, and its end."""

import os
import signal
import sys
import time
from collections.abc import Iterator, Mapping, Set
from contextlib import contextmanager
from typing import NoReturn

from rich.console import Console

from commands.failures import CommandError, Exit
from commands.services import (
    catalogue_here,
    check_key,
    needed_model,
    payments_service,
    samples_in,
    worker_service,
)
from embedded.stack import Service, State, home, stop_all
from embedded.temporal_server import ensure_temporal
from operations.lines import console_on, put

__all__ = ["dev", "down", "ended_in_order", "refuse_second_worker", "running"]

# What is under way when the worker is asked to stop may end: an attempt takes two minutes at most.
DRAIN_S = 135.0
PATIENCE_S = 10.0
# A worker that ends so often has a reason that no start removes.
STARTED_AGAIN = 3
# First who works, last what everything stands on.
ORDER = ("worker", "payments", "model", "temporal")


def dev() -> NoReturn:
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
        state = worker.ensure()
        put(console, (0, f"worker     log {worker.log}", ""))
        example = "python starter.py run resolve-ticket samples/tickets/01-broken-mugs.eml"
        put(console, (0, f"ready: {example}", "bold"))
        put(console, (0, "Ctrl-C ends all of it, the worker first; once more ends it at once", "dim"))
        keep_working(worker, state, console)
    raise CommandError(Exit.FAILED, f"the worker ended; its log is {worker.log}")


def keep_working(worker: Service, state: State, console: Console) -> None:
    """Start it again when it was killed or failed; return when it was asked to end, or will not live."""
    for number in range(STARTED_AGAIN + 1):
        while worker.running() is not None:
            time.sleep(1.0)
        code = worker.end_of(state)
        if not code:
            return
        how = f"was killed by signal {-code}" if code < 0 else f"ended with exit code {code}"
        if number == STARTED_AGAIN:
            put(console, (0, f"the worker {how} once more", "bold red"))
            return
        put(
            console,
            (0, f"the worker {how}; it is started again ({number + 1} of {STARTED_AGAIN})", "bold red"),
        )
        state = worker.ensure()
        put(console, (0, "the worker works again; the runs go on where they were", "bold green"))


def down() -> Exit:
    """End every server and worker that was started for this checkout."""
    folder = home()
    ended = [name for name in ORDER if Service(name, folder, stop_timeout=DRAIN_S).stop()]
    ended += stop_all(folder)
    sys.stdout.write(f"ended: {', '.join(ended)}\n" if ended else "nothing was running\n")
    return Exit.OK


def running() -> set[str]:
    """The services of this home folder that run."""
    folder = home()
    return {name for name in ORDER if Service(name, folder).running() is not None}


def refuse_second_worker() -> None:
    """Two stacks of one checkout would take each other's tasks. Raises CommandError."""
    there = [name for name in ORDER if name in running()]
    if "worker" in there or "payments" in there:
        line = f"a stack of this checkout runs already: {', '.join(there)}"
        raise CommandError(Exit.FAILED, f"{line}; `python starter.py down` ends it")


@contextmanager
def ended_in_order(kept: Set[str], console: Console, drain_s: float = DRAIN_S) -> Iterator[None]:
    """At the end of the block stop what was not there before it, the worker first.

    Ctrl-C meanwhile ends at once what is left, and nothing interrupts that.
    """
    try:
        yield
    finally:
        left = [name for name in ORDER if name not in kept]
        try:
            if "worker" in running() - set(kept) and drain_s > PATIENCE_S:
                put(console, (0, "ending; the worker may finish what is under way", "dim"))
            end(left, console, {"worker": drain_s})
        except KeyboardInterrupt:
            before = signal.signal(signal.SIGINT, signal.SIG_IGN)
            end(left, console, dict.fromkeys(ORDER, 0.0))
            signal.signal(signal.SIGINT, before)
            raise


def end(left: list[str], console: Console, patience: Mapping[str, float]) -> None:
    """Stop them in order; each that has ended is taken off the list."""
    while left:
        name = left[0]
        if Service(name, home(), stop_timeout=patience.get(name, PATIENCE_S)).stop():
            put(console, (0, f"ended {name}", "dim"))
        del left[0]
