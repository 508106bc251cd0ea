"""What workflow code did, held against what is recorded that it did."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message
from temporalio.api.common.v1 import Payload
from temporalio.api.enums.v1 import EventType
from temporalio.api.history.v1 import HistoryEvent
from temporalio.bridge.proto.workflow_commands import WorkflowCommand
from temporalio.client import WorkflowHistory

from operations.histories import attributes_of

__all__ = ["SUMMARY", "Disagreement", "disagreements", "first_out_of_order", "paired"]

# The workflow's own queue, of which a replayer knows no name.
REPLAY_QUEUE = "replay-"

# Whose span an activity stands below. The SDK puts it into the headers of a worker that is watched.
NO_DECISION = frozenset({"_tracer-data"})

UPDATE = "update_response"
SUMMARY = "summary"

# For each kind of event that a command makes: the command, and its fields with those of the event. A field
# that a command leaves open is filled in by the server and is no decision of the code.
MADE_BY: dict[int, tuple[str, dict[str, str]]] = {
    EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED: (
        "schedule_activity",
        {
            "activity_id": "activity_id",
            "activity_type": "activity_type.name",
            "task_queue": "task_queue.name",
            "arguments": "input.payloads",
            "headers": "header.fields",
            "start_to_close_timeout": "start_to_close_timeout",
            "heartbeat_timeout": "heartbeat_timeout",
            "retry_policy.maximum_attempts": "retry_policy.maximum_attempts",
        },
    ),
    EventType.EVENT_TYPE_TIMER_STARTED: ("start_timer", {"start_to_fire_timeout": "start_to_fire_timeout"}),
    EventType.EVENT_TYPE_UPSERT_WORKFLOW_SEARCH_ATTRIBUTES: (
        "upsert_workflow_search_attributes",
        {"search_attributes.indexed_fields": "search_attributes.indexed_fields"},
    ),
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED: (
        "complete_workflow_execution",
        {"result": "result.payloads"},
    ),
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_FAILED: (
        "fail_workflow_execution",
        {
            "failure.message": "failure.message",
            "failure.application_failure_info": "failure.application_failure_info",
        },
    ),
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_COMPLETED: (
        UPDATE,
        # One of them is there: a handler that fails answers as a validator that rejects.
        {
            "completed": "outcome.success.payloads",
            "rejected.message": "outcome.failure.message",
            "rejected.application_failure_info": "outcome.failure.application_failure_info",
        },
    ),
}


# The commands that Temporal's own replay compares, in their order. Local activities and Updates stand in a
# history where they ended, not where they were begun.
IN_ORDER: dict[str, tuple[int, ...]] = {
    "schedule_activity": (EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED,),
    "request_cancel_activity": (EventType.EVENT_TYPE_ACTIVITY_TASK_CANCEL_REQUESTED,),
    "start_timer": (EventType.EVENT_TYPE_TIMER_STARTED,),
    "cancel_timer": (EventType.EVENT_TYPE_TIMER_CANCELED,),
    "upsert_workflow_search_attributes": (EventType.EVENT_TYPE_UPSERT_WORKFLOW_SEARCH_ATTRIBUTES,),
    "complete_workflow_execution": (EventType.EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED,),
    "fail_workflow_execution": (EventType.EVENT_TYPE_WORKFLOW_EXECUTION_FAILED,),
}
ORDERED_EVENTS = frozenset(kind for kinds in IN_ORDER.values() for kind in kinds)

# Beside the marker of `workflow.patched` the SDK's core sets this; the code issues no command for it.
OF_PATCHES = frozenset({"TemporalChangeVersion"})


@dataclass(frozen=True)
class Disagreement:
    """One field of one recorded event that the code would not make like this."""

    event: HistoryEvent
    command: int | None
    """Which of the commands; None when the code issues none for the event."""
    field: str = ""
    recorded: Any = None
    made: Any = None


def disagreements(history: WorkflowHistory, commands: Sequence[WorkflowCommand]) -> Iterator[Disagreement]:
    """Each recorded event that a command made and that the recomputed command would not make like this."""
    for event, number in paired(history, commands):
        if number is None:
            yield Disagreement(event, None)
            continue
        for field, recorded, made in differences(event, commands[number]):
            yield Disagreement(event, number, field, recorded, made)


def paired(
    history: WorkflowHistory, commands: Sequence[WorkflowCommand]
) -> Iterator[tuple[HistoryEvent, int | None]]:
    """Each event that a command made, with the number of the recomputed command of its kind and turn."""
    done: dict[str, list[int]] = {}
    for number, command in enumerate(commands):
        variant = command.WhichOneof("variant")
        if variant == UPDATE and command.update_response.HasField("accepted"):
            continue
        done.setdefault(str(variant), []).append(number)
    for event in history.events:
        if event.event_type in MADE_BY and not of_a_patch(event):
            same = done.get(MADE_BY[event.event_type][0])
            yield event, same.pop(0) if same else None


def first_out_of_order(
    history: WorkflowHistory, commands: Sequence[WorkflowCommand]
) -> tuple[HistoryEvent, int | None] | None:
    """The first event in whose place the code issues another command, or none; None when all stand right."""
    ordered = [number for number, each in enumerate(commands) if each.WhichOneof("variant") in IN_ORDER]
    events = [
        event for event in history.events if event.event_type in ORDERED_EVENTS and not of_a_patch(event)
    ]
    for at, event in enumerate(events):
        if at >= len(ordered):
            return event, None
        if not stands_for(event, commands[ordered[at]]):
            return event, ordered[at]
    return (history.events[-1], ordered[len(events)]) if len(ordered) > len(events) else None


def of_a_patch(event: HistoryEvent) -> bool:
    """Whether it only notes which patches the run has met."""
    attributes = event.upsert_workflow_search_attributes_event_attributes
    fields = attributes.search_attributes.indexed_fields
    return bool(fields) and OF_PATCHES.issuperset(fields)


def stands_for(event: HistoryEvent, command: WorkflowCommand) -> bool:
    """Whether a command is of the kind, and an activity of the name, that the event records."""
    if event.event_type not in IN_ORDER[str(command.WhichOneof("variant"))]:
        return False
    if not command.HasField("schedule_activity"):
        return True
    made, recorded = command.schedule_activity, event.activity_task_scheduled_event_attributes
    # As Temporal does, by id and type.
    return made.activity_id == recorded.activity_id and made.activity_type == recorded.activity_type.name


def differences(event: HistoryEvent, command: WorkflowCommand) -> Iterator[tuple[str, Any, Any]]:
    """Each field, as recorded and as the code makes it."""
    variant, fields = MADE_BY[event.event_type]
    decided, attributes = getattr(command, variant), attributes_of(event)
    for made, stands in fields.items():
        if variant == UPDATE and not decided.HasField(made.partition(".")[0]):
            continue
        expected, recorded = plain(reach(decided, made)), plain(reach(attributes, stands))
        if isinstance(expected, tuple):
            expected = [expected]  # a command has one payload where the event has a list
        if made == "task_queue" and expected.startswith(REPLAY_QUEUE):
            continue
        if expected != recorded:
            yield stands, recorded, expected
    ours, theirs = command.user_metadata.summary.data, event.user_metadata.summary.data
    if ours != theirs:
        yield SUMMARY, theirs, ours


def reach(message: Any, path: str) -> Any:
    for name in path.split("."):
        message = getattr(message, name)
    return message


def plain(value: Any) -> Any:
    """Comparable values: payloads as (encoding, data), in lists and maps too."""
    if isinstance(value, Payload):
        return (bytes(value.metadata.get("encoding", b"")), bytes(value.data))
    if isinstance(value, Duration):
        return value.ToJsonString()
    if isinstance(value, Message):
        return value.SerializeToString(deterministic=True)
    if hasattr(value, "items"):
        return {key: plain(content) for key, content in value.items() if key not in NO_DECISION}
    if isinstance(value, (str, bytes, int, float, bool)):
        return value
    return [plain(item) for item in value]
