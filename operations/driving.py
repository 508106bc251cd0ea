"""The real workflow code, driven without a server: each of its commands is answered from a recording.

The SDK's workflow instance takes activations and gives commands; whatever makes the activations is its
server. Here it is a queue ordered by the recording's own clock. No model is asked, nothing is sent, nobody
waits.
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
from temporalio.bridge.proto.workflow_commands import StartTimer, WorkflowCommand
from temporalio.worker import WorkflowInstance

from contracts.receipts import Status
from operations.recomputing import answers_of
from operations.recorded_people import People
from operations.recordings import Call, Given, Recording
from operations.serving import CodeFails, NotRecorded, RecordingEnds, Served, was_cancelled
from workflows.kernel.case import PENDING_TRAIL, STATUS

__all__ = ["Driven", "drive"]

# What happens within this time of when it happened before happens at the recorded moment: the two are apart
# by a server's latencies alone, and the order of events that were close together is kept.
SAME_MOMENT = timedelta(seconds=5) // timedelta(microseconds=1) * 1_000
# A run has a few dozen. The code may loop where the recorded one did not.
MOST_ACTIVATIONS = 10_000
OTHER_WORKFLOWS = frozenset(
    {
        "start_child_workflow_execution",
        "signal_external_workflow_execution",
        "schedule_nexus_operation",
        "continue_as_new_workflow_execution",
    }
)
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
            if recording.has_ended:
                self.driven.stopped = NotRecorded("the run", "it waits for what never comes")
        finally:
            self._look()
            leave = WorkflowActivationJob(remove_from_cache=RemoveFromCache())
            self._instance.activate(self._activation(leave))
        return self.driven

    def _through(self, act: WorkflowActivation) -> None:
        for _ in range(MOST_ACTIVATIONS):
            completion = self._instance.activate(act)
            if completion.HasField("failed"):
                raise CodeFails(f"it fails here: {completion.failed.failure.message[:300]}")
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
        raise CodeFails(f"it has not ended after {MOST_ACTIVATIONS} tasks")

    def _answer(self, command: WorkflowCommand) -> None:
        match command.WhichOneof("variant"):
            case "schedule_local_activity":
                local = command.schedule_local_activity
                result = self._served.local(local.activity_type, local.arguments)
                resolved = ResolveActivity(seq=local.seq, result=result, is_local=True)
                # Cancelling it changes nothing: its end is there already.
                self._put(self._now, WorkflowActivationJob(resolve_activity=resolved))
            case "schedule_activity":
                scheduled = command.schedule_activity
                self._begin_call(
                    scheduled.seq,
                    self._served.attempt(scheduled.activity_type, scheduled.arguments, self._now),
                )
            case "request_cancel_activity":
                seq = command.request_cancel_activity.seq
                if seq in self._calls:
                    self._end_call(seq)
            case "start_timer":
                self._start_timer(command.start_timer)
            case "cancel_timer":
                self._over.add(command.cancel_timer.seq)
            case str(kind) if kind in ENDS:
                self.driven.ended = True
            case str(kind) if kind in OTHER_WORKFLOWS:
                raise NotRecorded(kind.replace("_", " "), "a backtest knows no other workflows")

    def _begin_call(self, seq: int, call: Call) -> None:
        """What was cancelled in the recording ends when it is cancelled again; the rest by itself."""
        self._calls[seq] = call
        if not was_cancelled(call):
            self._end_call(seq)

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

    def _start_timer(self, command: StartTimer) -> None:
        length = command.start_to_fire_timeout.ToTimedelta()
        nanoseconds = length // timedelta(microseconds=1) * 1_000
        fires = self._now + nanoseconds
        for timer in self._recording.timers:
            close = abs(timer.started - self._now) <= SAME_MOMENT
            if not timer.served and timer.length == length and close:
                timer.served = True
                fires = fires if timer.fired is None else max(self._now, timer.fired)
                break
        job = WorkflowActivationJob()
        job.fire_timer.seq = command.seq
        self._put(fires, job)

    def _ask_people(self) -> None:
        status = self._status()
        for reply in self._people.replies(status.waiting if status is not None else ()):
            self._put(max(self._now, reply.at), WorkflowActivationJob(do_update=reply.update))

    def _expect(self, given: Given) -> None:
        """Requests to cancel and signals come when they came; answers only when they are asked for."""
        job = WorkflowActivationJob()
        attributes = given.attributes
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
        data = self._told(STATUS).get(STATUS)
        return Status.model_validate_json(data) if data else None

    def _look(self) -> None:
        told = self._told(STATUS, PENDING_TRAIL)
        self.driven.status = Status.model_validate_json(told[STATUS]) if STATUS in told else None
        self.driven.pending = json.loads(told.get(PENDING_TRAIL, b"[]"))

    def _told(self, *queries: str) -> dict[str, bytes]:
        return answers_of(self._instance, self._activation(WorkflowActivationJob()), *queries)


def drive(
    instance: WorkflowInstance,
    first: WorkflowActivation,
    recording: Recording,
    served: Served,
    people: People,
) -> Driven:
    """Run the code once more from its first task on. Blocks; not for an event loop's thread."""
    return Driver(instance, first, served, people).run(recording)
