"""What a replay is made with: a core of one thread, and the settings that the SDK's `Replayer` has too."""

import os
from collections.abc import Sequence
from functools import cache

from temporalio.bridge import worker as bridge
from temporalio.converter import DataConverter
from temporalio.runtime import LoggingConfig, Runtime, TelemetryConfig, TelemetryFilter
from temporalio.worker import Interceptor, UnsandboxedWorkflowRunner, WorkflowRunner
from temporalio.worker._workflow import _WorkflowWorker

__all__ = ["configuration", "of_one_thread", "workflow_worker"]

POOL_SIZE = "TOKIO_WORKER_THREADS"
NAMESPACE = "ReplayNamespace"


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
