"""A file whose events are missing or mixed up is told from a history, before anything waits for it."""

from collections.abc import Callable
from copy import deepcopy
from pathlib import Path

import pytest
from temporalio.api.history.v1 import HistoryEvent
from temporalio.client import WorkflowHistory

from operations.bundles import Bundle, written
from operations.event_order import out_of_order
from operations.histories import HistoryError, load
from operations.recomputing import recompute
from tests.operations.recorded import HISTORIES, recorded
from worker import WORKFLOWS

Events = list[HistoryEvent]
ONE = "refunded-at-once"
"""Its events: 2 to 4 the first task, 5 and 6 markers, 7 an activity, 8 a timer, 10 the activity's result."""


def without(*ids: int) -> Callable[[Events], Events]:
    return lambda events: [event for event in events if event.event_id not in ids]


def swapped(events: Events) -> Events:
    return [*events[:3], events[4], events[3], *events[5:]]


def numbered(change: Callable[[Events], Events]) -> Callable[[Events], Events]:
    """With ids that run on all the same."""

    def changed(events: Events) -> Events:
        events = change(events)
        for number, event in enumerate(events, 1):
            event.event_id = number
        return events

    return changed


def naming(event_id: int, field: str, other: int) -> Callable[[Events], Events]:
    """One event says that another began it."""

    def changed(events: Events) -> Events:
        event = events[event_id - 1]
        setattr(getattr(event, event.WhichOneof("attributes") or ""), field, other)
        return events

    return changed


def without_run_id(events: Events) -> Events:
    events[0].workflow_execution_started_event_attributes.original_execution_run_id = ""
    return events


@pytest.mark.parametrize("file", HISTORIES, ids=lambda file: file.stem)
def test_every_recorded_history_is_in_order_up_to_each_of_its_events(file: Path) -> None:
    """And so is what a server holds while the run goes on."""
    events = recorded(file.stem).events
    assert all(out_of_order(events[:length]) is None for length in range(1, len(events) + 1))


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (without(1), "event 2 (WorkflowTaskScheduled): stands where event 1 belongs"),
        (without(3), "event 4 (WorkflowTaskCompleted): stands where event 3 belongs"),
        (without(4), "event 5 (MarkerRecorded): stands where event 4 belongs"),
        (without(13), "event 14 (MarkerRecorded): stands where event 13 belongs"),
        (swapped, "event 5 (MarkerRecorded): stands where event 4 belongs"),
        (numbered(without(1)), "event 1 (WorkflowTaskScheduled): is not the start of a run"),
        (without_run_id, "event 1 (WorkflowExecutionStarted): is not the start of a run"),
        (numbered(without(4)), "event 4 (MarkerRecorded): follows the start of a workflow task"),
        (numbered(swapped), "event 4 (MarkerRecorded): follows the start of a workflow task"),
        (
            numbered(without(3)),
            "event 3 (WorkflowTaskCompleted): names event 3, which is no",
        ),
        (naming(4, "started_event_id", 2), "event 4 (WorkflowTaskCompleted): names event 2, which is no"),
        (naming(10, "scheduled_event_id", 8), "event 10 (ActivityTaskCompleted): names event 8, which is no"),
        (
            naming(7, "workflow_task_completed_event_id", 13),
            "event 7 (ActivityTaskScheduled): names event",
        ),
    ],
)
async def test_the_first_event_that_cannot_stand_where_it_does_is_named(
    change: Callable[[Events], Events], told: str, tmp_path: Path
) -> None:
    """In a file, and before a replay: the SDK's core would never answer for most of them."""
    history = recorded(ONE)
    changed = WorkflowHistory(history.workflow_id, change([deepcopy(each) for each in history.events]))
    with pytest.raises(HistoryError) as replaying:
        await recompute(changed, WORKFLOWS)
    assert str(replaying.value).startswith(told)
    file = tmp_path / "changed.json"
    file.write_text(written(Bundle(changed)))
    with pytest.raises(HistoryError) as loading:
        load(file)
    assert str(loading.value).startswith(f"{file}: {told}")
