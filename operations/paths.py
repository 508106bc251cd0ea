"""The path of a run: what it decided, entered, called and asked, in order, without digests and ids."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from temporalio.bridge.proto.workflow_commands import WorkflowCommand
from temporalio.client import WorkflowHistory

from operations.histories import links, receipt_of
from operations.recordings import Recording
from workflows.kernel.trail import HEADER

__all__ = ["Mark", "driven_entries", "driven_names", "path_of", "recorded_entries", "recorded_names"]


@dataclass(frozen=True)
class Mark:
    """One thing on a path."""

    kind: str
    name: str
    came_to: str = ""
    entry: Mapping[str, Any] | None = None
    """The trail's own, for a decision."""

    @property
    def same(self) -> tuple[str, str, str]:
        """Two marks with the same are the same place. Rows may be renumbered, and facts may grow."""
        return (self.kind, self.name, self.came_to)

    def __str__(self) -> str:
        return f"{self.kind} {self.name}" + (f": {self.came_to}" if self.came_to else "")


def path_of(entries: Sequence[Mapping[str, Any]], names: Mapping[str, str]) -> list[Mark]:
    """What a trail's entries say; `names` are the steps of the activity ids."""
    return list(marks(entries, names))


def marks(entries: Sequence[Mapping[str, Any]], names: Mapping[str, str]) -> Iterator[Mark]:
    for entry in entries:
        if "decision" in entry:
            yield Mark("decides", str(entry["decision"]), str(entry["outcome"]), entry)
        elif "stage" in entry:
            yield Mark("enters", str(entry["stage"]))
        elif "attempt" in entry:
            called = str(entry["attempt"])
            yield Mark("calls", names.get(called, called), str(entry.get("fault", "")))
        elif "read" in entry:
            read = str(entry["read"])
            yield Mark("calls", names.get(read, read), str(entry.get("fault", "")))
        elif "approval" in entry:
            yield Mark("asks", str(entry["approval"]), str(entry["outcome"]))
        elif "parked" in entry:
            parked = str(entry["parked"])
            yield Mark("parks", names.get(parked, parked), str(entry["outcome"]))
        elif "ending" in entry:
            yield Mark("leaves early", str(entry["ending"]))


def recorded_entries(history: WorkflowHistory) -> list[dict[str, Any]]:
    """Of the trail in a history. Raises HistoryError."""
    return [entry for _, link in links(history) for entry in link.entries]


def recorded_names(recording: Recording) -> dict[str, str]:
    """The step of each activity id."""
    return {call.name: step for step, calls in recording.calls.items() for call in calls}


def driven_entries(commands: Sequence[WorkflowCommand]) -> list[dict[str, Any]]:
    """Of the trail that commands carry."""
    entries: list[dict[str, Any]] = []
    for command in commands:
        data: bytes | None = None
        if command.HasField("schedule_activity"):
            headers = command.schedule_activity.headers
            data = headers[HEADER].data if HEADER in headers else None
        elif command.HasField("complete_workflow_execution"):
            data = receipt_of([command.complete_workflow_execution.result])
        elif command.HasField("fail_workflow_execution"):
            failure = command.fail_workflow_execution.failure
            data = receipt_of(failure.application_failure_info.details.payloads)
        if data:
            entries += json.loads(data)["entries"]
    return entries


def driven_names(commands: Sequence[WorkflowCommand]) -> dict[str, str]:
    """The step of each activity id."""
    names = {}
    for command in commands:
        for kind in ("schedule_activity", "schedule_local_activity"):
            if command.HasField(kind):
                scheduled = getattr(command, kind)
                names[str(scheduled.activity_id)] = str(scheduled.activity_type)
    return names
