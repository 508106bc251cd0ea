"""When workflow code was really given what it was given.

In replay the SDK takes two workflow tasks between which only a local activity ran for one, and gives the code
the time of the later. The history knows better.
"""

from typing import Any

from google.protobuf.timestamp_pb2 import Timestamp
from temporalio.api.enums.v1 import event_type_pb2
from temporalio.bridge.proto.workflow_activation import WorkflowActivation
from temporalio.bridge.proto.workflow_commands import WorkflowCommand
from temporalio.client import WorkflowHistory

from operations.histories import attributes_of

__all__ = ["TaskTimes"]

ENDS_OF_ACTIVITIES = (
    event_type_pb2.EVENT_TYPE_ACTIVITY_TASK_COMPLETED,
    event_type_pb2.EVENT_TYPE_ACTIVITY_TASK_FAILED,
    event_type_pb2.EVENT_TYPE_ACTIVITY_TASK_TIMED_OUT,
    event_type_pb2.EVENT_TYPE_ACTIVITY_TASK_CANCELED,
)


class TaskTimes:
    """Corrects the time of activations that a replayer makes from one history."""

    def __init__(self, history: WorkflowHistory) -> None:
        self._began: list[tuple[int, Timestamp]] = []
        self._delivered: dict[str, int] = {"start": 1}
        self._activity_ids: dict[int, str] = {}
        started: dict[int, Timestamp] = {}
        scheduled: dict[int, str] = {}
        for event in history.events:
            attributes: Any = attributes_of(event)
            if event.event_type == event_type_pb2.EVENT_TYPE_WORKFLOW_TASK_STARTED:
                started[event.event_id] = event.event_time
            elif event.event_type == event_type_pb2.EVENT_TYPE_WORKFLOW_TASK_COMPLETED:
                self._began.append((attributes.started_event_id, started[attributes.started_event_id]))
            elif event.event_type == event_type_pb2.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED:
                scheduled[event.event_id] = attributes.activity_id
            elif event.event_type in ENDS_OF_ACTIVITIES:
                self._delivered[f"activity {scheduled[attributes.scheduled_event_id]}"] = event.event_id
            elif event.event_type == event_type_pb2.EVENT_TYPE_TIMER_FIRED:
                self._delivered[f"timer {attributes.timer_id}"] = event.event_id
            elif event.event_type == event_type_pb2.EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ACCEPTED:
                # Accepted by the very task that was given it, so what came before it is what it waited for.
                task = attributes.accepted_request_sequencing_event_id
                self._delivered[f"update {attributes.protocol_instance_id}"] = task

    def scheduled(self, command: WorkflowCommand) -> None:
        """Note which activity a sequence number stands for."""
        if command.HasField("schedule_activity"):
            self._activity_ids[command.schedule_activity.seq] = command.schedule_activity.activity_id

    def correct(self, act: WorkflowActivation) -> None:
        """Put in the time of the task in which the activation's first job was delivered."""
        for job in act.jobs:
            if job.HasField("initialize_workflow"):
                name = "start"
            elif job.HasField("resolve_activity") and not job.resolve_activity.is_local:
                name = f"activity {self._activity_ids.get(job.resolve_activity.seq)}"
            elif job.HasField("fire_timer"):
                name = f"timer {job.fire_timer.seq}"
            elif job.HasField("do_update"):
                name = f"update {job.do_update.protocol_instance_id}"
            else:
                continue
            if name in self._delivered and (time := self._task_after(self._delivered[name])) is not None:
                act.timestamp.CopyFrom(time)
            return

    def _task_after(self, event_id: int) -> Timestamp | None:
        return next((time for started, time in self._began if started >= event_id), None)
