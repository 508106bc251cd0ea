"""What workflow code did, held against what is recorded that it did."""

from collections.abc import Iterator, Sequence
from typing import Any

from google.protobuf.message import Message
from temporalio.api.common.v1 import Payload
from temporalio.api.enums.v1 import EventType
from temporalio.api.history.v1 import HistoryEvent
from temporalio.bridge.proto.workflow_commands import WorkflowCommand
from temporalio.client import WorkflowHistory

from operations.histories import attributes_of

__all__ = ["disagreements"]

# The workflow's own queue, of which a replayer knows no name.
REPLAY_QUEUE = "replay-"

# Whose span an activity stands below. The SDK puts it into the headers of a worker that is watched.
NO_DECISION = frozenset({"_tracer-data"})

UPDATE = "update_response"

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


def disagreements(
    history: WorkflowHistory, commands: Sequence[WorkflowCommand]
) -> Iterator[tuple[HistoryEvent, str]]:
    """Each recorded event that a command made and that the recomputed command would not make like this."""
    done: dict[str, list[WorkflowCommand]] = {}
    for command in commands:
        variant = command.WhichOneof("variant")
        if variant == UPDATE and command.update_response.HasField("accepted"):
            continue
        done.setdefault(str(variant), []).append(command)
    for event in history.events:
        if event.event_type not in MADE_BY:
            continue
        made_by, fields = MADE_BY[event.event_type]
        if not done.get(made_by):
            yield event, "the code does not do this"
            continue
        command = done[made_by].pop(0)
        yield from ((event, what) for what in differences(event, command, made_by, fields))


def differences(
    event: HistoryEvent, command: WorkflowCommand, variant: str, fields: dict[str, str]
) -> Iterator[str]:
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
            yield f"{stands} is recorded as {shorten(recorded)}; the code makes it {shorten(expected)}"
    ours, theirs = command.user_metadata.summary.data, event.user_metadata.summary.data
    if ours != theirs:
        yield f"the summary is recorded as {shorten(theirs)}; the code makes it {shorten(ours)}"


def reach(message: Any, path: str) -> Any:
    for name in path.split("."):
        message = getattr(message, name)
    return message


def plain(value: Any) -> Any:
    """Comparable values: payloads as (encoding, data), in lists and maps too."""
    if isinstance(value, Payload):
        return (bytes(value.metadata.get("encoding", b"")), bytes(value.data))
    if isinstance(value, Message):
        return value.SerializeToString(deterministic=True)
    if hasattr(value, "items"):
        return {key: plain(content) for key, content in value.items() if key not in NO_DECISION}
    if isinstance(value, (str, bytes, int, float, bool)):
        return value
    return [plain(item) for item in value]


def shorten(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 160 else f"{text[:120]}… ({len(text)} characters)"
