"""What runs for this checkout, and its end; `down`."""

import signal
import sys
from collections.abc import Iterator, Mapping, Set
from contextlib import contextmanager

from rich.console import Console

from commands.failures import CommandError, Exit
from embedded.stack import Service, home, stop_all
from operations.lines import put

__all__ = ["DRAIN_S", "down", "ended_in_order", "refuse_second_worker", "running"]

# What is under way when the worker is asked to stop may end: an attempt takes two minutes at most.
DRAIN_S = 135.0
PATIENCE_S = 10.0
# First who works, last what everything stands on.
ORDER = ("worker", "payments", "model", "temporal")


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
