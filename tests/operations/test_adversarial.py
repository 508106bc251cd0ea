"""The worst sequence of faults, on a real server whose time is skipped: near the certificate, never above."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from temporalio.testing import TimeSkipper

from activities.catalogue import load_catalogue
from contracts.receipts import Ending
from contracts.terms import Amount, Terms
from embedded.skipping_server import skipping_server
from operations.adversarial import Attack, attack, certified, sheet_now
from operations.certificates import exceeded
from operations.story import story
from operations.verification import verify
from operations.worst_documents import SECTIONS
from operations.worst_stories import WORST_STORIES
from tests.operations.recorded import lowered
from worker import WORKFLOWS
from workflows.extract_records import PLAN as EXTRACTION
from workflows.kernel.plan import Plan
from workflows.resolve_ticket import PLAN as RESOLUTION

CATALOGUE = load_catalogue(Path(__file__).parents[2] / "certificates" / "models.toml", {})
NAMES = [each.plan.name for each in WORKFLOWS]

Attacks = Mapping[str, Sequence[Attack]]


def terms(plan: Plan) -> Terms:
    return Terms(
        tenant="acme",
        requested_by="bob",
        cap=plan.cap,
        deadline=plan.deadline,
        profile="careful",
        park=timedelta(hours=4),
    )


@pytest.fixture(scope="module")
def attacks() -> Attacks:
    """Every story of every workflow, one after the other."""

    async def all_of(workflow: Any, skipper: TimeSkipper) -> list[Attack]:
        usual = terms(workflow.plan)
        stories = WORST_STORIES[workflow.plan.name](sheet_now(workflow.plan, CATALOGUE, usual))
        return [
            await attack(skipper.client, skipper.fast_forward, workflow, each, CATALOGUE, usual)
            for each in stories
        ]

    async def all_of_them() -> Attacks:
        async with skipping_server() as skipper:
            return {each.plan.name: await all_of(each, skipper) for each in WORKFLOWS}

    return asyncio.run(all_of_them())


def test_every_workflow_has_a_worst_story() -> None:
    """Without one nobody would know whether its certificate is near the truth."""
    assert [name for name in NAMES if name not in WORST_STORIES] == []


def test_no_sequence_of_faults_exceeds_the_certificate(attacks: Attacks) -> None:
    """Though every cap is lifted."""
    assert [line for name in NAMES for each in attacks[name] for line in each.exceeded] == []


@pytest.mark.parametrize("measure", Amount.model_fields)
@pytest.mark.parametrize("name", NAMES)
def test_the_worst_run_comes_near_to_the_certificate(name: str, measure: str, attacks: Attacks) -> None:
    """Within a tenth: a bound that nothing can reach would tell nobody anything."""
    (bound,) = {getattr(each.bound.worst, measure) for each in attacks[name]}
    came = max(getattr(each.reached.amount, measure) for each in attacks[name])
    told = f"{name}: the worst run stays below nine tenths of its certificate: {came} of {bound} {measure}"
    assert bound * 9 <= came * 10, told
    assert came <= bound


def test_a_story_is_held_against_the_plan_with_no_more_steps_than_its_input_allows(attacks: Attacks) -> None:
    """A ticket against the whole plan; a document against as many sections as it has, at the same bounds."""
    for each in attacks[RESOLUTION.name]:
        assert each.bound.worst == certified(RESOLUTION, CATALOGUE, terms(RESOLUTION)).worst
    whole = certified(EXTRACTION, CATALOGUE, terms(EXTRACTION))
    for each in attacks[EXTRACTION.name]:
        for told, step in zip(each.bound.steps, whole.steps, strict=True):
            assert told.attempts == step.attempts
            assert told.usd * step.times == step.usd * told.times
            assert told.times == (SECTIONS if step.step == "read_section" else step.times)
        assert each.reached.attempts["read_section"] == SECTIONS * 4


@pytest.mark.parametrize(
    ("name", "number", "step"),
    [
        (RESOLUTION.name, 0, "send_reply"),
        (RESOLUTION.name, 2, "read_ticket"),
        (EXTRACTION.name, 0, "write_record"),
        (EXTRACTION.name, 1, "read_again"),
        (EXTRACTION.name, 2, "read_section"),
    ],
)
def test_a_step_that_never_succeeds_is_tried_exactly_as_often_as_certified(
    name: str, number: int, step: str, attacks: Attacks
) -> None:
    """There the adversary does not know when to stop: it is the kernel that gives up."""
    attacked = attacks[name][number]
    (certified_step,) = [each for each in attacked.bound.steps if each.step == step]
    assert attacked.reached.attempts[step] == certified_step.attempts * certified_step.times


def test_the_worst_stories_end_as_they_are_told(attacks: Attacks) -> None:
    """By the way out, after a step that failed for good; but a section's failure is only a gap."""
    names = (RESOLUTION.name, EXTRACTION.name)
    told = [story(each.history) for name in names for each in attacks[name]]
    assert [each.state for each in told] == ["completed"] * 6
    endings = [
        Ending.model_validate(ending).step if (ending := (each.result or {}).get("ending")) else None
        for each in told
    ]
    assert endings == ["send_reply", "hand_to_desk", "read_ticket", "write_record", "hand_to_desk", None]
    result = told[-1].result or {}
    assert (result["path"], len(result["missing_pages"])) == ("partial", 1)


async def test_their_histories_are_proven_by_the_code(attacks: Attacks) -> None:
    """As any other run's."""
    for each in (each for name in NAMES for each in attacks[name]):
        assert (await verify(each.history, WORKFLOWS)).findings == []


@pytest.mark.parametrize(
    ("name", "step", "numbers", "measure"),
    [
        (RESOLUTION.name, "read_ticket", {"policy": [120, 3, 3, 1, 60]}, "calls"),
        (RESOLUTION.name, "draft_reply", {"policy": [120, 3, 3, 1, 60]}, "usd"),
        (RESOLUTION.name, "read_ticket", {"overhead_bytes": 4_000}, "tokens"),
        (RESOLUTION.name, "read_ticket", {"max_request_bytes": 13_000}, "usd"),
        (RESOLUTION.name, "draft_reply", {"parks": False}, "tokens"),
        (EXTRACTION.name, "read_section", {"policy": [120, 1, 3, 1, 60]}, "usd"),
        (EXTRACTION.name, "read_section", {"overhead_bytes": 4_000}, "tokens"),
        (EXTRACTION.name, "read_section", {"max_request_bytes": 24_000}, "usd"),
        (EXTRACTION.name, "read_section", {"max_output_tokens": 1_250}, "usd"),
        (EXTRACTION.name, "read_again", {"policy": [120, 1, 3, 1, 60]}, "calls"),
        (EXTRACTION.name, "write_record", {"policy": [10, 3, 3, 1, 60]}, "attempts of write_record"),
        (EXTRACTION.name, "write_record", {"parks": False}, "attempts of write_record"),
    ],
)
def test_one_bound_declared_lower_than_it_is_makes_the_worst_run_exceed_it(
    name: str, step: str, numbers: dict[str, Any], measure: str, attacks: Attacks
) -> None:
    """The check that every test's runs go through would notice it."""
    first = attacks[name][0]
    history = lowered(first.history, step, **numbers)
    found = exceeded(history, [SimpleNamespace(plan=first.plan)])
    assert any(f" {measure}, certified were " in line for line in found)


@pytest.mark.parametrize(
    ("name", "fewer", "told"),
    [
        (RESOLUTION.name, {"void_refund": 0, "hand_to_desk": 1}, "7 steps, certified were 6"),
        (EXTRACTION.name, {"read_section": SECTIONS - 2}, "45 steps, certified were 44"),
    ],
)
def test_a_step_declared_less_often_than_it_occurs_makes_the_worst_run_exceed_it(
    name: str, fewer: Mapping[str, int], told: str, attacks: Attacks
) -> None:
    """Steps are counted as money is."""
    found = []
    for each in attacks[name]:
        kinds = tuple(
            {step: min(number, fewer.get(step.name, number)) for step, number in kind.items()}
            for kind in each.plan.at_most
        )
        forgetful = SimpleNamespace(plan=replace(each.plan, at_most=kinds))
        found += [line for line in exceeded(each.history, [forgetful]) if "steps" in line]
    assert found
    assert all(line.endswith(told) for line in found)
