"""Many recorded runs against the current code, on as many cores as there are."""

import asyncio
import atexit
import multiprocessing
import os
import signal
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from temporalio.api.history.v1 import History
from temporalio.client import WorkflowHistory
from temporalio.workflow import _Definition

from operations.coverage import Mark, marks_in
from operations.histories import HistoryError, load, workflow_type
from operations.recomputing import Recompute, recomputing
from operations.sandbox import sandbox
from operations.verification import Finding, Verification, verified

__all__ = ["Recorded", "Replayed", "only_thread", "processes_for", "replayed"]

# A process needs up to a second to begin and a replay some milliseconds.
WORTH_A_PROCESS = 60
CHUNK = 12
# What a value raises that no run can have recorded: no JSON, no UTF-8, or JSON of another shape.
OF_NO_RUN = (ValueError, LookupError, TypeError, AttributeError)


@dataclass(frozen=True)
class Recorded:
    """A run to be replayed: in a file, or as fetched from a server."""

    label: str
    file: Path | None = None
    workflow_id: str = ""
    history: bytes = b""

    @classmethod
    def fetched(cls, history: WorkflowHistory) -> "Recorded":
        content = History(events=history.events).SerializeToString()
        return cls(history.workflow_id, None, history.workflow_id, content)

    def read(self) -> WorkflowHistory:
        """Raises HistoryError."""
        if self.file is not None:
            return load(self.file)
        return WorkflowHistory(self.workflow_id, list(History.FromString(self.history).events))


@dataclass(frozen=True)
class Replayed:
    """What came of one."""

    label: str
    verification: Verification
    reached: frozenset[Mark]


def processes_for(histories: int) -> int:
    """One a core where that pays."""
    return max(1, min(os.cpu_count() or 1, histories // WORTH_A_PROCESS + 1))


async def replayed(
    runs: AsyncIterator[Recorded],
    workflows: Sequence[Any],
    processes: int,
    prepare: Callable[[], object] = int,
) -> AsyncIterator[Replayed]:
    """Each in turn, whichever process replays it, this one or another. What cannot be read is a finding.

    Every further process calls `prepare`, a function of some module, before its first replay.
    """
    if processes == 1:
        async with recomputing(workflows) as recompute:
            async for run in runs:
                yield await replayed_one(run, recompute)
        return
    others = processes - 1
    for each in workflows:
        # Whatever a fork finds done it need not do.
        sandbox().prepare_workflow(_Definition.must_from_class(each))
    start = multiprocessing.get_context("fork" if only_thread() else "spawn")
    under_way = deque[asyncio.Future[list[Replayed]]]()
    loop = asyncio.get_running_loop()
    with ProcessPoolExecutor(others, start, begin, (prepare,)) as pool:
        pool.submit(int)  # forks them before the SDK makes threads, which a fork would take over dead
        async with recomputing(workflows) as recompute:
            async for chunk in chunks(runs):
                if sum(not each.done() for each in under_way) < 2 * others:
                    under_way.append(loop.run_in_executor(pool, replay_chunk, chunk, list(workflows)))
                else:
                    # The others have enough to do, or are still beginning.
                    here: asyncio.Future[list[Replayed]] = loop.create_future()
                    here.set_result([await replayed_one(run, recompute) for run in chunk])
                    under_way.append(here)
                while under_way and under_way[0].done():
                    for each in under_way.popleft().result():
                        yield each
        while under_way:
            for each in await under_way.popleft():
                yield each


def only_thread() -> bool:
    """Whether this process has no thread but this one, of whatever language: told on Linux only."""
    threads = Path("/proc/self/task")
    return threads.exists() and len(list(threads.iterdir())) == 1


async def chunks(runs: AsyncIterator[Recorded]) -> AsyncIterator[list[Recorded]]:
    """So many at a time that handing them over costs nothing beside replaying them."""
    chunk: list[Recorded] = []
    async for run in runs:
        chunk.append(run)
        if len(chunk) == CHUNK:
            yield chunk
            chunk = []
    if chunk:
        yield chunk


def begin(prepare: Callable[[], object]) -> None:
    """In a process of the pool: signals are the parent's, and the SDK may crash an interpreter that ends."""
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    prepare()
    atexit.register(os._exit, 0)


def replay_chunk(runs: Sequence[Recorded], workflows: Sequence[Any]) -> list[Replayed]:
    async def each_of_them() -> list[Replayed]:
        async with recomputing(workflows) as recompute:
            return [await replayed_one(run, recompute) for run in runs]

    return asyncio.run(each_of_them())


async def replayed_one(run: Recorded, recompute: Recompute) -> Replayed:
    """A run that has not started agrees with any code. Whatever is wrong with one history is its finding."""
    try:
        history = run.read()
    except HistoryError as error:
        return Replayed(run.label, Verification(run.label, 0, 0, [Finding("file", str(error))]), frozenset())
    try:
        verification, trail = await verified(history, recompute)
        return Replayed(run.label, verification, frozenset(marks_in(workflow_type(history), trail)))
    except HistoryError as error:
        found = [] if "not started" in str(error) else [Finding("history", str(error))]
    except OF_NO_RUN as error:
        what = " ".join(f"it cannot be read: {type(error).__name__}: {error}".split())
        found = [Finding("history", what)]
    return Replayed(run.label, Verification(history.workflow_id, len(history.events), 0, found), frozenset())
