"""A batch of tickets whose worker is killed again and again, and what the books say afterwards.

python -m tests.chaos.killed_workers --seed 7 --kills 10 --tickets 20
"""

import argparse
import asyncio
import itertools
import os
import random
import signal
import sys
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from temporalio.api.enums.v1 import EventType
from temporalio.client import WorkflowHandle, WorkflowHistory

from connection import TASK_QUEUE
from contracts.resolutions import Path as Way
from contracts.resolutions import Resolution
from embedded.stack import CHECKOUT, stop_all
from embedded.temporal_server import ensure_temporal
from operations.certificates import exceeded
from operations.story import Story, story
from operations.story_items import Booked
from process import run
from tests.workflows.world import TRUTH, World, models_toml, reads_by_truth, sample
from worker import WORKFLOWS

__all__ = ["Batch", "kill_through", "worker"]

# Long enough for a kill to fall into a call, short enough for many calls to end between two kills.
LATENCY_S = 0.7
# A run of two calls is open for longer, so every kill falls into one.
TWO_CALLS_S = 2 * LATENCY_S
# A worker imports for two seconds on an idle machine; two busy cores take longer.
WORKER_PATIENCE_S = 60.0
ENDS_WITHIN_S = 240.0

Handle = WorkflowHandle[Any, Resolution]

MOVES = (EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED, EventType.EVENT_TYPE_ACTIVITY_TASK_STARTED)


@dataclass(frozen=True)
class Batch:
    """What is left when every run has ended."""

    seed: int
    stories: list[Story]
    requests: list[str]
    """The attempt id of each request, as the provider saw them."""
    refunds: list[str]
    """The key of each refund that was paid and not taken back, as the payment service saw them."""
    kills: int
    """How many fell into open runs."""
    gaps_s: list[float]
    """For each kill and each run that was open then, until a worker took it further."""
    exceeded: list[str]
    """In which measures a run came to more than its certificate."""

    def quantile(self, share: float) -> float:
        """Of the gaps, in seconds."""
        ordered = sorted(self.gaps_s)
        return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else 0.0


async def kill_through(world: World, temporal: str, *, tickets: int, kills: int, seed: int) -> Batch:
    """Start tickets a few at a time; after each few kill the worker at a random moment, and start another."""
    chance = random.Random(seed)
    world.task_queue = TASK_QUEUE
    world.provider.latency_s, world.provider.default = LATENCY_S, reads_by_truth
    world.settings.models.write_text(models_toml(world.profile, world.provider.address, slots=tickets))
    handles: list[Handle] = []
    moments: list[datetime] = []
    names = without_approval()
    for turn in range(kills):
        async with worker(world, temporal) as process:
            for _ in range(tickets * (turn + 1) // kills - len(handles)):
                handles.append(await world.start(sample(names[len(handles) % len(names)])))
            await asyncio.sleep(chance.uniform(0.05, TWO_CALLS_S))
            moments.append(datetime.now(UTC))
            os.killpg(process.pid, signal.SIGKILL)
    async with worker(world, temporal):
        async with asyncio.timeout(ENDS_WITHIN_S):
            await asyncio.gather(*(handle.result() for handle in handles))
    histories = [await handle.fetch_history() for handle in handles]
    windows = [*zip(moments, [*moments[1:], datetime.max.replace(tzinfo=UTC)], strict=True)]
    gaps = [
        gap for window in windows for history in histories if (gap := gap_in(window, history)) is not None
    ]
    return Batch(
        seed=seed,
        stories=[story(history) for history in histories],
        requests=[entry.request_id for entry in world.provider.entries],
        refunds=[refund.key for refund, voided in world.payments.book.refunds() if not voided],
        kills=sum(any(was_open(moment, history) for history in histories) for moment in moments),
        gaps_s=gaps,
        exceeded=[line for history in histories for line in exceeded(history, WORKFLOWS)],
    )


def without_approval() -> list[str]:
    """Samples that ask nobody, refunds first: every other one takes two calls, so it is open for a while."""
    asked = [name for name, truth in TRUTH.items() if "approval" not in truth]
    one_call = [name for name in asked if TRUTH[name]["path"] == Way.HANDED_OVER]
    two_calls = sorted(set(asked) - set(one_call), key=lambda name: (TRUTH[name]["refund"] is None, name))
    return [name for pair in zip(two_calls, itertools.cycle(one_call), strict=False) for name in pair]


@asynccontextmanager
async def worker(
    world: World, temporal: str, checkout: Path = CHECKOUT
) -> AsyncIterator[asyncio.subprocess.Process]:
    """worker.py as a process of its own group, ready; killed at the end if nobody did it before."""
    environment = {
        **os.environ,
        "TEMPORAL_ADDRESS": temporal,
        "TENUTO_HOME": str(world.folder),
        "TENUTO_MODELS": str(world.settings.models),
        "TENUTO_PAYMENTS_URL": world.payments.url,
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        str(checkout / "worker.py"),
        env=environment,
        stderr=asyncio.subprocess.PIPE,
        start_new_session=True,
    )
    assert process.stderr is not None
    drained = None
    try:
        async with asyncio.timeout(WORKER_PATIENCE_S):
            while b"working on" not in (line := await process.stderr.readline()):
                assert line, "the worker ended before it worked"
        drained = asyncio.create_task(process.stderr.read())
        yield process
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()
        if drained is not None:
            await drained


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


def wrongs(batch: Batch) -> list[str]:
    """Everything that must not be, as a line each; empty when the books agree."""
    found = [f"{told.workflow_id} is {told.state}" for told in batch.stories if told.state != "completed"]
    found += batch.exceeded
    attempts = [each for told in batch.stories for each in told.attempts if each.route is not None]
    booked, sent = Counter(each.attempt_id for each in attempts), Counter(batch.requests)
    found += [f"request {name} is in {booked[name]} ledgers" for name in sent if booked[name] != 1]
    found += [f"attempt {name} was sent {times} times" for name, times in sent.items() if times > 1]
    found += [
        f"attempt {each.attempt_id} sent nothing, but is booked as {each.cost}"
        for each in attempts
        if each.attempt_id not in sent and each.cost not in (Booked.UNKNOWN, Booked.NONE)
    ]
    paid = {told.workflow_id for told in batch.stories if (told.result or {}).get("refunded")}
    refunds = Counter(key.partition("/issue_refund/")[0] for key in batch.refunds)
    found += [f"{name} has {refunds[name]} refunds" for name in paid if refunds[name] != 1]
    return found + [f"{name} has a refund that its result does not know" for name in refunds.keys() - paid]


def report(batch: Batch) -> Sequence[str]:
    """For a person."""
    attempts = [each for told in batch.stories for each in told.attempts if each.route is not None]
    unsent = [each for each in attempts if each.attempt_id not in batch.requests]
    lost = sum(each.cost is Booked.UNKNOWN for each in attempts)
    return [
        f"seed {batch.seed}: {len(batch.stories)} runs ended, {batch.kills} kills fell into open runs",
        f"{len(batch.requests)} requests, {len(attempts)} attempts: {lost} booked unknown, "
        f"{len(unsent)} without a request",
        f"{len(batch.refunds)} refunds, each once",
        f"moved again after {batch.quantile(0.5):.1f} s (median), {batch.quantile(0.95):.1f} s (95 of 100), "
        f"{max(batch.gaps_s, default=0):.1f} s (longest), of {len(batch.gaps_s)} interrupted runs",
    ]


async def main(seed: int, kills: int, tickets: int) -> int:
    """Run one batch on a server of its own."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        temporal = ensure_temporal(folder).address
        try:
            async with World.opened(temporal, folder) as world:
                batch = await kill_through(world, temporal, tickets=tickets, kills=kills, seed=seed)
        finally:
            stop_all(folder)
    found = wrongs(batch)
    sys.stdout.write("\n".join([*report(batch), *(found or ["the books agree"])]) + "\n")
    return 1 if found else 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="tests.chaos.killed_workers")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--tickets", type=int, default=20)
    given = parser.parse_args()
    run(main(given.seed, given.kills, given.tickets))
