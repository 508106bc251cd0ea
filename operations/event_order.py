"""Whether the events of a history can follow one another: if not, the core panics that is to replay them."""

from collections.abc import Sequence
from typing import Any

from temporalio.api.enums.v1 import EventType
from temporalio.api.history.v1 import HistoryEvent

__all__ = ["out_of_order"]

TASK_SCHEDULED = EventType.EVENT_TYPE_WORKFLOW_TASK_SCHEDULED
TASK_STARTED = EventType.EVENT_TYPE_WORKFLOW_TASK_STARTED
TASK_COMPLETED = EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED
# What may come next after a workflow task has started: while a worker has it, everything else waits.
ENDS_OF_TASKS = frozenset(
    {
        TASK_COMPLETED,
        EventType.EVENT_TYPE_WORKFLOW_TASK_FAILED,
        EventType.EVENT_TYPE_WORKFLOW_TASK_TIMED_OUT,
        EventType.EVENT_TYPE_WORKFLOW_EXECUTION_TERMINATED,
        EventType.EVENT_TYPE_WORKFLOW_EXECUTION_TIMED_OUT,
    }
)
OF_ACTIVITY = ("scheduled_event_id", EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED)
OF_TIMER = ("started_event_id", EventType.EVENT_TYPE_TIMER_STARTED)
BEGUN_BY = {
    TASK_STARTED: ("scheduled_event_id", TASK_SCHEDULED),
    TASK_COMPLETED: ("started_event_id", TASK_STARTED),
    EventType.EVENT_TYPE_ACTIVITY_TASK_STARTED: OF_ACTIVITY,
    EventType.EVENT_TYPE_ACTIVITY_TASK_COMPLETED: OF_ACTIVITY,
    EventType.EVENT_TYPE_ACTIVITY_TASK_FAILED: OF_ACTIVITY,
    EventType.EVENT_TYPE_ACTIVITY_TASK_TIMED_OUT: OF_ACTIVITY,
    EventType.EVENT_TYPE_ACTIVITY_TASK_CANCELED: OF_ACTIVITY,
    EventType.EVENT_TYPE_TIMER_FIRED: OF_TIMER,
    EventType.EVENT_TYPE_TIMER_CANCELED: OF_TIMER,
}
"""By the type of an event, what names the one that began it, and of which type that is."""


def out_of_order(events: Sequence[HistoryEvent]) -> tuple[HistoryEvent, str] | None:
    """The first event that cannot stand where it does, and why, for a person; None for a history."""
    kinds: list[Any] = [None]  # by event id
    for event in events:
        why = why_not(event, kinds)
        if why:
            return event, why
        kinds.append(event.event_type)
    return None


def why_not(event: HistoryEvent, before: Sequence[Any]) -> str:
    """Why it cannot follow events of these types, which begin at index 1; empty when it can."""
    if event.event_id != len(before):
        return f"stands where event {len(before)} belongs"
    field = event.WhichOneof("attributes")
    attributes = getattr(event, field) if field else None
    if len(before) == 1:
        return "" if begins(attributes, field) else "is not the start of a run"
    kind = event.event_type
    if before[-1] == TASK_STARTED and kind not in ENDS_OF_TASKS:
        return "follows the start of a workflow task, and is no end of it"
    if kind in BEGUN_BY:
        name, wanted = BEGUN_BY[kind]
        begun = getattr(attributes, name, 0)
        if not (0 < begun < len(before) and before[begun] == wanted):
            what = EventType.Name(wanted).removeprefix("EVENT_TYPE_").title().replace("_", "")
            return f"names event {begun}, which is no {what} before it"
    made_by = getattr(attributes, "workflow_task_completed_event_id", 0)
    if made_by and not (made_by < len(before) and before[made_by] == TASK_COMPLETED):
        return f"names event {made_by}, which is no WorkflowTaskCompleted before it"
    return ""


def begins(attributes: Any, field: str | None) -> bool:
    """With all that the core asks a first event for."""
    return (
        field == "workflow_execution_started_event_attributes"
        and attributes.HasField("workflow_type")
        and attributes.HasField("task_queue")
        and bool(attributes.original_execution_run_id)
    )
