"""What the current code would have done with recorded runs: same path, other path, or nobody can say."""

import json
import re
from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from temporalio.api.enums.v1 import EventType
from temporalio.client import WorkflowHistory

from activities.prompts.messages import system
from contracts.sheet import Price
from operations.backtesting import Backtested, Verdict, backtest
from operations.current_prompts import MODEL_TASKS
from operations.histories import attributes_of, load
from operations.new_sheets import Changes
from operations.recordings import Recording
from tests.operations.changed_code import (
    AsksForHalf,
    Breaks,
    NewRules,
    NewThreshold,
    TellsTheDesk,
    Tidied,
)
from tests.operations.recorded import HISTORIES, TICKETS, recorded
from worker import WORKFLOWS
from workflows.resolve_ticket import ResolveTicket

NOW = WORKFLOWS


async def outcome_of(name: str, workflow: Any = ResolveTicket, **options: Any) -> Backtested:
    return await backtest(recorded(name), [workflow], **options)


def limits(**thresholds: int | str) -> Changes:
    return Changes(thresholds={name: Decimal(number) for name, number in thresholds.items()})


@pytest.mark.parametrize("file", HISTORIES, ids=lambda file: file.stem)
async def test_unchanged_code_goes_the_same_path_at_the_same_cost(file: Path) -> None:
    """Every history of the corpus: faults, answers, repairs, timers, cancellations, ways out."""
    found = await backtest(load(file), NOW)
    assert (found.verdict, found.parting, found.missing) == (Verdict.SAME_PATH, None, None)
    assert found.now_usd == found.then_usd


@pytest.mark.parametrize("file", TICKETS, ids=lambda file: file.stem)
async def test_a_pure_refactoring_goes_the_same_path(file: Path) -> None:
    """Other methods, other words, a row that became two; the same decisions, calls and cost."""
    found = await backtest(load(file), [Tidied])
    assert (found.verdict, found.parting, found.missing) == (Verdict.SAME_PATH, None, None)
    assert found.now_usd == found.then_usd


async def test_a_threshold_that_flips_a_decision_is_shown_with_its_row() -> None:
    """The person's answer is no longer needed, and everything else was recorded."""
    found = await outcome_of("refunded-after-approval", changes=limits(approval_above_usd=200))
    assert found.verdict is Verdict.OTHER_PATH
    assert found.parting is not None
    assert (str(found.parting.then), str(found.parting.now)) == (
        "decides remedy: ask_approval",
        "decides remedy: refund",
    )
    assert found.parting.reasons == (
        "then small enough to pay at once: total (129) <= approval_above_usd (50): does not hold",
        "now small enough to pay at once: total (129) <= approval_above_usd (200): holds",
    )
    assert (found.missing, found.difference) == (None, Decimal(0))


async def test_the_number_in_the_code_counts_as_the_threshold() -> None:
    found = await outcome_of("refunded-after-approval", NewThreshold)
    assert found.verdict is Verdict.OTHER_PATH


async def test_a_question_that_nobody_was_asked_ends_what_is_known() -> None:
    """The path parts before it, so that much is certain; what a person would have said is not."""
    found = await outcome_of("refunded-at-once", changes=limits(approval_above_usd=1))
    assert found.verdict is Verdict.OTHER_PATH
    assert found.missing == "issue_refund: no person was asked to approve this"
    assert found.now_usd is None


async def test_an_answer_that_would_come_too_late_changes_nothing() -> None:
    """The question expires before the recorded answer; then the recording ends."""
    found = await outcome_of("refunded-after-approval", changes=limits(approval_hours="0.000001"))
    assert found.verdict is Verdict.OTHER_PATH
    assert found.parting is not None
    assert (str(found.parting.then), str(found.parting.now)) == (
        "asks issue_refund: approved",
        "asks issue_refund: expired",
    )


async def test_a_new_row_is_named_with_the_values_put_in() -> None:
    found = await outcome_of("refunded-at-once", NewRules)
    assert found.verdict is Verdict.OTHER_PATH
    assert found.parting is not None
    assert found.parting.reasons[-2:] == (
        "now row 8: a person looks at everything above ten dollars: total (24.8) > 10",
        "the table's rows are others",
    )


@pytest.mark.parametrize("name", ["refunded-after-approval", "denied-by-a-person"])
async def test_a_person_would_say_the_same_to_the_same_action_under_a_new_table(name: str) -> None:
    """The answer was bound to the old version of the policy; what it was about is the same."""
    found = await outcome_of(name, NewRules)
    assert (found.verdict, found.missing) == (Verdict.SAME_PATH, None)


async def test_a_person_may_have_said_something_else_to_another_amount() -> None:
    found = await outcome_of("refunded-after-approval", AsksForHalf)
    assert found.verdict is Verdict.NOT_ANSWERABLE
    assert found.missing == "issue_refund: no person was asked to approve this"


async def test_an_effect_with_another_request_was_never_recorded() -> None:
    found = await outcome_of("refunded-at-once", AsksForHalf)
    assert found.verdict is Verdict.NOT_ANSWERABLE
    assert found.missing == "issue_refund: it was called with another request"


async def test_a_step_more_is_another_path() -> None:
    found = await outcome_of("refunded-at-once", TellsTheDesk)
    assert found.verdict is Verdict.OTHER_PATH
    assert found.parting is not None
    assert str(found.parting.then) == "calls issue_refund"
    assert str(found.parting.now) == "calls hand_to_desk"
    assert found.missing == "hand_to_desk: it was never called"


async def test_code_that_breaks_is_said_to_break() -> None:
    """Temporal would try the task for ever."""
    found = await outcome_of("refunded-at-once", Breaks)
    assert found.verdict is Verdict.NOT_ANSWERABLE
    assert found.missing == "the code: it fails here: a slip"


async def test_another_prompt_makes_a_run_not_answerable(monkeypatch: pytest.MonkeyPatch) -> None:
    """Unless its replies are assumed to be the same."""
    old = MODEL_TASKS["read_ticket"]
    new = replace(old, prompt=lambda request: [system("Be brief."), *old.prompt(request)])
    monkeypatch.setitem(MODEL_TASKS, "read_ticket", new)
    found = await outcome_of("refunded-at-once")
    assert found.verdict is Verdict.NOT_ANSWERABLE
    assert found.missing == "read_ticket: the prompt would differ from what was sent"
    found = await outcome_of("refunded-at-once", assume_same_replies=True)
    assert (found.verdict, found.missing) == (Verdict.SAME_PATH, None)


@pytest.mark.parametrize(
    ("digest", "words"),
    [("prompt", "the prompt"), ("reply_schema", "the schema of the reply"), ("settings", "the settings")],
)
async def test_each_digest_of_what_was_sent_is_compared(digest: str, words: str) -> None:
    """As if the run had been recorded before a change of it."""
    history = changed_replies(
        recorded("refunded-at-once"), lambda told: told["provenance"].update({digest: "0" * 16})
    )
    found = await backtest(history, NOW)
    assert found.missing == f"read_ticket: {words} would differ from what was sent"
    found = await backtest(history, NOW, assume_same_replies=True)
    assert found.verdict is Verdict.SAME_PATH


async def test_a_reply_that_is_none_any_more_cannot_be_assumed() -> None:
    """The reply's type has changed since."""
    history = changed_replies(
        recorded("refunded-at-once"), lambda told: told["reply"].update(wish="applause")
    )
    for assumed in (False, True):
        found = await backtest(history, NOW, assume_same_replies=assumed)
        assert found.verdict is Verdict.NOT_ANSWERABLE
        assert found.missing is not None
        assert re.match(r"read_ticket: the recorded reply is none any more: reply\.wish: ", found.missing)


async def test_a_price_changes_the_cost_and_not_the_path() -> None:
    """To the last digit: the recorded tokens at the new price."""
    history = recorded("refunded-at-once")
    route = Recording(history).sheet.routes[0]
    doubled = Price(input=route.price.input * 2, output=route.price.output * 2)
    found = await backtest(history, NOW, Changes(prices={route.name: doubled}))
    assert found.verdict is Verdict.SAME_PATH
    assert found.now_usd == found.then_usd * 2
    assert found.difference == found.then_usd


async def test_a_price_above_the_cap_ends_the_run_early() -> None:
    history = recorded("refunded-at-once")
    name = Recording(history).sheet.routes[0].name
    found = await backtest(history, NOW, Changes(prices={name: Price(input=Decimal(6), output=Decimal(1))}))
    assert found.verdict is not Verdict.SAME_PATH


async def test_another_model_answers_only_by_assumption() -> None:
    """Then its price is what differs."""
    history = recorded("refunded-at-once")
    (route,) = Recording(history).sheet.routes
    dear = Price(input=route.price.input * 3, output=route.price.output * 3)
    other = route.model_copy(update={"name": "other", "model": "other", "price": dear})
    found = await backtest(history, NOW, Changes(routes=[other]))
    assert found.missing == "read_ticket: the settings would differ from what was sent"
    found = await backtest(history, NOW, Changes(routes=[other]), assume_same_replies=True)
    assert found.verdict is Verdict.SAME_PATH
    assert found.now_usd == found.then_usd * 3


@pytest.mark.parametrize(
    "name", ["refunded-after-approval", "parked-and-repaired", "handed-over-when-cancelled"]
)
async def test_an_open_run_is_backtested_as_far_as_it_has_come(name: str) -> None:
    """Cut after each event: what lies beyond the recording is missing from no verdict."""
    history = recorded(name)
    for length in range(5, len(history.events)):
        found = await backtest(WorkflowHistory(history.workflow_id, history.events[:length]), NOW)
        if found.missing is None or "no sheet" not in found.missing:
            assert (found.verdict, found.missing) == (Verdict.SAME_PATH, None), f"cut after event {length}"


async def test_an_open_run_that_waits_for_a_person_can_still_flip() -> None:
    """A run cut while its question is open."""
    history = recorded("refunded-after-approval")
    asked = next(
        e.event_id for e in history.events if "update_accepted" in (e.WhichOneof("attributes") or "")
    )
    cut = WorkflowHistory(history.workflow_id, history.events[: asked - 3])
    found = await backtest(cut, NOW, limits(approval_above_usd=200))
    assert (found.verdict, found.open) == (Verdict.OTHER_PATH, True)


async def test_a_terminated_run_is_backtested_as_far_as_it_came() -> None:
    history = recorded("refunded-at-once")
    end = deepcopy(history.events[-1])
    end.ClearField("workflow_execution_completed_event_attributes")
    end.event_type = EventType.EVENT_TYPE_WORKFLOW_EXECUTION_TERMINATED
    end.workflow_execution_terminated_event_attributes.reason = "by hand"
    found = await backtest(WorkflowHistory(history.workflow_id, [*history.events[:20], end]), NOW)
    assert (found.verdict, found.missing, found.now_usd) == (Verdict.SAME_PATH, None, None)


async def test_a_history_of_somebody_else_is_not_answerable() -> None:
    history = recorded("refunded-at-once")
    found = await backtest(history, [])
    assert found.missing == "no workflow 'resolve-ticket' is registered"


def changed_replies(history: WorkflowHistory, change: Callable[[dict[str, Any]], Any]) -> WorkflowHistory:
    """The history with every model's reply changed."""
    events = [deepcopy(event) for event in history.events]
    for event in events:
        if "activity_task_completed" in (event.WhichOneof("attributes") or ""):
            (payload,) = attributes_of(event).result.payloads
            told = json.loads(payload.data)
            if "provenance" in told:
                change(told)
                payload.data = json.dumps(told).encode()
    return WorkflowHistory(history.workflow_id, events)
