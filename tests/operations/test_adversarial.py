"""The worst sequence of faults, on a real server whose time is skipped: near the certificate, never above."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from activities.catalogue import load_catalogue
from contracts.receipts import Ending
from contracts.terms import Amount, Terms
from embedded.skipping_server import skipping_server
from operations.adversarial import Attack, attack, certified
from operations.certificates import exceeded
from operations.story import story
from operations.verification import verify
from operations.worst_stories import WORST_STORIES
from tests.operations.recorded import lowered
from worker import WORKFLOWS
from workflows.resolve_ticket import PLAN, ResolveTicket

CATALOGUE = load_catalogue(Path(__file__).parents[2] / "certificates" / "models.toml", {})
TERMS = Terms(
    tenant="acme",
    requested_by="bob",
    cap=PLAN.cap,
    deadline=PLAN.deadline,
    profile="careful",
    park=timedelta(hours=4),
)


@pytest.fixture(scope="module")
def attacks() -> Sequence[Attack]:
    """Every story of every workflow, one after the other."""

    async def all_of_them() -> list[Attack]:
        async with skipping_server() as skipper:
            return [
                await attack(skipper.client, skipper.fast_forward, each, worst, CATALOGUE, TERMS)
                for each in WORKFLOWS
                for worst in WORST_STORIES[each.plan.name]
            ]

    return asyncio.run(all_of_them())


def test_every_workflow_has_a_worst_story() -> None:
    """Without one nobody would know whether its certificate is near the truth."""
    assert [each.plan.name for each in WORKFLOWS if not WORST_STORIES.get(each.plan.name)] == []


def test_no_sequence_of_faults_exceeds_the_certificate(attacks: Sequence[Attack]) -> None:
    """Though every cap is lifted."""
    assert [line for each in attacks for line in each.exceeded] == []


@pytest.mark.parametrize("measure", Amount.model_fields)
def test_the_worst_run_comes_near_to_the_certificate(measure: str, attacks: Sequence[Attack]) -> None:
    """Within a tenth: a bound that nothing can reach would tell nobody anything."""
    bound = getattr(certified(ResolveTicket, CATALOGUE, TERMS).worst, measure)
    came = max(getattr(each.reached.amount, measure) for each in attacks)
    assert bound * 9 <= came * 10
    assert came <= bound


def test_a_step_that_never_succeeds_is_tried_exactly_as_often_as_certified(
    attacks: Sequence[Attack],
) -> None:
    """There the adversary does not know when to stop: it is the kernel that gives up."""
    certificate = {step.step: step for step in certified(ResolveTicket, CATALOGUE, TERMS).steps}
    tried = [
        attacks[0].reached.attempts["send_reply"],
        attacks[2].reached.attempts["read_ticket"],
    ]
    assert tried == [certificate["send_reply"].attempts, certificate["read_ticket"].attempts]


def test_the_worst_stories_end_as_they_are_told(attacks: Sequence[Attack]) -> None:
    """By the way out, after a step that failed for good."""
    told = [story(each.history) for each in attacks]
    assert [each.state for each in told] == ["completed"] * 3
    endings = [Ending.model_validate((each.result or {})["ending"]).step for each in told]
    assert endings == ["send_reply", "hand_to_desk", "read_ticket"]


async def test_their_histories_are_proven_by_the_code(attacks: Sequence[Attack]) -> None:
    """As any other run's."""
    for each in attacks:
        assert (await verify(each.history, WORKFLOWS)).findings == []


@pytest.mark.parametrize(
    ("step", "numbers", "measure"),
    [
        ("read_ticket", {"policy": [120, 3, 3, 1, 60]}, "calls"),
        ("draft_reply", {"policy": [120, 3, 3, 1, 60]}, "usd"),
        ("read_ticket", {"overhead_bytes": 4_000}, "tokens"),
        ("read_ticket", {"max_request_bytes": 13_000}, "usd"),
        ("draft_reply", {"parks": False}, "tokens"),
    ],
)
def test_one_bound_declared_lower_than_it_is_makes_the_worst_run_exceed_it(
    step: str, numbers: dict[str, Any], measure: str, attacks: Sequence[Attack]
) -> None:
    """The check that every test's runs go through would notice it."""
    history = lowered(attacks[0].history, step, **numbers)
    assert any(f" {measure}, certified were " in line for line in exceeded(history, [Uncapped]))


def test_a_step_declared_less_often_than_it_occurs_makes_the_worst_run_exceed_it(
    attacks: Sequence[Attack],
) -> None:
    """Steps are counted as money is."""
    fewer = tuple({step: 1 for step in kind if step.name != "void_refund"} for kind in PLAN.at_most)
    forgetful = SimpleNamespace(plan=replace(PLAN, at_most=fewer))
    (line,) = [line for each in attacks for line in exceeded(each.history, [forgetful]) if "steps" in line]
    assert line.endswith("7 steps, certified were 6")


class Uncapped:
    """Of the workflow that was attacked."""

    plan = PLAN
