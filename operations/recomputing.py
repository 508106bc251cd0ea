"""The real workflow code, run against a recorded history, with everything that it did in hand.

Temporal's own replay compares command types and ids only. Here every command's content, and the state after
every task, come out for comparison.
"""

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from temporalio.bridge.proto.workflow_activation import (
    QueryWorkflow,
    WorkflowActivation,
    WorkflowActivationJob,
)
from temporalio.bridge.proto.workflow_commands import WorkflowCommand
from temporalio.bridge.proto.workflow_completion import WorkflowActivationCompletion
from temporalio.client import WorkflowHistory
from temporalio.worker import WorkflowInstance, WorkflowInstanceDetails, WorkflowRunner

from contracts.receipts import Status, Waiting
from operations.command_sources import Source, place_in_trace, watch
from operations.histories import in_order
from operations.replay_worker import replay_worker
from operations.sandbox import sandbox
from operations.task_times import TaskTimes
from operations.watchdog import Watchdog
from payloads.converter import data_converter
from workflows.kernel.case import PENDING_TRAIL, STATUS
from workflows.kernel.trail import TrailInterceptor

__all__ = ["Recompute", "Recomputed", "answers_of", "recompute", "recomputing"]


def answers_of(instance: WorkflowInstance, after: WorkflowActivation, *queries: str) -> dict[str, bytes]:
    """Ask the workflow itself, as queries would: one state object, read in one way. Nulls are left out."""
    question = WorkflowActivation(
        run_id=after.run_id,
        timestamp=after.timestamp,
        is_replaying=True,
        history_length=after.history_length,
        available_internal_flags=after.available_internal_flags,
    )
    for each in queries:
        question.jobs.add(query_workflow=QueryWorkflow(query_id=each, query_type=each))
    answers = (command.respond_to_query for command in instance.activate(question).successful.commands)
    told = {answer.query_id: bytes(answer.succeeded.response.data) for answer in answers}
    return {query: data for query, data in told.items() if data and data != b"null"}


@dataclass
class Recomputed:
    """What the current code does when it is given a history."""

    commands: list[WorkflowCommand] = field(default_factory=list)
    sources: list[Source | None] = field(default_factory=list)
    """Of each command, the line of the workflow that issued it."""
    status: Status | None = None
    """After the last task, when it was asked for; None when the run's sheet was not known yet."""
    pending: list[dict[str, Any]] = field(default_factory=list)
    """After the last task, when it was asked for: the trail's entries that no event carries yet."""
    failure: Exception | None = None
    """Why the code could not follow the history to its end."""
    raised: str = ""
    """What the code raised instead of going on; empty as a rule."""
    raised_at: Source | None = None
    asked: dict[str, Waiting] = field(default_factory=dict)
    """What it asked of people, in order, by the action or the parked attempt."""
    first: WorkflowActivation | None = None
    """The first task's, as the SDK made it of the history; None when there was none."""
    again: Callable[[], WorkflowInstance] | None = None
    """Makes another instance for the same run."""


Recompute = Callable[[WorkflowHistory], Awaitable[Recomputed]]
"""Raises HistoryError for events that cannot have come in their order: the SDK's core would not answer."""


async def recompute(history: WorkflowHistory, workflows: Sequence[type]) -> Recomputed:
    """Replay a history and keep what the code did. A divergence is in `failure`, never raised."""
    async with recomputing(workflows, with_status=True) as each:
        return await each(history)


@asynccontextmanager
async def recomputing(workflows: Sequence[type], *, with_status: bool = False) -> AsyncIterator[Recompute]:
    """Replay histories one after the other: what a replayer makes once, it makes once for all of them."""
    recorder = Recorder(sandbox(), with_status=with_status)
    with recorder.watchdog.on():
        async with replay_worker(workflows, recorder, [TrailInterceptor()], data_converter) as replay:

            async def recompute_next(history: WorkflowHistory) -> Recomputed:
                in_order(history.events)
                recomputed = recorder.record(history)
                recomputed.failure = await replay(history)
                return recomputed

            yield recompute_next


class Recorder(WorkflowRunner):
    """Runs workflows as the runner below does, and writes down what they do."""

    def __init__(self, runner: WorkflowRunner, *, with_status: bool) -> None:
        self._runner = runner
        self._with_status = with_status
        self.watchdog = Watchdog()

    def record(self, history: WorkflowHistory) -> Recomputed:
        """Where the next instance, which is this history's, is written down."""
        self._recomputed, self._times = Recomputed(), TaskTimes(history)
        return self._recomputed

    def prepare_workflow(self, defn: Any) -> None:
        self._runner.prepare_workflow(defn)

    def set_worker_level_failure_exception_types(self, types: Sequence[type[BaseException]]) -> None:
        self._runner.set_worker_level_failure_exception_types(types)

    def create_instance(self, det: WorkflowInstanceDetails) -> WorkflowInstance:
        self._recomputed.again = partial(self._runner.create_instance, det)
        instance = self._runner.create_instance(det)
        module = det.defn.cls.__module__
        watch(instance, module, self._recomputed.sources.append)
        return RecordedInstance(
            instance, self._recomputed, self._times, module, self.watchdog, with_status=self._with_status
        )


def never_sent(job: WorkflowActivationJob) -> bool:
    """Whether it tells of an activity that no event tells of."""
    resolved = job.resolve_activity
    if not job.HasField("resolve_activity") or resolved.is_local or not resolved.result.HasField("cancelled"):
        return False
    return resolved.result.cancelled.failure.activity_failure_info.scheduled_event_id == 0


class RecordedInstance(WorkflowInstance):
    def __init__(
        self,
        instance: WorkflowInstance,
        recomputed: Recomputed,
        times: TaskTimes,
        module: str,
        watchdog: Watchdog,
        *,
        with_status: bool,
    ) -> None:
        self._instance = instance
        self._recomputed = recomputed
        self._times = times
        self._module = module
        self._watchdog = watchdog
        self._with_status = with_status

    def activate(self, act: WorkflowActivation) -> WorkflowActivationCompletion:
        recomputed = self._recomputed
        self._times.correct(act)
        if any(job.HasField("initialize_workflow") for job in act.jobs):
            recomputed.first = WorkflowActivation()
            recomputed.first.CopyFrom(act)
        self._drop_never_sent(act)
        before = len(recomputed.commands)
        with self._watchdog.watched():
            completion = self._instance.activate(act)
        if any(job.HasField("remove_from_cache") for job in act.jobs):
            return completion
        for command in completion.successful.commands:
            self._times.scheduled(command)
            recomputed.commands.append(command)
        # Commands may be dropped after they were added, as all are when the code raises.
        del recomputed.sources[len(recomputed.commands) :]
        if completion.HasField("failed"):
            failure = completion.failed.failure
            recomputed.raised = failure.message
            recomputed.raised_at = place_in_trace(failure.stack_trace, self._module)
        elif self._with_status:
            self._ask(act)
            del recomputed.sources[max(before, len(recomputed.commands)) :]
        return completion

    def _drop_never_sent(self, act: WorkflowActivation) -> None:
        """The core sends nothing for an activity that is cancelled in the task that scheduled it."""
        recomputed = self._recomputed
        dropped = {job.resolve_activity.seq for job in act.jobs if never_sent(job)}
        if not dropped:
            return
        kept = [
            number
            for number, each in enumerate(recomputed.commands)
            if each.schedule_activity.seq not in dropped and each.request_cancel_activity.seq not in dropped
        ]
        recomputed.commands = [recomputed.commands[number] for number in kept]
        # In place, for the watcher of commands appends to it.
        recomputed.sources[:] = [recomputed.sources[number] for number in kept]

    def _ask(self, act: WorkflowActivation) -> None:
        """Ask the workflow itself, as a query would: one state object, read in one way."""
        recomputed, told = self._recomputed, answers_of(self._instance, act, STATUS, PENDING_TRAIL)
        if STATUS in told:
            recomputed.status = Status.model_validate_json(told[STATUS])
            for wait in recomputed.status.waiting:
                if (name := wait.action or wait.parked) is not None:
                    recomputed.asked.setdefault(name, wait)
        recomputed.pending = json.loads(told.get(PENDING_TRAIL, b"[]"))

    def get_serialization_context(self, command_info: Any) -> Any:
        return self._instance.get_serialization_context(command_info)

    def get_external_store_context(self, command_info: Any) -> Any:
        return self._instance.get_external_store_context(command_info)

    def get_info(self) -> Any:
        return self._instance.get_info()

    def get_thread_id(self) -> int | None:
        return self._instance.get_thread_id()
