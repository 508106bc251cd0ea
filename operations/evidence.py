"""What a run was given from outside, as its history holds it."""

import json
from dataclasses import dataclass
from typing import Any

from temporalio.api.enums.v1 import event_type_pb2
from temporalio.api.failure.v1 import CanceledFailureInfo, Failure
from temporalio.api.history.v1 import HistoryEvent
from temporalio.client import WorkflowHistory
from temporalio.contrib.pydantic import pydantic_data_converter

from operations.histories import attributes_of
from workflows.kernel.attempts import evidence_digest
from workflows.kernel.parking import REPAIR
from workflows.kernel.trail import json_digest

__all__ = ["Evidence", "Taken", "local_activity_id"]


@dataclass(frozen=True)
class Taken:
    """One thing that came in, with its digest as it is now."""

    event: HistoryEvent
    digest: str


class Evidence:
    """Found by the name that the trail has for it: an attempt's or read's id, `input`, `sheet`, `answer`, or
    `repair` with the id of its Update."""

    def __init__(self, history: WorkflowHistory) -> None:
        self._named: dict[str, Taken] = {}
        self._answers: list[Taken] = []
        self._scheduled: dict[int, str] = {}
        for event in history.events:
            self._take(event, attributes_of(event))

    def find(self, name: str) -> Taken | None:
        """Answers come in the order in which they were accepted; everything else by its own name."""
        if name == "answer":
            return self._answers.pop(0) if self._answers else None
        return self._named.get(name)

    def _take(self, event: HistoryEvent, attributes: Any) -> None:
        # As numbers of the module: each that EventType is asked for is looked up in its descriptor.
        match event.event_type:
            case event_type_pb2.EVENT_TYPE_WORKFLOW_EXECUTION_STARTED:
                self._named["input"] = Taken(event, json_digest(*attributes.input.payloads))
            case event_type_pb2.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED:
                self._scheduled[event.event_id] = attributes.activity_id
            case event_type_pb2.EVENT_TYPE_ACTIVITY_TASK_COMPLETED:
                name = self._scheduled[attributes.scheduled_event_id]
                self._named[name] = Taken(event, json_digest(*attributes.result.payloads))
            case (
                event_type_pb2.EVENT_TYPE_ACTIVITY_TASK_FAILED
                | event_type_pb2.EVENT_TYPE_ACTIVITY_TASK_TIMED_OUT
            ):
                name = self._scheduled[attributes.scheduled_event_id]
                self._named[name] = Taken(event, failure_digest(attributes.failure))
            case event_type_pb2.EVENT_TYPE_ACTIVITY_TASK_CANCELED:
                name = self._scheduled[attributes.scheduled_event_id]
                self._named[name] = Taken(
                    event, failure_digest(Failure(canceled_failure_info=CanceledFailureInfo()))
                )
            case event_type_pb2.EVENT_TYPE_MARKER_RECORDED if local_id := local_activity_id(event):
                failed = attributes.HasField("failure")
                content = attributes.details["result"].payloads
                self._named[local_id] = Taken(
                    event, failure_digest(attributes.failure) if failed else json_digest(*content)
                )
            case event_type_pb2.EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ACCEPTED:
                request = attributes.accepted_request
                taken = Taken(event, json_digest(*request.input.args.payloads))
                if request.input.name == REPAIR:
                    self._named[f"repair {request.meta.update_id}"] = taken
                else:
                    self._answers.append(taken)


def local_activity_id(event: HistoryEvent) -> str | None:
    """The id of the local activity whose end a marker records; None for any other marker."""
    attributes = event.marker_recorded_event_attributes
    if attributes.marker_name != "core_local_activity":
        return None
    return str(json.loads(attributes.details["data"].payloads[0].data)["activity_id"])


def failure_digest(failure: Failure) -> str:
    """As the workflow saw it: the cause inside the activity's error."""
    inner = failure.cause if failure.HasField("activity_failure_info") else failure
    converter = pydantic_data_converter
    return evidence_digest(converter.failure_converter.from_failure(inner, converter.payload_converter))
