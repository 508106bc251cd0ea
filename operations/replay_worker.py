"""Recorded histories through the SDK's core, one after the other, with nothing between it and the code.

What the SDK's `Replayer` does with less: each activation is taken from the core, handled and answered, and
the loop's thread waits meanwhile. The `Replayer` starts two coroutines for it, waits for two callbacks more,
and walks through its payloads six times for a codec and a storage. A replay has neither: its payloads are as
the history holds them, and a history that only says where a value is kept is refused where it is read.

The core, the instance, the sandbox around it and the converters are the SDK's, as they are for every worker.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from functools import partial
from typing import Any, TypeVar

from temporalio.api.history.v1 import History
from temporalio.bridge import worker as bridge
from temporalio.bridge.proto.workflow_activation import RemoveFromCache, WorkflowActivation
from temporalio.bridge.proto.workflow_completion import WorkflowActivationCompletion
from temporalio.client import WorkflowHistory
from temporalio.converter import DataConverter
from temporalio.worker import Interceptor, WorkflowInstance, WorkflowRunner
from temporalio.worker._worker import load_default_build_id
from temporalio.worker._workflow import _WorkflowWorker
from temporalio.workflow import NondeterminismError

from operations.core_calls import CoreCalls
from operations.histories import HistoryError
from operations.replay_core import configuration, of_one_thread, workflow_worker

__all__ = ["Replay", "replay_worker"]

Replay = Callable[[WorkflowHistory], Awaitable[Exception | None]]
"""Why the code could not follow a history; None when it did. Raises HistoryError where the core is silent."""

Result = TypeVar("Result")

# The core is done with a history that was replayed to its end.
DONE = frozenset({RemoveFromCache.EvictionReason.CACHE_FULL, RemoveFromCache.EvictionReason.LANG_REQUESTED})


class ReplayWorker:
    """Replays one history at a time, from its first task to its last while the caller waits."""

    def __init__(self, begin: Callable[[], tuple[bridge.Worker, Any]], instances: _WorkflowWorker) -> None:
        self._begin = begin
        self._instances = instances
        self._instance: WorkflowInstance | None = None
        self._calls = CoreCalls()
        self._begin_anew()

    def replay(self, history: WorkflowHistory) -> Exception | None:
        """Why the code could not follow; None when it did. Raises HistoryError where the core is silent."""
        try:
            return self._replayed(history)
        except TimeoutError as error:
            # It has died of this history, and would answer for no other one.
            self._begin_anew()
            raise HistoryError(f"{history.workflow_id}: {error}; it cannot take this history") from error

    def _begin_anew(self) -> None:
        worker, self._pusher = self._begin()
        self._core: Any = worker._ref
        self._instance = None

    def _replayed(self, history: WorkflowHistory) -> Exception | None:
        core, begin = self._core, self._calls.begin
        events = History(events=history.events).SerializeToString()
        before = begin(self._pusher.push_history, history.workflow_id, events)
        while True:
            polled = begin(core.poll_workflow_activation)
            before.result()
            act = WorkflowActivation.FromString(polled.result())
            evicted = next((job for job in act.jobs if job.HasField("remove_from_cache")), None)
            completion = self._activated(act, evicted=evicted is not None)
            before = begin(core.complete_workflow_activation, completion.SerializeToString())
            if evicted is not None:
                before.result()
                return failure_of(evicted.remove_from_cache)

    def close(self) -> None:
        """Let the core end."""
        core, begin = self._core, self._calls.begin
        self._pusher.close()
        with suppress(bridge.PollShutdownError):  # type: ignore[attr-defined]
            while True:
                begin(core.poll_workflow_activation).result()
        core.initiate_shutdown()
        # The last poll may not have let go of the worker yet; then it ends as soon as that does.
        with suppress(ValueError):
            begin(core.finalize_shutdown).result()

    def _activated(self, act: WorkflowActivation, *, evicted: bool) -> WorkflowActivationCompletion:
        """What the code does; a failed task when it, or its module, raises what it may not."""
        if evicted:
            # Ends the instance's coroutines. There is none when its module could not be imported.
            instance, self._instance = self._instance, None
            completion = instance.activate(act) if instance is not None else WorkflowActivationCompletion()
            completion.successful.SetInParent()
        else:
            try:
                if self._instance is None:
                    begun = next(job for job in act.jobs if job.HasField("initialize_workflow"))
                    self._instance = self._instances._create_workflow_instance(act, begun.initialize_workflow)
                completion = self._instance.activate(act)
            except Exception as error:  # noqa: BLE001 (as the SDK: the task fails)
                completion = WorkflowActivationCompletion()
                converter = self._instances._data_converter
                converter.failure_converter.to_failure(
                    error, converter.payload_converter, completion.failed.failure
                )
        completion.run_id = act.run_id
        return completion


def failure_of(eviction: RemoveFromCache) -> Exception | None:
    """In the words of the SDK's `Replayer`."""
    if eviction.reason == RemoveFromCache.EvictionReason.NONDETERMINISM:
        return NondeterminismError(eviction.message)
    return None if eviction.reason in DONE else RuntimeError(f"{eviction.reason}: {eviction.message}")


@asynccontextmanager
async def replay_worker(
    workflows: Sequence[type],
    runner: WorkflowRunner,
    interceptors: Sequence[Interceptor],
    data_converter: DataConverter,
) -> AsyncIterator[Replay]:
    """One worker for any number of histories; the converter has no codec and no storage."""
    if data_converter.payload_codec is not None or data_converter.external_storage is not None:
        raise ValueError("payloads of a replay are as the history holds them")
    runtime, build_id = of_one_thread(), load_default_build_id()
    queue = f"replay-{build_id}"
    instances = workflow_worker(workflows, runner, interceptors, data_converter, queue, runtime)
    settings = configuration(queue, build_id, instances)
    each = ReplayWorker(partial(bridge.Worker.for_replay, runtime._core_runtime, settings), instances)
    try:
        yield lambda history: outside_of_tasks(partial(each.replay, history))
    finally:
        await outside_of_tasks(each.close)


async def outside_of_tasks(call: Callable[[], Result]) -> Result:
    """Call it from the loop itself: while one task is in a step, Python 3.14 lets no other begin one."""
    loop = asyncio.get_running_loop()
    called: asyncio.Future[Result] = loop.create_future()

    def now() -> None:
        try:
            result = call()
        except Exception as error:  # noqa: BLE001 (whoever waits is told)
            if not called.done():
                called.set_exception(error)
        else:
            if not called.done():  # after Ctrl-C nobody waits
                called.set_result(result)
        finally:
            asyncio._set_running_loop(loop)

    loop.call_soon(now)
    return await called
