"""A plan: what can be known of a workflow before it runs, and what is refused at its import."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any

import pytest
from temporalio.exceptions import ApplicationError

from contracts.mail import hand_to_desk
from contracts.orders import find_order
from contracts.refunds import issue_refund
from contracts.sheet import Escrow, Price, Route, Sheet
from contracts.steps import Effect, Step
from contracts.terms import Amount
from contracts.tickets import draft_reply, read_ticket
from workflows.kernel.decisions import Row, Table, facts_of, limit
from workflows.kernel.plan import Plan, least_cap, numbers_of
from workflows.tickets.remedies import RemedyFacts


class Stage(StrEnum):
    READING = "reading"
    REPLYING = "replying"
    OVER = "over"


STAGES: dict[StrEnum, tuple[StrEnum, ...]] = {
    Stage.READING: (Stage.REPLYING, Stage.OVER),
    Stage.REPLYING: (Stage.OVER,),
    Stage.OVER: (),
}
facts = facts_of(RemedyFacts)


def table(*limits: str) -> Table[RemedyFacts, Stage]:
    rows = [Row(name, Stage.OVER, facts.total > limit(name)) for name in limits]
    return Table(name="t", version=1, facts=RemedyFacts, rows=(*rows, Row("else", Stage.READING)))


def plan(*steps: Step[Any, Any], **changes: Any) -> Plan:
    usual: dict[str, Any] = {
        "name": "read-mail",
        "stages": STAGES,
        "steps": steps,
        "cap": Amount(usd=Decimal(1), tokens=50_000, calls=4, steps=6),
        "deadline": timedelta(hours=1),
        "escrow": Escrow(amount=Amount(usd=Decimal("0.01"), steps=2), time=timedelta(minutes=4)),
    }
    return Plan(**{**usual, **changes})


def sheet(plan: Plan, **changes: Any) -> Sheet:
    """As configuration would resolve it, at 0.15 and 0.60 dollars a million tokens."""
    route = Route(
        name="fast",
        model="scripted",
        context_tokens=4_096,
        max_output_tokens=1_024,
        timeout=timedelta(seconds=5),
        slots=1,
        price=Price(input=Decimal("0.15"), output=Decimal("0.60")),
        task_queue="tenuto/fast",
    )
    asked = plan.sheet_request("fast")
    usual = {"steps": asked.steps, "escrow": asked.escrow, "thresholds": asked.thresholds}
    return Sheet(resolved_at=datetime(2026, 11, 22, tzinfo=UTC), routes=(route,), **{**usual, **changes})


@pytest.mark.parametrize("before", Stage)
@pytest.mark.parametrize("after", Stage)
def test_only_declared_transitions_are_taken(before: Stage, after: Stage) -> None:
    """Any other ends the run with a named failure, and is never retried; staying is a transition too."""
    if after in STAGES[before]:
        plan().check_transition(before, after)
        return
    with pytest.raises(ApplicationError) as refused:
        plan().check_transition(before, after)
    assert refused.value.type == "undeclared_transition"
    assert refused.value.non_retryable
    assert refused.value.message == f"read-mail declares no transition from {before} to {after}"


def test_a_stage_that_may_follow_but_is_not_declared_is_refused() -> None:
    """A run could enter it, and would be stuck there."""
    with pytest.raises(ValueError, match="read-mail: no transitions are declared for over"):
        plan(stages={Stage.READING: (Stage.OVER,)})


def test_a_threshold_that_a_table_needs_and_the_plan_lacks_is_refused() -> None:
    """At import, every one by its name."""
    thresholds = {"known": Decimal(1)}
    with pytest.raises(ValueError, match=r"^read-mail: no threshold for least, most$"):
        plan(tables=(table("most", "known"), table("least")), thresholds=thresholds)
    plan(tables=(table("known"),), thresholds=thresholds)


def test_the_sheet_is_asked_for_every_number_of_the_code() -> None:
    """Each step by its name, the escrow and the thresholds."""
    mine = plan(read_ticket, find_order, thresholds={"most": Decimal(50)})
    request = mine.sheet_request("fast")
    assert request.profile == "fast"
    assert request.steps == {
        "read_ticket": numbers_of(read_ticket),
        "find_order": numbers_of(find_order),
    }
    assert request.escrow == mine.escrow
    assert request.thresholds == {"most": Decimal(50)}


@pytest.mark.parametrize("step", [read_ticket, find_order, issue_refund, hand_to_desk], ids=lambda s: s.name)
def test_the_numbers_of_a_step_are_those_of_its_kind(step: Step[Any, Any]) -> None:
    """Only a model task writes tokens, and only an effect offers something."""
    numbers = numbers_of(step)
    assert numbers.policy == step.policy
    assert numbers.max_request_bytes == step.max_request_bytes
    written = (numbers.max_output_tokens, numbers.overhead_bytes)
    assert written == ((256, 6_000) if step is read_ticket else (0, 0))
    assert numbers.offers == (step.offers if isinstance(step, Effect) else None)


def test_the_least_cap_is_the_escrow_and_the_first_hold_and_one_step() -> None:
    """By hand: 16,000 and 6,000 bytes in at 0.15, 256 tokens out at 0.60, and the escrow's cent."""
    mine = plan(find_order, read_ticket, draft_reply)
    least = least_cap(mine, sheet(mine))
    assert least == Amount(usd=Decimal("0.0134536"), tokens=22_256, calls=1, steps=3)


def test_the_least_cap_is_of_the_numbers_in_the_sheet() -> None:
    """An open run's sheet holds its own, also when the code has others by now."""
    mine = plan(read_ticket)
    smaller = numbers_of(read_ticket).model_copy(update={"max_request_bytes": 1_000, "overhead_bytes": 0})
    resolved = sheet(mine, steps={"read_ticket": smaller}, escrow=Escrow(amount=Amount(steps=5)))
    assert least_cap(mine, resolved) == Amount(usd=Decimal("0.0003036"), tokens=1_256, calls=1, steps=6)


def test_a_plan_without_a_model_needs_no_money_for_its_first_step() -> None:
    """The escrow and one step."""
    mine = plan(find_order)
    assert least_cap(mine, sheet(mine)) == Amount(usd=Decimal("0.01"), steps=3)


def test_without_a_word_every_step_may_occur_once() -> None:
    """A second one ends the run with a named failure: its certificate would be void."""
    mine = plan(read_ticket, find_order)
    mine.check_steps({"read_ticket": 1, "find_order": 1})
    with pytest.raises(ApplicationError, match="read-mail declares no run of 2 read_ticket") as refused:
        mine.check_steps({"read_ticket": 2})
    assert (refused.value.type, refused.value.non_retryable) == ("undeclared_step", True)


def test_a_run_has_to_fit_into_one_of_the_declared_kinds() -> None:
    """Not into their sum."""
    mine = plan(
        read_ticket, find_order, hand_to_desk, at_most=({read_ticket: 2, find_order: 1}, {hand_to_desk: 2})
    )
    mine.check_steps({"read_ticket": 2, "find_order": 1})
    mine.check_steps({"hand_to_desk": 2})
    for too_many in ({"read_ticket": 3}, {"read_ticket": 1, "hand_to_desk": 1}):
        with pytest.raises(ApplicationError, match="declares no run of"):
            mine.check_steps(too_many)


def test_a_person_is_asked_about_declared_effects_only_and_once() -> None:
    """A question is time and events, which a certificate counts."""
    mine = plan(issue_refund, hand_to_desk, asks=(issue_refund,))
    mine.check_question("issue_refund", 1)
    for effect, asked in (("issue_refund", 2), ("hand_to_desk", 1)):
        with pytest.raises(ApplicationError) as refused:
            mine.check_question(effect, asked)
        assert refused.value.type == "undeclared_question"


def test_only_steps_of_the_plan_are_counted_or_asked_about() -> None:
    """At import, every one by its name."""
    for changes in ({"at_most": ({find_order: 1},)}, {"asks": (issue_refund,)}, {"way_out": (find_order,)}):
        with pytest.raises(ValueError, match="read-mail: not among its steps: "):
            plan(read_ticket, **changes)
