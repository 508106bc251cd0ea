"""The recorded corpus, and ways to tamper with it."""

import json
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

from temporalio.api.enums.v1 import EventType
from temporalio.api.history.v1 import HistoryEvent
from temporalio.client import WorkflowHistory

from operations.coverage import Mark, marks_in
from operations.evidence import local_activity_id
from operations.histories import attributes_of, links, load, workflow_type

__all__ = ["HISTORIES", "TICKETS", "edits", "lowered", "marks_of", "recorded"]

HISTORIES = sorted((Path(__file__).parents[1] / "histories").glob("*.json"))
"""Of every workflow."""
TICKETS = [file for file in HISTORIES if json.loads(file.read_text())["workflow"] == "resolve-ticket"]


def recorded(name: str) -> WorkflowHistory:
    """One history of the corpus."""
    (file,) = (file for file in HISTORIES if file.stem == name)
    return load(file)


def marks_of(history: WorkflowHistory) -> frozenset[Mark]:
    """What one run reached, as its trail says."""
    return frozenset(marks_in(workflow_type(history), [link for _, link in links(history)]))


def lowered(history: WorkflowHistory, step: str, **numbers: Any) -> WorkflowHistory:
    """The history with other numbers for one step in the sheet that it recorded; what was done stays."""
    events = [deepcopy(event) for event in history.events]
    for event in events:
        if local_activity_id(event) == "sheet":
            payload = event.marker_recorded_event_attributes.details["result"].payloads[0]
            sheet = json.loads(payload.data)
            sheet["steps"][step] |= numbers
            payload.data = json.dumps(sheet).encode()
    return WorkflowHistory(history.workflow_id, events)


def edits(history: WorkflowHistory) -> Iterator[tuple[str, int, WorkflowHistory]]:
    """Every single edit of an input, result, failure, answer, timer, search attribute or trail entry.

    Yields what was edited, the event's id, and the history with that one edit.
    """
    for index, event in enumerate(history.events):
        for where, payload in payloads(event):
            # A search attribute that is taken away has no data; an edit may put some there.
            for path, changed in changes(json.loads(payload.data or b'""')):
                copy = deepcopy(event)
                dict(payloads(copy))[where].data = json.dumps(changed, separators=(",", ":")).encode()
                yield f"{where} {path}", event.event_id, with_event(history, index, copy)
        if event.event_type == EventType.EVENT_TYPE_TIMER_STARTED:
            copy = deepcopy(event)
            copy.timer_started_event_attributes.start_to_fire_timeout.nanos += 1
            yield "timer", event.event_id, with_event(history, index, copy)


def with_event(history: WorkflowHistory, index: int, event: HistoryEvent) -> WorkflowHistory:
    return WorkflowHistory(
        history.workflow_id, [*history.events[:index], event, *history.events[index + 1 :]]
    )


def payloads(event: HistoryEvent) -> Iterator[tuple[str, Any]]:
    """The payloads of an event that carry what went in, what came out, and the trail."""
    attributes = attributes_of(event)
    match event.event_type:
        case EventType.EVENT_TYPE_WORKFLOW_EXECUTION_STARTED | EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED:
            yield from named("input", attributes.input.payloads)
            for name, payload in attributes.header.fields.items():
                yield f"header {name}", payload
        case EventType.EVENT_TYPE_ACTIVITY_TASK_COMPLETED | EventType.EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED:
            yield from named("result", attributes.result.payloads)
        case EventType.EVENT_TYPE_ACTIVITY_TASK_FAILED:
            yield from named("details", attributes.failure.application_failure_info.details.payloads)
        case EventType.EVENT_TYPE_MARKER_RECORDED:
            yield from named("result", attributes.details["result"].payloads)
        case EventType.EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ACCEPTED:
            yield from named("answer", attributes.accepted_request.input.args.payloads)
        case EventType.EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_COMPLETED:
            yield from named("outcome", attributes.outcome.success.payloads)
        case EventType.EVENT_TYPE_UPSERT_WORKFLOW_SEARCH_ATTRIBUTES:
            for name, payload in attributes.search_attributes.indexed_fields.items():
                yield f"search attribute {name}", payload


def named(what: str, found: Any) -> Iterator[tuple[str, Any]]:
    for number, payload in enumerate(found):
        if payload.data:
            yield f"{what} {number}", payload


def changes(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """The value with one leaf changed, for every leaf."""
    if isinstance(value, dict):
        for key, content in value.items():
            for where, changed in changes(content, f"{path}.{key}"):
                yield where, {**value, key: changed}
    elif isinstance(value, list):
        for number, content in enumerate(value):
            for where, changed in changes(content, f"{path}[{number}]"):
                yield where, [*value[:number], changed, *value[number + 1 :]]
    else:
        yield path, other(value)


def other(value: Any) -> Any:
    """A neighbour of the same kind, so that the edit is as small as can be."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, (int, float)):
        return value + 1
    if value is None:
        return "x"
    text = str(value)
    return text[:-1] + ("1" if text[-1] != "1" else "2") if text else "x"
