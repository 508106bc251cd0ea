"""A run's story is in its history: nothing else is needed to tell it, at any moment of the run."""

import json
import socket
from datetime import datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console
from temporalio.client import WorkflowHistory

from operations.decision_rows import tables_of
from operations.explaining import explain
from operations.histories import decided, links, load
from operations.lines import wrapped
from operations.recomputing import recompute
from operations.statuses import print_status
from operations.story import Story, story
from operations.story_items import Booked, Decided, LeftEarly, PersonAnswered, StageEntered, Waited
from tests.operations.recorded import HISTORIES, recorded
from worker import WORKFLOWS

every_history = pytest.mark.parametrize("file", HISTORIES, ids=lambda file: file.stem)


def text_of(history: WorkflowHistory, *, width: int = 110, tables: dict[str, Any] | None = None) -> str:
    """The explanation as it is printed."""
    return printed(story(history), width=width, tables=tables)


def printed(
    told: Story, *, width: int = 110, tables: dict[str, Any] | None = None, now: datetime | None = None
) -> str:
    out = StringIO()
    known = tables_of(WORKFLOWS) if tables is None else tables
    explain(told, known, Console(file=out, width=width, color_system=None), now=now)
    return out.getvalue()


def asked() -> WorkflowHistory:
    """A history that ends while its run waits for a person."""
    history = recorded("refunded-after-approval")
    answered = next(
        at for at, event in enumerate(history.events) if event.HasField("timer_canceled_event_attributes")
    )
    return WorkflowHistory(history.workflow_id, history.events[: answered - 3])


@every_history
def test_the_totals_of_a_story_are_the_ledgers(file: Path) -> None:
    """What is added up from events is what the run's own last balance says."""
    history = load(file)
    told, balance = story(history), list(links(history))[-1][1].balance
    assert told.state == "completed"
    assert (told.totals.proven_usd, told.totals.proven_tokens) == (
        balance.settled.usd,
        balance.settled.tokens,
    )
    assert (told.totals.unknown.usd, told.totals.unknown.tokens) == (
        balance.unknown.usd,
        balance.unknown.tokens,
    )
    assert told.totals.steps == balance.settled.steps
    assert told.totals.model_attempts == balance.settled.calls + balance.unknown.calls
    assert told.totals.held.calls == 0


@every_history
async def test_stages_and_decisions_are_those_that_the_code_went_through(file: Path) -> None:
    """The last stage and every decision in its order agree with the recomputed status.

    A run that ends in the stage that it begins in has entered none.
    """
    history = load(file)
    told = story(history)
    status = (await recompute(history, WORKFLOWS)).status
    assert status is not None
    stages = [item.stage for item in told.items if isinstance(item, StageEntered)]
    decisions = [(item.table, item.outcome) for item in told.items if isinstance(item, Decided)]
    (plan,) = (each.plan for each in WORKFLOWS if each.plan.name == told.workflow)
    assert [next(iter(plan.stages)), *stages][-1] == status.stage
    assert decisions == [(line.table, line.outcome) for line in status.decisions]


@every_history
def test_a_history_cut_after_any_event_has_a_story(file: Path) -> None:
    """What no worker has taken note of is about to happen; before the first task nothing has started."""
    history = load(file)
    for end in range(1, len(history.events)):
        past = WorkflowHistory(history.workflow_id, history.events[:end])
        told = story(past)
        first_task = next(
            i for i, e in enumerate(history.events) if e.HasField("workflow_task_completed_event_attributes")
        )
        assert told.state == ("not started" if end <= first_task else "running")
        if told.state == "running":
            last = decided(past).events[-1].event_id
            assert all(item.beyond == (item.event > last) for item in told.items if item.kind != "attempt")
            ended = [each for each in told.attempts if each.outcome not in {"queued", "running"}]
            assert bool(told.about_to) == any(not each.taken_in for each in ended) or told.about_to
        assert text_of(past)


@every_history
def test_a_story_needs_no_socket(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No server is asked for anything."""

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a story opened a socket")

    monkeypatch.setattr(socket, "socket", refuse)
    assert story(load(file)).items


@every_history
def test_no_line_is_wider_than_the_terminal(file: Path) -> None:
    """Wide or narrow, and without trailing space."""
    for width in (48, 80, 140):
        lines = text_of(load(file), width=width).splitlines()
        wide = [line for line in lines if len(line) > width]
        assert all(len(line.split()) == 1 for line in wide), wide  # an id is never broken
        assert not any(line != line.rstrip() for line in lines)


def test_a_decision_is_shown_with_its_values_and_the_row_that_hit() -> None:
    text = text_of(recorded("refunded-at-once"))
    assert "no  1. ask_order_number if orders_found (1) is not 1" in text
    assert "→   8. refund, as total (24.8) <= approval_above_usd (50)" in text


def test_a_table_that_is_gone_or_newer_is_shown_as_recorded() -> None:
    history = recorded("refunded-at-once")
    assert "as recorded; the current code has no table of this name" in text_of(history, tables={})
    table = tables_of(WORKFLOWS)["remedy"]
    table.version += 1
    try:
        text = text_of(history)
    finally:
        table.version -= 1
    assert "as recorded; the current code has version 2" in text
    assert "orders_found: 1" in text


def test_an_answer_names_the_person_and_comes_after_the_question() -> None:
    told = story(recorded("refunded-after-approval"))
    kinds = [item.kind for item in told.items]
    answer = next(item for item in told.items if isinstance(item, PersonAnswered))
    assert answer.by
    assert answer.verdict == "approve"
    assert kinds.index("decision") < kinds.index("answer") < kinds.index("approval")


def test_an_expired_question_is_told_after_its_timer() -> None:
    told = story(recorded("handed-over-when-nobody-answered"))
    timer = next(
        i for i, item in enumerate(told.items) if isinstance(item, Waited) and "approval" in item.what
    )
    approval = next(i for i, item in enumerate(told.items) if item.kind == "approval")
    assert timer < approval


def test_a_lost_attempt_is_neither_free_nor_paid() -> None:
    told = story(recorded("refunded-in-spite-of-faults"))
    lost = [attempt for attempt in told.attempts if attempt.cost is Booked.UNKNOWN and attempt.route]
    assert [attempt.usd for attempt in lost] == [None]
    assert lost[0].hold.usd > 0
    assert "cost unknown, booked at its worst case" in text_of(
        recorded("refunded-in-spite-of-faults"), width=400
    )


def test_the_way_out_begins_where_the_story_was_left() -> None:
    told = story(recorded("handed-over-when-cancelled"))
    left = next(i for i, item in enumerate(told.items) if isinstance(item, LeftEarly))
    asked = next(i for i, item in enumerate(told.items) if item.kind == "cancel")
    handing_over = next(
        i
        for i, item in enumerate(told.items)
        if isinstance(item, StageEntered) and item.stage == "handing_over"
    )
    assert asked < left < handing_over


def test_a_stage_that_passed_within_one_task_is_told_though_no_event_of_its_own_shows_it() -> None:
    """The order was looked up in the task that began the refund: lists never showed that stage."""
    history = recorded("refunded-at-once")
    shown = [
        json.loads(fields["TenutoStage"].data)
        for event in history.events
        if "TenutoStage"
        in (
            fields
            := event.upsert_workflow_search_attributes_event_attributes.search_attributes.indexed_fields
        )
    ]
    told = [item.stage for item in story(history).items if isinstance(item, StageEntered)]
    assert shown == ["refunding", "replying"]
    assert told == ["looking_up", "refunding", "replying"]


def test_a_question_that_waits_shows_its_stage_before_any_link_carries_it() -> None:
    """Nothing follows the question yet that could carry the trail."""
    told = story(asked())
    assert [item.stage for item in told.items if isinstance(item, StageEntered)][-1] == "awaiting_approval"


async def test_what_no_link_carries_yet_is_told_as_the_current_code_decides() -> None:
    """A run that waits for a person: nothing has followed its last decision that could carry it."""
    history = decided(asked())
    pending = (await recompute(history, WORKFLOWS)).pending
    told = story(history, pending)
    (decision,) = [item for item in told.pending if isinstance(item, Decided)]
    assert (decision.table, decision.outcome) == ("remedy", "ask_approval")
    assert not any(isinstance(item, Decided) and item.table == "remedy" for item in told.items)
    stages = [item.stage for item in (*told.items, *told.pending) if isinstance(item, StageEntered)]
    assert sorted(stages) == sorted(set(stages))
    lines = [line.strip() for line in printed(told).splitlines()]
    at = lines.index("not in the history's trail yet; as the current code decides:")
    assert any(line.startswith("decided remedy v1: ask_approval") for line in lines[at:])
    assert any(line.startswith("→") for line in lines[at:])


def test_an_open_run_is_as_old_as_it_is_now_and_a_file_as_its_last_event() -> None:
    told = story(asked())
    later = told.started_at + timedelta(minutes=4)
    assert "running for 4 min   since" in printed(told, now=later)
    assert "running at its last recorded event, " in printed(told)


@pytest.mark.parametrize("width", [30, 40, 60, 200])
def test_an_id_that_fits_the_terminal_is_never_broken(width: int) -> None:
    name = "a-long/name-of-a/run-27-characters"[:width]
    parts = [part.plain for part in wrapped((11, f"before {name} after", ""), width, head="+1m5s      ")]
    assert any(name in part for part in parts)
    assert max(map(len, parts)) <= width


def test_a_recorded_escape_sequence_does_not_reach_the_terminal() -> None:
    """What customers write is shown; a terminal must not obey it."""
    history = recorded("refunded-at-once")
    told = story(history).model_copy(update={"reason": "\x1b[2Jgone\x07"})
    out = StringIO()
    explain(told, {}, Console(file=out, width=80, color_system=None))
    assert "\x1b" not in out.getvalue()
    assert "gone" in out.getvalue()


@every_history
async def test_a_status_from_a_history_is_rendered(file: Path) -> None:
    """Stage, steps and money are in it."""
    status = (await recompute(load(file), WORKFLOWS)).status
    assert status is not None
    out = StringIO()
    print_status(status, Console(file=out, width=100, color_system=None))
    text = out.getvalue()
    assert f"stage {status.stage}" in text
    assert all(step.name in text for step in status.steps)
    assert "proven" in text
