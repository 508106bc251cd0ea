"""How many events of its history each thing that the kernel does can take, at most.

Counted from the commands that `scheduling`, `courses`, `parking`, `approvals`, `leases` and `case` make, and
from what the server writes of its own. Everything that happens is followed by one workflow task.
"""

from datetime import timedelta
from math import ceil

from contracts.leases import BOOKKEEPING
from contracts.sheet import FROM_MEMORY
from contracts.steps import StepPolicy

__all__ = ["BOOKKEEPING_TIME", "STRANGER", "TASK_TIMEOUT", "attempts", "frame", "patience", "read"]

# Unless a plan says otherwise. A worker killed in the middle of a workflow task is noticed after this long; a
# task takes milliseconds, and the replay of a short run, too.
TASK_TIMEOUT = timedelta(seconds=3)

# Scheduled, started, completed. The margin: a task that a dead worker's sticky queue did not take (2) and one
# that a worker died in (3); after that the server keeps failed tries to itself.
TASK = 3 + 2 + 3
SEARCH_ATTRIBUTES = 1
# Scheduled, started, its end, and that it was asked to stop.
ACTIVITY = 4
TIMER = 2
# Accepted and completed.
UPDATE = 2
STRANGER = UPDATE + TASK
"""What one signal or one refused repair adds, which no certificate counts."""

# The SDK answers the server when four fifths of a task's time are over, and goes on in another. Longer tasks
# mean fewer of these.
BEAT = TASK_TIMEOUT * 0.8


def patience(policy: StepPolicy) -> timedelta:
    """Every attempt at its timeout, and the longest waits between them."""
    waits = (min(policy.longest_wait, policy.first_wait * 2**number) for number in range(policy.attempts - 1))
    return policy.attempt_timeout * policy.attempts + sum(waits, timedelta(0))


BOOKKEEPING_TIME = patience(BOOKKEEPING)


def local_read(time: timedelta) -> int:
    """Its marker, and a workflow task for each beat of its time."""
    return 1 + TASK * (1 + ceil(time / BEAT))


def read(time: timedelta, *, local: bool) -> int:
    """A read that takes at most so long, all attempts included."""
    return local_read(time) if local else SEARCH_ATTRIBUTES + ACTIVITY + TASK


def attempts(number: int, repairs: int) -> int:
    """So many attempts with a wait after each, and so many times waiting for a person."""
    attempt = SEARCH_ATTRIBUTES + ACTIVITY + TASK
    wait = SEARCH_ATTRIBUTES + TIMER + TASK
    return number * (attempt + wait) + repairs * parked()


def parked() -> int:
    """Its timer and the repair, for which routes may be looked up."""
    return SEARCH_ATTRIBUTES + TIMER + TASK + UPDATE + TASK + local_read(patience(FROM_MEMORY))


def frame(questions: int) -> int:
    """What every run has: its start and end, its sheet, its lease (and another after a reset), its
    deadline's timer, a cancellation, and what a person is asked."""
    begun = 1 + TASK
    books = local_read(patience(FROM_MEMORY)) + 4 * local_read(BOOKKEEPING_TIME)
    ended = TIMER + TASK + 1 + TASK + SEARCH_ATTRIBUTES + 1
    question = SEARCH_ATTRIBUTES + TIMER + TASK + UPDATE + TASK
    return begun + books + ended + questions * question
