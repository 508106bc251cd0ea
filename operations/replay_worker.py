"""Recorded histories through the SDK's core, one after the other, with nothing between it and the code.

What the SDK's `Replayer` does with less: each activation is taken from the core, handled and answered, and
the loop's thread waits meanwhile. The `Replayer` starts two coroutines for it, waits for two callbacks more,
and walks through its payloads six times for a codec and a storage. A replay has neither: its payloads are as
the history holds them, and a history that only says where a value is kept is refused where it is read.

The core, the instance, the sandbox around it and the converters are the SDK's, as they are for every worker.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from functools import cache, partial
from typing import Any, TypeVar

from temporalio.api.history.v1 import History
from temporalio.bridge import worker as bridge
from temporalio.bridge.proto.workflow_activation import RemoveFromCache, WorkflowActivation
from temporalio.bridge.proto.workflow_completion import WorkflowActivationCompletion
from temporalio.client import WorkflowHistory
from temporalio.converter import DataConverter
from temporalio.runtime import LoggingConfig, Runtime, TelemetryConfig, TelemetryFilter
from temporalio.worker import Interceptor, UnsandboxedWorkflowRunner, WorkflowInstance, WorkflowRunner
from temporalio.worker._worker import load_default_build_id
from temporalio.worker._workflow import _WorkflowWorker
from temporalio.workflow import NondeterminismError

from operations.core_calls import CoreCalls

__all__ = ["Replay", "replay_worker"]

Replay = Callable[[WorkflowHistory], Awaitable[Exception | None]]
"""Why the code could not follow a history; None when it did."""

Result = TypeVar("Result")

POOL_SIZE = "TOKIO_WORKER_THREADS"
NAMESPACE = "ReplayNamespace"

# The core is done with a history that was replayed to its end.
DONE = frozenset({RemoveFromCache.EvictionReason.CACHE_FULL, RemoveFromCache.EvictionReason.LANG_REQUESTED})


class ReplayWorker:
    """Replays one history at a time, from its first task to its last while the caller waits."""

    def __init__(self, worker: bridge.Worker, pusher: Any, instances: _WorkflowWorker) -> None:
        self._core: Any = worker._ref
        self._pusher = pusher
        self._instances = instances
        self._instance: WorkflowInstance | None = None
        self._calls = CoreCalls()

    def replay(self, history: WorkflowHistory) -> Exception | None:
        """Why the code could not follow; None when it did."""
        core, begin = self._core, self._calls.begin
        events = History(events=history.events).SerializeToString()
        before = begin(self._pusher.push_history, history.workflow_id, events)
        while True:
            polled = begin(core.poll_workflow_activation)
            act = WorkflowActivation.FromString(polled.result())
            before.result()
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
    worker, pusher = bridge.Worker.for_replay(
        runtime._core_runtime, configuration(queue, build_id, instances)
    )
    each = ReplayWorker(worker, pusher, instances)
    try:
        yield lambda history: outside_of_tasks(partial(each.replay, history))
    finally:
        await outside_of_tasks(each.close)


@cache
def of_one_thread() -> Runtime:
    """A core for replays alone: one history at a time keeps no second thread busy, only awake.

    The pool's size is told by the environment and by nothing else; the process's own core is as it was. What
    it would warn of is in the finding.
    """
    levels = TelemetryFilter(core_level="ERROR", other_level="ERROR")
    before = os.environ.get(POOL_SIZE)
    os.environ[POOL_SIZE] = "1"
    try:
        return Runtime(telemetry=TelemetryConfig(logging=LoggingConfig(filter=levels)))
    finally:
        if before is None:
            del os.environ[POOL_SIZE]
        else:
            os.environ[POOL_SIZE] = before


async def outside_of_tasks(call: Callable[[], Result]) -> Result:
    """Call it from the loop itself: while one task is in a step, Python 3.14 lets no other begin one."""
    loop = asyncio.get_running_loop()
    called: asyncio.Future[Result] = loop.create_future()

    def now() -> None:
        try:
            called.set_result(call())
        except Exception as error:  # noqa: BLE001 (whoever waits is told)
            called.set_exception(error)
        finally:
            asyncio._set_running_loop(loop)

    loop.call_soon(now)
    return await called


def workflow_worker(
    workflows: Sequence[type],
    runner: WorkflowRunner,
    interceptors: Sequence[Interceptor],
    data_converter: DataConverter,
    queue: str,
    runtime: Runtime,
) -> _WorkflowWorker:
    """The SDK's as the `Replayer` has it; it makes instances of activations and never runs its own loop."""

    def no_loop() -> bridge.Worker:
        raise AssertionError("this worker makes instances and polls nothing")

    return _WorkflowWorker(
        bridge_worker=no_loop,
        namespace=NAMESPACE,
        task_queue=queue,
        workflows=workflows,
        workflow_task_executor=None,
        max_concurrent_workflow_tasks=1,
        workflow_runner=runner,
        unsandboxed_workflow_runner=UnsandboxedWorkflowRunner(),
        data_converter=data_converter,
        interceptors=interceptors,
        workflow_failure_exception_types=[],
        patch_activation_callback=None,
        debug_mode=False,
        disable_eager_activity_execution=False,
        metric_meter=runtime.metric_meter,
        on_eviction_hook=None,
        disable_safe_eviction=False,
        should_enforce_versioning_behavior=False,
        assert_local_activity_valid=lambda _: None,
        encode_headers=False,
        max_workflow_task_external_storage_concurrency=1,
    )


def configuration(queue: str, build_id: str, instances: _WorkflowWorker) -> bridge.WorkerConfig:
    """Of the core's worker, as the `Replayer` has it; what is not about failures it asks for and ignores."""
    two, one = bridge.FixedSizeSlotSupplier(2), bridge.FixedSizeSlotSupplier(1)
    one_poller = bridge.PollerBehaviorSimpleMaximum(1)
    return bridge.WorkerConfig(
        namespace=NAMESPACE,
        task_queue=queue,
        identity_override=None,
        nondeterminism_as_workflow_fail=instances.nondeterminism_as_workflow_fail(),
        nondeterminism_as_workflow_fail_for_types=instances.nondeterminism_as_workflow_fail_for_types(),
        max_cached_workflows=2,
        tuner=bridge.TunerHolder(
            workflow_slot_supplier=two,
            activity_slot_supplier=one,
            local_activity_slot_supplier=one,
            nexus_slot_supplier=one,
        ),
        nonsticky_to_sticky_poll_ratio=1,
        no_remote_activities=True,
        disable_payload_error_limit=True,
        task_types=bridge.WorkerTaskTypes(
            enable_workflows=True,
            enable_local_activities=False,
            enable_remote_activities=False,
            enable_nexus=False,
        ),
        sticky_queue_schedule_to_start_timeout_millis=1000,
        max_heartbeat_throttle_interval_millis=1000,
        default_heartbeat_throttle_interval_millis=1000,
        max_activities_per_second=None,
        max_task_queue_activities_per_second=None,
        max_eager_activity_reservations_per_workflow_task=3,
        graceful_shutdown_period_millis=0,
        versioning_strategy=bridge.WorkerVersioningStrategyNone(build_id_no_versioning=build_id),
        workflow_task_poller_behavior=bridge.PollerBehaviorSimpleMaximum(2),
        activity_task_poller_behavior=one_poller,
        nexus_task_poller_behavior=one_poller,
        plugins=[],
        storage_drivers=set(),
    )
