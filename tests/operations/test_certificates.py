"""What runs came to, held against their certificates, from their histories alone."""

from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from temporalio.client import WorkflowHistory

from contracts.certificates import MOST_EVENTS, Certificate
from contracts.sheet import StepNumbers
from contracts.terms import Amount
from contracts.tickets import read_ticket
from operations.certificates import certificate_of, exceeded, raised, reached
from operations.histories import load, workflow_type
from operations.starting import TermsRefused, check_terms
from tests.kernel.test_certificate import terms
from tests.kernel.test_plan import plan, sheet
from tests.operations.recorded import HISTORIES, lowered, recorded
from worker import WORKFLOWS
from workflows.kernel.certificate import certificate
from workflows.kernel.plan import Plan, numbers_of
from workflows.resolve_ticket import PLAN


@pytest.mark.parametrize("file", HISTORIES, ids=lambda file: file.stem)
def test_no_recorded_run_came_to_more_than_its_certificate(file: Path) -> None:
    """In money, tokens, calls, steps and events."""
    history = load(file)
    assert exceeded(history, WORKFLOWS) == []
    plans = {each.plan.name: each.plan for each in WORKFLOWS}
    assert certificate_of(history, plans[workflow_type(history)]) is not None
    assert reached(history).amount.steps > 0 or "lease" in file.stem


def test_a_run_that_came_to_more_than_declared_is_told_with_the_measure() -> None:
    """The sheet that it recorded is changed to one attempt for each model task; it made six."""
    name = "refunded-in-spite-of-faults"
    history = recorded(name)
    for step in ("read_ticket", "draft_reply"):
        history = lowered(history, step, policy=[120, 1, 3, 1, 60])
    assert exceeded(history, WORKFLOWS) == [
        f"{history.workflow_id}: 6 calls, certified were 2",
        f"{history.workflow_id}: 4 attempts of read_ticket, certified were 1",
        f"{history.workflow_id}: 2 attempts of draft_reply, certified were 1",
    ]


def test_a_run_with_more_events_than_certified_is_told() -> None:
    """Every event counts, whoever wrote it, but signals and answers have room of their own."""
    history = recorded("refunded-at-once")
    bound = certificate_of(history, PLAN)
    assert bound is not None
    more = [history.events[2]] * (bound.events + 1 - len(history.events))
    told = exceeded(WorkflowHistory(history.workflow_id, [*history.events, *more]), WORKFLOWS)
    assert told == [f"{history.workflow_id}: {bound.events + 1} events, certified were {bound.events}"]


def test_what_is_not_as_it_was_is_named_with_how_much_and_where() -> None:
    """One attempt more, and everything that it raises."""
    mine = plan(read_ticket)
    before = certificate_of_plan(mine)
    policy = read_ticket.policy.model_copy(update={"attempts": 5})
    now = certificate_of_plan(mine, numbers_of(read_ticket).model_copy(update={"policy": policy}))
    lines = list(raised(before, now))
    assert "read-mail calls: raised by 1, from 4 to 5" in lines
    assert "read-mail read_ticket.attempts: raised by 1, from 4 to 5" in lines
    assert "read-mail calls: lowered by 1, from 5 to 4" in list(raised(now, before))
    assert list(raised(now, now)) == []


def certificate_of_plan(mine: Plan, *numbers: StepNumbers) -> Certificate:
    own = sheet(mine)
    if numbers:
        own = own.model_copy(update={"steps": {"read_ticket": numbers[0]}})
    return certificate(mine, own, terms(mine))


def test_a_run_whose_history_could_grow_too_long_is_refused_before_its_start() -> None:
    """With the number of events, and what is allowed."""
    mine = plan(read_ticket, at_most=({read_ticket: 400},))
    rich = terms(mine).model_copy(
        update={"cap": Amount(usd=Decimal(9), tokens=10**6, calls=9, steps=9), "deadline": timedelta(days=9)}
    )
    with pytest.raises(TermsRefused, match=rf"could come to \d+ events; at most {MOST_EVENTS} are allowed"):
        check_terms(mine, rich, sheet(mine))


def test_the_escrow_of_every_workflow_has_time_for_its_way_out() -> None:
    """So that no run is still at it when its deadline has passed."""
    for each in WORKFLOWS:
        found = certificate(each.plan, sheet(each.plan), terms(each.plan))
        assert found.way_out_s <= found.escrow_s
