"""Histories: from the server or from a file, and what their events say."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from google.protobuf.json_format import ParseError
from temporalio.api.enums.v1 import EventType, event_type_pb2
from temporalio.api.history.v1 import HistoryEvent
from temporalio.client import Client, WorkflowHistory
from temporalio.service import RPCError, RPCStatusCode

from contracts.receipts import TrailLink
from operations.claims import claims_in, put_back
from operations.event_json import events_of
from operations.event_order import out_of_order
from payloads.folder import PayloadsError
from workflows.kernel.trail import HEADER

__all__ = [
    "HistoryError",
    "ValueMissing",
    "decided",
    "event_name",
    "fetch",
    "in_order",
    "links",
    "load",
    "load_text",
    "receipt_of",
    "workflow_type",
]


class HistoryError(ValueError):
    """There is no such history, or it is not one. One line, for a person."""


class ValueMissing(HistoryError):
    """A value that is kept outside of the history cannot be read."""


async def fetch(client: Client, workflow_id: str, run_id: str | None = None) -> WorkflowHistory:
    """From the server, every value in it; the latest run when none is named. Raises HistoryError."""
    try:
        history = await client.get_workflow_handle(workflow_id, run_id=run_id).fetch_history()
    except RPCError as error:
        if error.status in (RPCStatusCode.NOT_FOUND, RPCStatusCode.INVALID_ARGUMENT):
            raise HistoryError(
                f"no run {workflow_id!r} on this server; `python starter.py list` shows what there is"
            ) from error
        raise
    for event in history.events:
        try:
            await put_back(event, client.data_converter)
        except PayloadsError as error:
            raise ValueMissing(f"{workflow_id}, {event_name(event)}: {error}") from error
    return history


def load(path: Path) -> WorkflowHistory:
    """From a JSON file as `export`, the Temporal UI or `temporal workflow show -o json` write it.

    Raises HistoryError, also where events are missing or mixed up, and where the file only says where large
    values are kept: `export` writes them.
    """
    try:
        history = load_text(path.read_text(encoding="utf-8"), path.stem)
    except OSError as error:
        raise HistoryError(f"{path}: {error.strerror}") from error
    except (ValueError, ParseError, LookupError, TypeError, AttributeError) as error:
        raise HistoryError(f"{path}: not an exported workflow history ({type(error).__name__})") from error
    in_order(history.events, f"{path}: ")
    outside = next((event for event in history.events if claims_in(event)), None)
    if outside is not None:
        raise HistoryError(
            f"{path}: {event_name(outside)} only says where a large value is kept; write the whole with "
            f"`python starter.py export {history.workflow_id} --output FILE`"
        )
    return history


def load_text(text: str, name: str) -> WorkflowHistory:
    """From JSON; `name` is the workflow's id if the history does not hold it."""
    content = json.loads(text)
    if "bundle" in content:
        # Written by us, so without the older spellings that the SDK looks for in every event.
        events = events_of(content["events"])
    else:
        events = list(WorkflowHistory.from_json(name, content).events)
    recorded_id = events[0].workflow_execution_started_event_attributes.workflow_id
    return WorkflowHistory(recorded_id or name, events)


def in_order(events: Sequence[HistoryEvent], where: str = "") -> None:
    """Raise HistoryError where the events of a run cannot have come in this order."""
    found = out_of_order(events)
    if found is not None:
        raise HistoryError(f"{where}{event_name(found[0])}: {found[1]}")


def event_name(event: HistoryEvent) -> str:
    """`event 11 (ActivityTaskCompleted)`, as the Temporal UI names it."""
    name = EventType.Name(event.event_type).removeprefix("EVENT_TYPE_")
    return f"event {event.event_id} ({name.title().replace('_', '')})"


def workflow_type(history: WorkflowHistory) -> str:
    """The name under which the workflow was started."""
    return history.events[0].workflow_execution_started_event_attributes.workflow_type.name


def decided(history: WorkflowHistory) -> WorkflowHistory:
    """The history up to what a worker has decided; what lies beyond is about to happen, and not done.

    Raises HistoryError for a run of which no task was completed: it has not started.
    """
    events = list(history.events)
    completed = [
        e.event_id for e in events if e.event_type == event_type_pb2.EVENT_TYPE_WORKFLOW_TASK_COMPLETED
    ]
    if not completed:
        raise HistoryError(f"{history.workflow_id}: not started: no worker has completed a task of it")
    last = max(i for i, event in enumerate(events) if made_by_task(event) in (completed[-1], event.event_id))
    return WorkflowHistory(history.workflow_id, events[: last + 1])


def made_by_task(event: HistoryEvent) -> int:
    """The id of the completed workflow task whose command made the event; its own id for the task itself."""
    if event.event_type == event_type_pb2.EVENT_TYPE_WORKFLOW_TASK_COMPLETED:
        return event.event_id
    attributes = attributes_of(event)
    return int(getattr(attributes, "workflow_task_completed_event_id", 0))


def attributes_of(event: HistoryEvent) -> Any:
    """The event's own attributes message."""
    field = event.WhichOneof("attributes")
    return getattr(event, field) if field else None


def links(history: WorkflowHistory) -> Iterator[tuple[HistoryEvent, TrailLink]]:
    """The trail as recorded, link by link, each with the event that carries it."""
    for event in history.events:
        data = None
        if event.event_type == event_type_pb2.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED:
            fields = event.activity_task_scheduled_event_attributes.header.fields
            data = fields[HEADER].data if HEADER in fields else None
        elif event.event_type == event_type_pb2.EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED:
            data = receipt_of(event.workflow_execution_completed_event_attributes.result.payloads)
        elif event.event_type == event_type_pb2.EVENT_TYPE_WORKFLOW_EXECUTION_FAILED:
            failure = event.workflow_execution_failed_event_attributes.failure
            data = receipt_of(failure.application_failure_info.details.payloads)
        if data:
            try:
                yield event, TrailLink.model_validate_json(data)
            except ValueError as error:
                raise HistoryError(f"{event_name(event)}: its trail cannot be read") from error


def receipt_of(payloads: Any) -> bytes | None:
    """The trail link inside a run's result, or in the details of its failure."""
    for payload in payloads:
        try:
            content = json.loads(payload.data)
        except ValueError:
            continue
        receipt = content.get("receipt", content) if isinstance(content, dict) else None
        if isinstance(receipt, dict) and "trail" in receipt:
            return json.dumps(receipt["trail"]).encode()
    return None
