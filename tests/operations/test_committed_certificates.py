"""The certificates of the shipped workflows, as they are committed: a change that raises one is seen."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from activities.catalogue import load_catalogue
from contracts.certificates import MOST_EVENTS, Certificate
from contracts.steps import ModelTask
from contracts.terms import Terms
from operations.adversarial import certified
from operations.certificates import as_json, raised
from worker import WORKFLOWS

FOLDER = Path(__file__).parents[2] / "certificates"
CATALOGUE = load_catalogue(FOLDER / "models.toml", {})
ANEW = "if that is meant: make certify"


def current(workflow: Any) -> Certificate:
    """As the command line computes it, by the prices that stand beside the certificates."""
    plan = workflow.plan
    terms = Terms(
        tenant="certify",
        requested_by="certify",
        cap=plan.cap,
        deadline=plan.deadline,
        profile=CATALOGUE.profiles[0],
        park=timedelta(hours=4),
    )
    return certified(plan, CATALOGUE, terms)


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda each: each.plan.name)
def test_no_certificate_was_raised_or_lowered_unseen(workflow: Any) -> None:
    """Each difference is a line that says by how much and where; a lowered one would hide the next raise."""
    now = current(workflow)
    committed = FOLDER / f"{workflow.plan.name}.json"
    assert committed.exists(), f"{committed.name} is missing: make certify"
    before = Certificate.model_validate_json(committed.read_text())
    changes = "\n".join(raised(before, now))
    assert not changes, f"\n{changes}\n{ANEW}"
    assert committed.read_text() == as_json(now) + "\n", ANEW


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda each: each.plan.name)
def test_every_shipped_workflow_may_start_and_leaves_in_time(workflow: Any) -> None:
    """Its history cannot grow too long, and its escrow has the time and the steps for its way out."""
    now, plan = current(workflow), workflow.plan
    assert now.events <= MOST_EVENTS
    assert now.way_out_s <= now.escrow_s
    assert now.time_s <= plan.deadline.total_seconds()
    assert plan.escrow.amount.steps >= len(plan.way_out)
    assert not any(isinstance(step, ModelTask) for step in plan.way_out)


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda each: each.plan.name)
def test_the_default_cap_has_room_for_every_step_of_the_longest_run(workflow: Any) -> None:
    """What is kept for the way out is not free before it: the story's own steps fit beside it."""
    plan = workflow.plan
    assert current(workflow).worst.steps <= plan.cap.steps


def test_a_raised_bound_is_told_by_how_much_and_where(monkeypatch: pytest.MonkeyPatch) -> None:
    """One attempt more for each reply: the test above would fail with these lines."""
    (workflow,) = [each for each in WORKFLOWS if each.plan.name == "resolve-ticket"]
    before = current(workflow)
    for step in workflow.plan.steps:
        if step.name == "draft_reply":
            more = step.policy.model_copy(update={"attempts": step.policy.attempts + 1})
            monkeypatch.setitem(step.__dict__, "policy", more)
    lines = list(raised(before, current(workflow)))
    assert "resolve-ticket calls: raised by 8, from 64 to 72" in lines
    assert "resolve-ticket draft_reply.attempts: raised by 8, from 32 to 40" in lines
    assert not any("read_ticket" in line or "lowered" in line for line in lines)
