"""Certificates: of a run that may be started, and of one that has ended, held against what it came to."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ValidationError
from temporalio.api.enums.v1 import EventType
from temporalio.client import WorkflowHistory

from contracts.certificates import Certificate
from contracts.receipts import Balance
from contracts.sheet import Routes, Sheet, resolve_routes
from contracts.terms import Amount, Terms
from operations.evidence import local_activity_id
from operations.histories import HistoryError, links, workflow_type
from workflows.kernel.certificate import certificate
from workflows.kernel.event_counts import STRANGER
from workflows.kernel.plan import Plan

__all__ = ["Reached", "as_json", "certificate_of", "exceeded", "measures", "raised", "reached"]


@dataclass(frozen=True)
class Reached:
    """What a run came to, by its history."""

    amount: Amount
    """Proven, and the worst case of what nobody can say."""
    overrun: bool
    attempts: Mapping[str, int]
    """Of each step, those that were scheduled; a local read is not."""
    events: int
    strangers: int
    """Signals, and answers and repairs that were accepted: the most of them that no certificate counts."""


def as_json(found: Certificate, runs: Sequence[dict[str, Any]] = ()) -> str:
    """As it is committed: indented, amounts as text; the adversarial runs last, when there are any."""
    content = found.model_dump(mode="json")
    return json.dumps({**content, "adversarial": list(runs)} if runs else content, indent=1)


def measures(found: Certificate) -> dict[str, Any]:
    """What a certificate bounds, by name, one step after the other last."""
    whole = {name: getattr(found.worst, name) for name in Amount.model_fields}
    whole |= {f"at_most.{name}": getattr(found.at_most, name) for name in Amount.model_fields}
    whole |= {"time_s": found.time_s, "way_out_s": found.way_out_s, "busy_s": found.busy_s}
    whole["events"] = found.events
    for step in found.steps:
        whole |= {f"{step.step}.{name}": value for name, value in step if name != "step"}
    return whole


def raised(before: Certificate, now: Certificate) -> Iterator[str]:
    """Each measure that is not what it was, by how much; a step's own name says where it comes from."""
    old, new = measures(before), measures(now)
    for name in dict.fromkeys((*old, *new)):
        was, is_now = old.get(name, 0), new.get(name, 0)
        if was != is_now:
            word = "raised" if is_now > was else "lowered"
            yield f"{now.workflow} {name}: {word} by {abs(is_now - was)}, from {was} to {is_now}"


def reached(history: WorkflowHistory) -> Reached:
    """Read from the trail's last link and the events. Raises HistoryError for a history that has none."""
    balance = None
    for _, link in links(history):
        balance = link.balance
    balance = balance or Balance()
    strange = (
        EventType.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED,
        EventType.EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ACCEPTED,
    )
    scheduled = (event.activity_task_scheduled_event_attributes for event in history.events)
    return Reached(
        attempts=Counter(each.activity_type.name for each in scheduled if each.activity_id),
        amount=balance.settled + balance.unknown + balance.held,
        overrun=balance.overrun,
        events=len(history.events),
        strangers=sum(event.event_type in strange for event in history.events),
    )


def certificate_of(history: WorkflowHistory, plan: Plan) -> Certificate | None:
    """On the sheet and terms that are recorded in it; None for a run that never had a sheet."""
    sheet = next(recorded(history, "sheet", Sheet), None)
    if sheet is None:
        return None
    started = history.events[0].workflow_execution_started_event_attributes
    terms = Terms.model_validate(json.loads(started.input.payloads[1].data))
    chosen = [each.routes for each in recorded(history, resolve_routes.name, Routes)]
    return certificate(plan, sheet, terms, chosen)


def recorded(history: WorkflowHistory, name: str, kind: type[Any]) -> Iterator[Any]:
    """The results of a local activity with this id or type."""
    for event in history.events:
        if event.event_type != EventType.EVENT_TYPE_MARKER_RECORDED or not local_activity_id(event):
            continue
        details = event.marker_recorded_event_attributes.details
        data = json.loads(details["data"].payloads[0].data)
        if name not in (data["activity_id"], data["activity_type"]) or not details["result"].payloads:
            continue
        try:
            yield validated(kind, details["result"].payloads[0].data)
        except ValidationError as error:
            raise HistoryError(f"{history.workflow_id}: {name} cannot be read") from error


def validated(kind: type[BaseModel], data: bytes) -> BaseModel:
    return kind.model_validate_json(data)


def exceeded(history: WorkflowHistory, workflows: Sequence[Any]) -> list[str]:
    """In which measures a run came to more than its certificate, a line for each; none for a stranger's."""
    plan = next((each.plan for each in workflows if each.plan.name == workflow_type(history)), None)
    bound = certificate_of(history, plan) if plan is not None else None
    if bound is None:
        return []
    came, most = reached(history), bound.at_most
    found = [
        f"{history.workflow_id}: {getattr(came.amount, name)} {name}, certified were {getattr(most, name)}"
        for name in Amount.model_fields
        # A provider that bills above its own maximum is outside: it is flagged, and the last.
        if getattr(came.amount, name) > getattr(most, name) and not came.overrun
    ]
    for step in bound.steps:
        made, certified = came.attempts.get(step.step, 0), step.attempts * step.times
        if made > certified and step.attempts:
            found.append(f"{history.workflow_id}: {made} attempts of {step.step}, certified were {certified}")
    if came.events > bound.events + came.strangers * STRANGER:
        found.append(f"{history.workflow_id}: {came.events} events, certified were {bound.events}")
    return found
