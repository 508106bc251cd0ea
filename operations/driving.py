"""The real workflow code, driven without a server: each of its commands is answered from a recording.

The SDK's workflow instance takes activations and gives commands; whatever makes the activations is its server.
Here it is a queue ordered by the recording's own clock. No model is asked, nothing is sent, nobody waits.
"""

import heapq
import json
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count
from typing import Any

from temporalio.api.enums.v1 import EventType
from temporalio.bridge.proto.workflow_activation import (
    RemoveFromCache,
    ResolveActivity,
    WorkflowActivation,
    WorkflowActivationJob,
)
from temporalio.bridge.proto.workflow_commands import WorkflowCommand
from temporalio.worker import WorkflowInstance

from contracts.receipts import Status
from operations.recomputing import answers_of
from operations.recorded_people import People
from operations.recordings import Call, Given, Recording
from operations.serving import NotRecorded, RecordingEnds, Served, was_cancelled
from workflows.kernel.case import PENDING, STATUS

__all__ = ["Driven", "drive"]

# What happens within this time of when it happened before happens at the recorded moment: the two are apart
# by a server's latencies alone, and the order of events that were close together is kept.
SAME_MOMENT = timedelta(seconds=5) // timedelta(microseconds=1) * 1_000
# A run has a few dozen. The code may loop where the recorded one did not.
MOST_ACTIVATIONS = 10_000
ENDS = frozenset({"complete_workflow_execution", "fail_workflow_execution", "cancel_workflow_execution"})


@dataclass
class Driven:
    """What the code did, as far as the recording could answer."""

    commands: list[WorkflowCommand] = field(default_factory=list)
    pending: list[dict[str, Any]] = field(default_factory=list)
    """Entries of the trail that no command carries."""
    status: Status | None = None
    ended: bool = False
    stopped: NotRecorded | None = None
    """What the recording could not answer. None at the run's end, and where the recording ends."""


class Driver:
    """One run on its way. Use from a thread of its own: a workflow's event loop takes the thread over."""

    def __init__(
        self, instance: WorkflowInstance, first: WorkflowActivation, served: Served, people: People
    ) -> None:
        self._instance = instance
        self._served = served
        self._people = people
        self._now = first.timestamp.ToNanoseconds()
        self._first = first
        self._order = count()
        self._queue: list[tuple[int, int, WorkflowActivationJob]] = []
        self._timers: dict[int, WorkflowActivationJob] = {}
        self._calls: dict[int, Call] = {}
        """Under way, by sequence number: those that end only when they are cancelled."""
        self._over: set[int] = set()
        """Timers that were cancelled."""
        self.driven = Driven()

    def run(self, recording: Recording) -> Driven:
        """Drive the run to its end, or to where the recording has no answer."""
        self._recording = recording
        for given in recording.given:
            self._expect(given)
        act = WorkflowActivation()
        act.CopyFrom(self._first)
        act.is_replaying = False
        try:
            self._through(act)
        except NotRecorded as missing:
            self.driven.stopped = missing
        except RecordingEnds:
            pass
        finally:
            self._look()
            self._instance.activate(self._activation(WorkflowActivationJob(remove_from_cache=RemoveFromCache())))
        return self.driven

    def _through(self, act: WorkflowActivation) -> None:
        for _ in range(MOST_ACTIVATIONS):
            completion = self._instance.activate(act)
            if completion.HasField("failed"):
                raise NotRecorded("the code", f"it fails here: {completion.failed.failure.message[:300]}")
            commands = list(completion.successful.commands)
            self.driven.commands += commands
            for command in commands:
                self._answer(command)
            if self.driven.ended:
                return
            if any(command.HasField("start_timer") for command in commands):
                self._ask_people()
            job = self._next()
            if job is None:
                raise RecordingEnds
            act = self._activation(job)
        raise NotRecorded("the code", f"it has not ended after {MOST_ACTIVATIONS} tasks")

    def _answer(self, command: WorkflowCommand) -> None:
        kind = str(command.WhichOneof("variant"))
        if kind in ENDS:
            self.driven.ended = True
        elif kind == "schedule_local_activity":
            scheduled = command.schedule_local_activity
            result = self._served.local(scheduled.activity_type, scheduled.arguments)
            resolved = ResolveActivity(seq=scheduled.seq, result=result, is_local=True)
            self._put(self._now, WorkflowActivationJob(resolve_activity=resolved))
        elif kind == "schedule_activity":
            scheduled_one = command.schedule_activity
            call = self._served.attempt(scheduled_one.activity_type, scheduled_one.arguments)
            self._calls[scheduled_one.seq] = call
            if not was_cancelled(call):
                self._end_call(scheduled_one.seq)
        elif kind == "request_cancel_activity":
            seq = command.request_cancel_activity.seq
            if seq in self._calls and was_cancelled(self._calls[seq]):
                self._end_call(seq)
        elif kind == "request_cancel_local_activity":
            pass  # its end is in the queue for this very moment
        elif kind == "start_timer":
            self._start_timer(command.start_timer.seq, command.start_timer.start_to_fire_timeout.ToTimedelta())
        elif kind == "cancel_timer":
            self._over.add(command.cancel_timer.seq)
        elif kind.startswith(("start_child", "signal_external", "schedule_nexus", "continue_as_new")):
            raise NotRecorded(kind.replace("_", " "), "a backtest knows no other workflows")

    def _end_call(self, seq: int) -> None:
        call = self._calls.pop(seq)
        resolved = ResolveActivity(seq=seq, result=call.resolution)
        at = self._moment(call.scheduled.event_time.ToNanoseconds(), call.took)
        self._put(at, WorkflowActivationJob(resolve_activity=resolved))

    def _moment(self, began_then: int, took: int) -> int:
        """When what begins now ends: at its recorded moment where it began in the same."""
        if abs(self._now - began_then) <= SAME_MOMENT:
            return max(self._now, began_then + took)
        return self._now + took

    def _start_timer(self, seq: int, length: timedelta) -> None:
        nanoseconds = length // timedelta(microseconds=1) * 1_000
        fires = self._now + nanoseconds
        for timer in self._recording.timers:
            close = abs(timer.started - self._now) <= SAME_MOMENT
            if not timer.served and timer.length == length and close:
                timer.served = True
                fires = fires if timer.fired is None else max(self._now, timer.fired)
                break
        job = WorkflowActivationJob()
        job.fire_timer.seq = seq
        self._put(fires, job)

    def _ask_people(self) -> None:
        status = self._status()
        for reply in self._people.replies(status.waiting if status is not None else ()):
            self._put(max(self._now, reply.at), WorkflowActivationJob(do_update=reply.update))

    def _expect(self, given: Given) -> None:
        """Requests to cancel and signals come when they came; answers only when they are asked for."""
        job = WorkflowActivationJob()
        attributes: Any = given.attributes
        if given.event.event_type == EventType.EVENT_TYPE_WORKFLOW_EXECUTION_CANCEL_REQUESTED:
            job.cancel_workflow.reason = attributes.cause or ""
        elif given.event.event_type == EventType.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED:
            job.signal_workflow.signal_name = attributes.signal_name
            job.signal_workflow.input.extend(attributes.input.payloads)
            job.signal_workflow.identity = attributes.identity
        else:
            return
        self._put(given.at, job)

    def _put(self, at: int, job: WorkflowActivationJob) -> None:
        heapq.heappush(self._queue, (at, next(self._order), job))

    def _next(self) -> WorkflowActivationJob | None:
        while self._queue:
            at, _, job = heapq.heappop(self._queue)
            if job.HasField("fire_timer") and job.fire_timer.seq in self._over:
                continue
            self._now = max(self._now, at)
            return job
        return None

    def _activation(self, job: WorkflowActivationJob) -> WorkflowActivation:
        act = WorkflowActivation(
            run_id=self._first.run_id,
            history_length=self._first.history_length,
            available_internal_flags=self._first.available_internal_flags,
            jobs=[job],
        )
        act.timestamp.FromNanoseconds(self._now)
        return act

    def _status(self) -> Status | None:
        data = answer_of(self._instance, self._activation(WorkflowActivationJob()), STATUS)
        return Status.model_validate_json(data) if data else None

    def _look(self) -> None:
        self.driven.status = self._status()
        pending = answer_of(self._instance, self._activation(WorkflowActivationJob()), PENDING)
        self.driven.pending = json.loads(pending) if pending else []


def drive(
    instance: WorkflowInstance,
    first: WorkflowActivation,
    recording: Recording,
    served: Served,
    people: People,
) -> Driven:
    """Run the code once more from its first task on. Blocks; not for an event loop's thread."""
    return Driver(instance, first, served, people).run(recording)
