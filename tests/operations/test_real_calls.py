"""A backtest may ask a model where its recording has no reply: so often, for so much, and never unasked."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from activities.catalogue import load_catalogue
from activities.models import ModelActivities
from activities.prompts.messages import system
from contracts.attempts import Fault
from operations.backtesting import Backtested, Verdict, backtest
from operations.current_prompts import MODEL_TASKS
from operations.real_calls import RealCalls
from operations.recordings import Recording
from tests.fault_server import FaultServer, faults
from tests.operations.recorded import recorded
from tests.workflows.world import as_read, models_toml
from workflows.resolve_ticket import ResolveTicket

ENOUGH, NOTHING = Decimal("0.05"), Decimal(0)
HISTORY = recorded("refunded-at-once")
(ROUTE,) = Recording(HISTORY).sheet.routes


@pytest.fixture
async def provider() -> AsyncIterator[FaultServer]:
    async with FaultServer() as serving:
        yield serving


@pytest.fixture(autouse=True)
def another_prompt(monkeypatch: pytest.MonkeyPatch) -> None:
    """For the first of the run's two model calls."""
    old = MODEL_TASKS["read_ticket"]
    new = replace(old, prompt=lambda request: [system("Be brief."), *old.prompt(request)])
    monkeypatch.setitem(MODEL_TASKS, "read_ticket", new)


@asynccontextmanager
async def allowed(
    provider: FaultServer, folder: Path, calls: int, usd: Decimal = ENOUGH, model: str = "scripted"
) -> AsyncIterator[RealCalls]:
    """With the recorded route at this provider, as a worker's configuration would have it."""
    file = folder / "models.toml"
    file.write_text(models_toml(ROUTE.name, provider.address).replace("scripted", model))
    models = ModelActivities(load_catalogue(file, {}))
    try:
        yield RealCalls(models, calls=calls, usd=usd)
    finally:
        await models.close()


async def outcome(real: RealCalls | None) -> Backtested:
    return await backtest(HISTORY, [ResolveTicket], real=real)


async def test_nothing_is_called_that_was_not_allowed(provider: FaultServer) -> None:
    found = await outcome(None)
    assert found.missing == "read_ticket: the prompt would differ from what was sent"
    assert (found.calls, provider.entries) == ((), [])


async def test_a_changed_prompt_is_answered_by_one_real_call(provider: FaultServer, tmp_path: Path) -> None:
    """The new prompt is sent; the model says the same, so everything after it is answered as recorded."""
    provider.script(as_read("01"), task="read_ticket")
    async with allowed(provider, tmp_path, 5) as real:
        found = await outcome(real)
    assert (found.verdict, found.missing) == (Verdict.SAME_PATH, None)
    (entry,), (made,) = provider.entries, found.calls
    assert entry.body["messages"][0]["content"] == "Be brief."
    assert (entry.task, entry.request_id) == ("read_ticket", made.attempt_id)
    assert made.proven_usd == ROUTE.price.of(entry.input_tokens, entry.output_tokens)
    assert (made.unknown_usd, real.proven_usd, real.reached) == (NOTHING, made.proven_usd, "")


async def test_its_attempt_cannot_be_taken_for_the_recorded_one(
    provider: FaultServer, tmp_path: Path
) -> None:
    """Or a bill for it would prove the cost of another call."""
    async with allowed(provider, tmp_path, 1) as real:
        (made,) = (await outcome(real)).calls
    recorded_ids = [each.name for each in Recording(HISTORY).calls["read_ticket"]]
    assert made.attempt_id not in recorded_ids
    assert made.attempt_id.partition("-")[0] == recorded_ids[0].partition("-")[0]


async def test_a_lost_call_is_booked_as_unknown_and_made_once_more(
    provider: FaultServer, tmp_path: Path
) -> None:
    """By the purse as by the run's own ledger, at its worst case; the repeated one is proven."""
    provider.script(faults.reset(), as_read("01"), task="read_ticket")
    async with allowed(provider, tmp_path, 5) as real:
        found = await outcome(real)
    lost, again = found.calls
    assert len(provider.entries) == 2
    assert (lost.fault, lost.proven_usd) == (Fault.CONNECTION_LOST, NOTHING)
    assert (again.fault, again.unknown_usd) == (None, NOTHING)
    assert lost.unknown_usd > again.proven_usd > 0
    assert (real.proven_usd, real.unknown_usd) == (again.proven_usd, lost.unknown_usd)
    # The other call of the run was answered as recorded.
    assert found.now_usd is not None
    extra = lost.unknown_usd + again.proven_usd - first_cost()
    assert found.now_usd - found.then_usd == extra


def first_cost() -> Decimal:
    """What the recorded run paid for the call that is made anew."""

    ended = Recording(HISTORY).calls["read_ticket"][0].resolution.completed.result
    usage = json.loads(ended.data)["usage"]
    return ROUTE.price.of(usage["input_tokens"], usage["output_tokens"])


async def test_a_refused_call_costs_nothing_and_counts(provider: FaultServer, tmp_path: Path) -> None:
    provider.script(faults.status(503), task="read_ticket")
    async with allowed(provider, tmp_path, 1) as real:
        found = await outcome(real)
    (made,) = found.calls
    assert (made.fault, made.proven_usd, made.unknown_usd) == (Fault.OVERLOADED, NOTHING, NOTHING)
    assert len(provider.entries) == 1
    assert real.reached == "--calls 1 is reached"
    assert found.missing is not None
    assert found.missing.endswith("; --calls 1 is reached")


async def test_no_call_is_made_whose_worst_case_is_above_the_rest(
    provider: FaultServer, tmp_path: Path
) -> None:
    """Though it would probably have cost less."""
    async with allowed(provider, tmp_path, 5, Decimal("0.0001")) as real:
        found = await outcome(real)
    assert found.verdict is Verdict.NOT_ANSWERABLE
    assert found.missing is not None
    assert "--usd 0.0001 is reached: one more could cost 0.001" in found.missing
    assert (provider.entries, real.made) == ([], [])


async def test_what_is_unknown_counts_against_the_cap(provider: FaultServer, tmp_path: Path) -> None:
    """One lost call takes all there is, so that no other is made."""
    provider.script(faults.reset(), task="read_ticket")
    async with allowed(provider, tmp_path, 5, Decimal("0.0015")) as real:
        found = await outcome(real)
    assert len(provider.entries) == len(found.calls) == 1
    assert real.proven_usd + real.unknown_usd <= real.usd
    assert real.reached.startswith("--usd 0.0015 is reached")


async def test_the_caps_hold_over_all_runs(provider: FaultServer, tmp_path: Path) -> None:
    provider.script(as_read("01"), as_read("01"), task="read_ticket")
    async with allowed(provider, tmp_path, 2) as real:
        found = [await outcome(real) for _ in range(3)]
    assert [each.verdict for each in found] == [Verdict.SAME_PATH, Verdict.SAME_PATH, Verdict.NOT_ANSWERABLE]
    assert [len(each.calls) for each in found] == [1, 1, 0]
    assert len(provider.entries) == 2


async def test_a_route_that_is_another_model_now_is_not_asked(provider: FaultServer, tmp_path: Path) -> None:
    """Its reply would be of a model that the run does not name, at a price that nobody agreed to."""
    async with allowed(provider, tmp_path, 5, model="other") as real:
        found = await outcome(real)
    assert found.missing is not None
    assert f"{ROUTE.name} is other now, not scripted; --profile" in found.missing
    assert (provider.entries, real.made) == ([], [])
