"""What ledgers and provider say of runs whose worker was killed, held against each other."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from temporalio.api.enums.v1 import EventType
from temporalio.client import WorkflowHistory

from operations.certificates import exceeded
from operations.histories import fetch
from operations.story import Story, story
from operations.story_items import AttemptMade, Booked
from tests.chaos.killing import Handle, Kill
from tests.fault_server import Entry
from tests.workflows.world import World
from worker import WORKFLOWS

__all__ = ["Batch", "batch_of", "report", "wrongs"]

MOVES = (EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED, EventType.EVENT_TYPE_ACTIVITY_TASK_STARTED)
# The provider's journal notes times to this.
TICK = timedelta(milliseconds=1)


@dataclass(frozen=True)
class Batch:
    """What is left when every run has ended."""

    seed: int
    stories: list[Story]
    entries: list[Entry]
    """Each request, as the provider saw it."""
    kills: list[Kill]
    """Those that fell into open runs."""
    gaps_s: list[float]
    """For each kill and each run that was open then, until a worker took it further."""
    exceeded: list[str]
    """In which measures a run came to more than its certificate."""

    @property
    def attempts(self) -> list[AttemptMade]:
        """Of model tasks, in every ledger."""
        return [each for told in self.stories for each in told.attempts if each.route is not None]

    @property
    def in_flight(self) -> list[Entry]:
        """Requests that were sent before a kill, and not answered before the worker was dead."""
        return [entry for entry in self.entries if any(was_in_flight(entry, kill) for kill in self.kills)]

    def quantile(self, share: float) -> float:
        """Of the gaps, in seconds."""
        ordered = sorted(self.gaps_s)
        return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else 0.0


async def batch_of(world: World, seed: int, handles: Sequence[Handle], killed: Sequence[Kill]) -> Batch:
    """Everything that is left, in one value."""
    histories = [await fetch(world.client, handle.id) for handle in handles]
    ends = [*(kill.before for kill in killed[1:]), datetime.max.replace(tzinfo=UTC)]
    windows = [(kill.before, end) for kill, end in zip(killed, ends, strict=True)]
    gaps = [
        gap for window in windows for history in histories if (gap := gap_in(window, history)) is not None
    ]
    return Batch(
        seed=seed,
        stories=[story(history) for history in histories],
        entries=list(world.provider.entries),
        kills=[kill for kill in killed if any(was_open(kill.before, history) for history in histories)],
        gaps_s=gaps,
        exceeded=[line for history in histories for line in exceeded(history, WORKFLOWS)],
    )


def gap_in(window: tuple[datetime, datetime], history: WorkflowHistory) -> float | None:
    """How long a run that was under way at a kill stood still after it.

    None if it was not under way, or if the next kill came before it moved: then it counts there.
    """
    killed, killed_again = window
    times = [(event.event_type, event.event_time.ToDatetime(UTC)) for event in history.events]
    if not was_open(killed, history):
        return None
    moved = next(at for kind, at in times if kind in MOVES and at > killed)
    return (moved - killed).total_seconds() if moved < killed_again else None


def was_open(moment: datetime, history: WorkflowHistory) -> bool:
    """Whether the run had begun and not ended."""
    first, last = (event.event_time.ToDatetime(UTC) for event in (history.events[0], history.events[-1]))
    return first < moment < last


def was_in_flight(entry: Entry, kill: Kill) -> bool:
    sent = datetime.fromisoformat(entry.at) + TICK <= kill.before
    return sent and (not entry.settled_at or datetime.fromisoformat(entry.settled_at) > kill.after)


def wrongs(batch: Batch) -> list[str]:
    """Everything that must not be of runs and calls, as a line each; empty when the books agree."""
    found = [f"{told.workflow_id} is {told.state}" for told in batch.stories if told.state != "completed"]
    return [*found, *batch.exceeded, *of_calls(batch), *repeated(batch)]


def of_calls(batch: Batch) -> Iterator[str]:
    attempts, sent = batch.attempts, Counter(entry.request_id for entry in batch.entries)
    booked = Counter(each.attempt_id for each in attempts)
    yield from (f"request {name} is in {booked[name]} ledgers" for name in sent if booked[name] != 1)
    yield from (f"attempt {name} was sent {times} times" for name, times in sent.items() if times > 1)
    for each in attempts:
        if each.attempt_id not in sent and each.cost not in (Booked.UNKNOWN, Booked.NONE):
            yield f"attempt {each.attempt_id} sent nothing, but is booked as {each.cost}"
    cost_of = {each.attempt_id: each.cost for each in attempts}
    for name in (entry.request_id for entry in batch.in_flight):
        if cost_of.get(name) is not Booked.UNKNOWN:
            yield f"request {name} was in flight at a kill, and is booked as {cost_of.get(name)}"


def repeated(batch: Batch) -> Iterator[str]:
    """Calls that were made although their step had its reply."""
    for told in batch.stories:
        answered = set[str]()
        for each in told.attempts:
            step = each.attempt_id.partition(".")[0]
            if step in answered:
                yield f"step {step} of {told.workflow_id} had its reply before attempt {each.attempt_id}"
            if each.outcome == "succeeded":
                answered.add(step)


def report(batch: Batch) -> list[str]:
    """For a person."""
    sent = {entry.request_id for entry in batch.entries}
    lost = sum(each.cost is Booked.UNKNOWN for each in batch.attempts)
    unsent = sum(each.attempt_id not in sent for each in batch.attempts)
    return [
        f"seed {batch.seed}: {len(batch.stories)} runs ended, {len(batch.kills)} kills fell into open runs",
        f"{len(sent)} requests, {len(batch.attempts)} attempts: {lost} booked unknown, of which "
        f"{len(batch.in_flight)} were surely in flight at a kill; {unsent} without a request",
        f"moved again after {batch.quantile(0.5):.1f} s (median), {batch.quantile(0.95):.1f} s (95 of 100), "
        f"{max(batch.gaps_s, default=0):.1f} s (longest), of {len(batch.gaps_s)} interrupted runs",
    ]
