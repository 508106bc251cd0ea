"""A run's story from its recorded events alone: no server, no worker, none of the workflow's code."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from pydantic import Field, ValidationError
from temporalio.api.enums.v1 import EventType
from temporalio.api.history.v1 import HistoryEvent
from temporalio.client import WorkflowHistory

from contracts.sheet import Route
from contracts.terms import Amount, Terms
from contracts.values import Usd, Value
from operations.attempt_accounts import json_of, seconds_between
from operations.histories import attributes_of, workflow_type
from operations.story_items import AttemptMade, Booked, Item, ReadMade
from operations.storyteller import Storyteller

__all__ = ["Story", "Totals", "story", "sum_of"]

NOT_STARTED, RUNNING = "not started", "running"

# A reset ends the last task of what it takes over in this event.
FAILED_TASK = EventType.EVENT_TYPE_WORKFLOW_TASK_FAILED
STATES = {
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED: "completed",
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_FAILED: "failed",
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_TIMED_OUT: "timed out",
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_CANCELED: "cancelled",
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_TERMINATED: "terminated",
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_CONTINUED_AS_NEW: "continued as new",
}


class Totals(Value):
    """What a run cost, kept apart: what is proven, what is held now, what nobody can say."""

    proven_usd: Usd = Decimal(0)
    proven_tokens: int = 0
    held: Amount = Amount()
    unknown: Amount = Amount()
    steps: int = 0
    attempts: int = 0
    model_attempts: int = 0


class Story(Value):
    """Everything that a history tells of one run."""

    workflow: str
    workflow_id: str
    run_id: str
    state: str
    """`not started`, `running`, `completed`, `failed`, `timed out`, `cancelled`, `terminated`."""
    started_at: datetime
    ended_at: datetime | None
    duration_s: float
    """To its end, or to the last event of a run that goes on."""
    terms: Terms | None
    """None when the second argument of its start is none."""
    argument: Any
    """The first argument of its start."""
    routes: tuple[Route, ...]
    """What the run's profile was mapped to; empty while no sheet is recorded."""
    thresholds: dict[str, Decimal]
    items: list[Item]
    totals: Totals
    result: dict[str, Any] | None
    """Without its receipt; None unless the run completed."""
    reason: str | None
    """Why it failed or was terminated."""
    about_to: list[str]
    """For a run that goes on: what has happened that no worker has taken note of yet."""
    pending: list[Item] = Field(default_factory=list)
    """For a run that goes on: what the current code makes of its history beyond the recorded trail."""

    @property
    def attempts(self) -> list[AttemptMade]:
        """Every attempt of a model task or an effect, in the order of scheduling."""
        return [item for item in self.items if isinstance(item, AttemptMade)]


def story(history: WorkflowHistory, pending: Sequence[dict[str, Any]] = ()) -> Story:
    """Tell it. Raises HistoryError where the trail cannot be read.

    `pending` are the trail's entries that no event carries yet: of a run that goes on, recomputed.
    """
    first, last = history.events[0], history.events[-1]
    begun = attributes_of(first)
    teller = Storyteller(history, pending)
    arguments = json_of(begun.input.payloads)
    state = STATES.get(last.event_type, RUNNING if teller.started else NOT_STARTED)
    ended = last.event_type in STATES
    items = teller.items
    return Story(
        workflow=workflow_type(history),
        workflow_id=history.workflow_id,
        run_id=run_id_of(history),
        state=state,
        started_at=first.event_time.ToDatetime(UTC),
        ended_at=last.event_time.ToDatetime(UTC) if ended else None,
        duration_s=seconds_between(first, last),
        terms=terms_in(arguments),
        argument=arguments[0] if arguments else None,
        routes=teller.sheet.routes if teller.sheet else (),
        thresholds=dict(teller.sheet.thresholds) if teller.sheet else {},
        items=items,
        totals=totals_of(items),
        result=result_in(last),
        reason=reason_in(last),
        about_to=[] if ended else list(about_to(teller, items)),
        pending=[] if ended else teller.pending,
    )


def sum_of(stories: Iterable[Story]) -> Totals:
    """What several runs cost together.

    The history of a run that was reset goes on in another, which repeats what came before: that counts once.
    """
    once: dict[tuple[object, ...], Item] = {}
    for told in stories:
        for item in told.items:
            if isinstance(item, AttemptMade):
                # The same attempt made again after the reset is billed again, and ended at another time.
                end = (item.outcome, item.queued_s, item.ran_s)
                once[(told.workflow_id, item.event, item.at, *end)] = item
            elif isinstance(item, ReadMade):
                once[(told.workflow_id, item.event, item.at)] = item
    return totals_of(list(once.values()))


def run_id_of(history: WorkflowHistory) -> str:
    """The run's own id: a reset gives it a new one, and leaves that of the run before in the first event."""
    resets = (attributes_of(event) for event in history.events if event.event_type == FAILED_TASK)
    own = [str(failed.new_run_id) for failed in resets if failed.new_run_id]
    return own[-1] if own else history.run_id


def terms_in(arguments: list[Any]) -> Terms | None:
    try:
        return Terms.model_validate(arguments[1])
    except (IndexError, ValidationError):
        return None


def result_in(last: HistoryEvent) -> dict[str, Any] | None:
    if last.event_type != EventType.EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED:
        return None
    content = json_of(attributes_of(last).result.payloads)
    result = content[0] if content else None
    if not isinstance(result, dict):
        return None if result is None else {"result": result}
    return {key: value for key, value in result.items() if key != "receipt"}


def reason_in(last: HistoryEvent) -> str | None:
    match last.event_type:
        case EventType.EVENT_TYPE_WORKFLOW_EXECUTION_FAILED:
            failure = attributes_of(last).failure
            return f"{failure.application_failure_info.type or 'failure'}: {failure.message}"
        case EventType.EVENT_TYPE_WORKFLOW_EXECUTION_TERMINATED:
            return attributes_of(last).reason or "terminated: its way out was skipped"
        case EventType.EVENT_TYPE_WORKFLOW_EXECUTION_TIMED_OUT:
            return "the server ended it at its execution timeout: its way out was skipped"
        case _:
            return None


def totals_of(items: list[Item]) -> Totals:
    attempts = [item for item in items if isinstance(item, AttemptMade)]
    reads = [item for item in items if isinstance(item, ReadMade)]
    models = [attempt for attempt in attempts if attempt.route is not None]

    def booked(as_: Booked) -> Amount:
        return sum((each.hold for each in models if each.cost is as_), start=Amount())

    return Totals(
        proven_usd=sum((each.usd or Decimal(0) for each in models), start=Decimal(0)),
        proven_tokens=sum(each.tokens or 0 for each in models),
        held=booked(Booked.HELD),
        unknown=booked(Booked.UNKNOWN),
        steps=len({each.attempt_id.partition(".")[0] for each in attempts}) + len(reads),
        attempts=len(attempts),
        model_attempts=len(models),
    )


def about_to(teller: Storyteller, items: list[Item]) -> list[str]:
    if not teller.started:
        return ["start: no worker has completed a task of it yet"]
    beyond = [
        f"take in that {item.step} {item.outcome} (attempt {item.attempt_id})"
        for item in items
        if isinstance(item, AttemptMade) and not item.taken_in
    ]
    return beyond + [f"take in: {item.kind} at event {item.event}" for item in items if item.beyond]
