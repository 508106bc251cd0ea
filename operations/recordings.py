"""What a recorded history can answer: each call once, by step and request, in the order of the recording."""

import json
from collections import defaultdict
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from pydantic import ValidationError
from temporalio.api.common.v1 import Payload
from temporalio.api.enums.v1 import EventType
from temporalio.api.failure.v1 import Failure as FailureMessage
from temporalio.api.history.v1 import HistoryEvent
from temporalio.bridge.proto.activity_result import ActivityResolution
from temporalio.client import WorkflowHistory

from contracts.attempts import Failure, ModelCall, Provenance
from contracts.sheet import Sheet, resolve_sheet
from contracts.terms import Terms
from operations.histories import HistoryError, attributes_of
from workflows.kernel.trail import json_digest

__all__ = ["CANCELLED", "Call", "Given", "Recording", "Timer", "nanoseconds"]

CANCELLED = EventType.EVENT_TYPE_ACTIVITY_TASK_CANCELED
ENDED = {
    EventType.EVENT_TYPE_ACTIVITY_TASK_COMPLETED,
    EventType.EVENT_TYPE_ACTIVITY_TASK_FAILED,
    EventType.EVENT_TYPE_ACTIVITY_TASK_TIMED_OUT,
    CANCELLED,
}
ENDS_OF_RUNS = {
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED,
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_FAILED,
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_CANCELED,
}
# Words in which the SDK's core wraps an activity's failure; nothing of ours reads them.
WRAPPED = "activity failed"


@dataclass
class Call:
    """One recorded call of an activity."""

    step: str
    name: str
    """Its activity id: an attempt's, or what the kernel calls a local activity."""
    scheduled: HistoryEvent
    arguments: list[Payload]
    """None of a local activity: a history does not keep them."""
    ended: HistoryEvent | None = None
    """None in a recording that ends before the call does."""
    served: bool = False

    @property
    def request(self) -> str:
        """The request's digest."""
        return json_digest(self.arguments[0]) if self.arguments else ""

    @property
    def call(self) -> ModelCall | None:
        """None of anything but a model task."""
        try:
            return ModelCall.model_validate_json(self.arguments[1].data)
        except (IndexError, ValidationError):
            return None

    @property
    def took(self) -> int:
        """Nanoseconds, the wait for a worker included."""
        return nanoseconds(self.ended) - nanoseconds(self.scheduled) if self.ended is not None else 0

    @property
    def resolution(self) -> ActivityResolution:
        """As the SDK's core makes it of the events."""
        if self.ended is None:
            raise AssertionError("this call has not ended")
        attributes, resolution = attributes_of(self.ended), ActivityResolution()
        if self.ended.event_type == EventType.EVENT_TYPE_MARKER_RECORDED:
            if attributes.HasField("failure"):
                resolution.failed.failure.CopyFrom(attributes.failure)
            else:
                resolution.completed.result.CopyFrom(attributes.details["result"].payloads[0])
        elif self.ended.event_type == EventType.EVENT_TYPE_ACTIVITY_TASK_COMPLETED:
            resolution.completed.result.CopyFrom(attributes.result.payloads[0])
        elif self.ended.event_type == CANCELLED:
            cause = FailureMessage(message="Activity canceled")
            cause.canceled_failure_info.details.CopyFrom(attributes.details)
            resolution.cancelled.failure.CopyFrom(self._wrapped(attributes, cause))
        else:
            resolution.failed.failure.CopyFrom(self._wrapped(attributes, attributes.failure))
        return resolution

    @property
    def provenance(self) -> Provenance | None:
        """What was really sent; None where nothing was, or nobody said."""
        if self.ended is None:
            return None
        attributes = attributes_of(self.ended)
        try:
            if self.ended.event_type == EventType.EVENT_TYPE_ACTIVITY_TASK_COMPLETED:
                told = json.loads(attributes.result.payloads[0].data)["provenance"]
                return Provenance.model_validate(told)
            if self.ended.event_type == EventType.EVENT_TYPE_ACTIVITY_TASK_FAILED:
                details = attributes.failure.application_failure_info.details.payloads
                return Failure.model_validate_json(details[0].data).provenance
        except (ValueError, KeyError, IndexError, TypeError):
            return None
        return None

    def _wrapped(self, attributes: Any, cause: FailureMessage) -> FailureMessage:
        failure = FailureMessage(message=WRAPPED, cause=cause)
        info = failure.activity_failure_info
        info.activity_id, info.activity_type.name = self.name, self.step
        info.scheduled_event_id = attributes.scheduled_event_id
        info.started_event_id = attributes.started_event_id
        return failure


@dataclass
class Timer:
    """One recorded timer."""

    started: int
    length: timedelta
    fired: int | None = None
    """Nanoseconds; None where it was cancelled, or the recording ends first."""
    served: bool = False


@dataclass(frozen=True)
class Given:
    """What came from outside by itself: an Update, a signal, a request to cancel."""

    at: int
    event: HistoryEvent
    attributes: Any


class Recording:
    """One history, ready to answer. Raises HistoryError for a run that never got a sheet."""

    def __init__(self, history: WorkflowHistory) -> None:
        self.history = history
        self.calls: dict[str, list[Call]] = defaultdict(list)
        """By step, in the order in which they were scheduled."""
        self.timers: list[Timer] = []
        self.given: list[Given] = []
        self._scheduled: dict[int, Call] = {}
        self._started: dict[int, Timer] = {}
        for event in history.events:
            self._take(event, attributes_of(event))
        started = attributes_of(history.events[0])
        try:
            answer = self.calls[resolve_sheet.name][0].resolution.completed.result
            self.sheet = Sheet.model_validate_json(answer.data)
            self.terms = Terms.model_validate_json(started.input.payloads[1].data)
        except (IndexError, ValidationError) as error:
            raise HistoryError(f"{history.workflow_id}: no run of ours, or one that got no sheet") from error

    @property
    def has_ended(self) -> bool:
        """Whether it is the recording of a whole run. One that was terminated is as one that is open."""
        return self.history.events[-1].event_type in ENDS_OF_RUNS

    def _take(self, event: HistoryEvent, attributes: Any) -> None:
        if event.event_type == EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED:
            call = Call(
                attributes.activity_type.name, attributes.activity_id, event, list(attributes.input.payloads)
            )
            self.calls[call.step].append(call)
            self._scheduled[event.event_id] = call
        elif event.event_type in ENDED:
            self._scheduled[attributes.scheduled_event_id].ended = event
        elif event.event_type == EventType.EVENT_TYPE_MARKER_RECORDED:
            self._take_marker(event, attributes)
        elif event.event_type == EventType.EVENT_TYPE_TIMER_STARTED:
            timer = Timer(nanoseconds(event), attributes.start_to_fire_timeout.ToTimedelta())
            self.timers.append(timer)
            self._started[event.event_id] = timer
        elif event.event_type == EventType.EVENT_TYPE_TIMER_FIRED:
            self._started[attributes.started_event_id].fired = nanoseconds(event)
        elif event.event_type in (
            EventType.EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ACCEPTED,
            EventType.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED,
            EventType.EVENT_TYPE_WORKFLOW_EXECUTION_CANCEL_REQUESTED,
        ):
            self.given.append(Given(nanoseconds(event), event, attributes))

    def _take_marker(self, event: HistoryEvent, attributes: Any) -> None:
        if attributes.marker_name != "core_local_activity":
            return
        data = json.loads(attributes.details["data"].payloads[0].data)
        if data.get("backoff") is None:  # else it was tried again later, and that has a marker of its own
            step, name = data["activity_type"], data["activity_id"]
            self.calls[step].append(Call(step, name, event, [], ended=event))


def nanoseconds(event: HistoryEvent) -> int:
    """When it happened."""
    return int(event.event_time.ToNanoseconds())
