"""A step that finally failed waits for a person, who repairs it at a cost that is shown and held first."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from temporalio.client import WorkflowHandle, WorkflowUpdateFailedError

from contracts.attempts import Fault
from contracts.receipts import AttemptEnd, EndingKind, StepLine
from contracts.repairs import Abort, Repair, Retry, Supply
from contracts.resolutions import Path as Way
from contracts.resolutions import Resolution
from operations.verification import verify
from tests.fault_server import faults
from tests.workflows.world import TRUTH, World, as_read, models_toml, sample
from worker import WORKFLOWS
from workflows.kernel.parking import MOST_PARKED, REPAIR
from workflows.kernel.run import PARKED

HOURS = timedelta(hours=4)
CENT = Decimal("0.01")
READING = {**TRUTH["01-broken-mugs.eml"]["reading"], "summary": "Broken mugs."}


@pytest.fixture
async def world(temporal: str, tmp_path: Path) -> AsyncIterator[World]:
    async with World.opened(temporal, tmp_path) as opened:
        other = models_toml(f"{opened.profile}-other", opened.provider.address)
        dear = other.replace("-other]", "-dear]").replace("0.60", "600")
        with opened.settings.models.open("a") as catalogue:
            catalogue.write(other + dear)
        async with opened.working():
            yield opened


async def parked(world: World, **terms: Any) -> WorkflowHandle[Any, Resolution]:
    """A run whose ticket nobody could read, since the provider refuses the key."""
    world.provider.script(faults.status(401), as_read("01"), task="read_ticket")
    handle = await world.start(sample("01"), park=HOURS, **terms)
    await world.waiting(handle, parked=True)
    return handle


async def step(world: World, handle: WorkflowHandle[Any, Resolution], name: str) -> StepLine:
    status = await world.status(handle)
    assert status is not None
    return next(each for each in status.steps if each.name == name)


async def refusal(world: World, handle: WorkflowHandle[Any, Resolution], action: Any) -> str:
    """Why a repair is refused; the run goes on waiting."""
    with pytest.raises(WorkflowUpdateFailedError) as refused:
        await world.repair(handle, action)
    assert await world.waiting(handle, parked=True)
    return str(refused.value.cause)


async def refunded(world: World, handle: WorkflowHandle[Any, Resolution]) -> Resolution:
    """The run came to its own end, and its history proves it."""
    resolution = await world.ended(handle)
    assert (resolution.path, resolution.ending) == (Way.REFUNDED, None)
    assert (await verify(await handle.fetch_history(), WORKFLOWS)).findings == []
    return resolution


async def test_a_parked_run_says_what_it_needs_and_what_happens_otherwise(world: World) -> None:
    """In its status, and as a search attribute by which lists find it and others with the same cause."""
    handle = await parked(world)
    wait = await world.waiting(handle, parked=True)
    assert wait.what == "a person to repair read_ticket (unauthorised)"
    assert wait.otherwise == "the run takes its way out"
    assert wait.details["options"] == ["retry", "supply", "abort"]
    assert Decimal(wait.details["worst_usd"]) > 0
    assert (await step(world, handle, "read_ticket")).state == "parked"
    described = await handle.describe()
    assert described.typed_search_attributes[PARKED] == "read_ticket unauthorised"
    await world.repair(handle, Abort())
    await world.ended(handle)
    assert (await handle.describe()).typed_search_attributes.get(PARKED) is None


async def test_a_retry_goes_on_where_the_run_stopped(world: World) -> None:
    """With one more attempt, whose hold was taken before the repair was answered."""
    handle = await parked(world)
    taken = await world.repair(handle, Retry(at_most_usd=CENT))
    assert Decimal(taken["at_most_usd"]) <= CENT
    await refunded(world, handle)
    assert [entry.task for entry in world.provider.entries] == ["read_ticket"] * 2 + ["draft_reply"]
    assert (await step(world, handle, "read_ticket")).attempts == 2


async def test_a_retry_may_take_another_profile(world: World) -> None:
    """As configuration has it now, recorded in the history, and for this step alone."""
    handle = await parked(world)
    other = f"{world.profile}-other"
    await world.repair(handle, Retry(profile=other, at_most_usd=CENT))
    await refunded(world, handle)
    summaries = [
        event.user_metadata.summary.data.decode()
        for event in (await handle.fetch_history()).events
        if event.HasField("activity_task_scheduled_event_attributes")
    ]
    assert [other in summary for summary in summaries] == [False, True, False, False, False]


async def test_a_retry_may_raise_the_limit_of_the_reply(world: World) -> None:
    """Up to what the route allows."""
    handle = await parked(world)
    await world.repair(handle, Retry(max_output_tokens=5_000, at_most_usd=CENT))
    await refunded(world, handle)
    assert [e.body["max_tokens"] for e in world.provider.entries] == [256, 1_024, 400]


async def test_an_output_that_a_person_gives_is_as_good_as_the_steps_own(world: World) -> None:
    """The run goes on with it, and no model is asked."""
    handle = await parked(world)
    await world.repair(handle, Supply(output=READING))
    await refunded(world, handle)
    assert [entry.task for entry in world.provider.entries] == ["read_ticket", "draft_reply"]


@pytest.mark.parametrize(
    ("output", "says"),
    [
        ({}, "no TicketReading: wish: Field required"),
        ({**READING, "wish": "money"}, "no TicketReading: wish: Input should be"),
        ({**READING, "order_number": "ZZ-99999"}, "order_number 'ZZ-99999' does not occur in the ticket"),
    ],
)
async def test_an_output_that_the_model_might_not_give_is_refused(
    world: World, output: dict[str, Any], says: str
) -> None:
    """By its type and by the task's own check, and before it is in the history."""
    handle = await parked(world)
    events = (await handle.describe()).history_length
    assert says in await refusal(world, handle, Supply(output=output))
    assert (await handle.describe()).history_length == events


async def test_a_repair_above_what_was_agreed_to_is_refused(world: World) -> None:
    """Also when only the other profile's price makes it so; then nothing stays held."""
    handle = await parked(world)
    assert "agreed to were 0.0001" in await refusal(world, handle, Retry(at_most_usd=Decimal("0.0001")))
    dear = Retry(profile=f"{world.profile}-dear", at_most_usd=CENT)
    assert "an attempt could cost 0.15" in await refusal(world, handle, dear)
    assert "no profile 'gone'" in await refusal(world, handle, Retry(profile="gone", at_most_usd=CENT))
    status = await world.status(handle)
    assert status is not None
    assert status.balance.held.usd == 0
    await world.repair(handle, Retry(at_most_usd=CENT))
    await refunded(world, handle)


async def test_a_repair_above_the_cap_is_refused(world: World) -> None:
    """Nobody can agree to more than the run's terms allow."""
    handle = await parked(world, usd=Decimal("0.02"))
    dear = Retry(profile=f"{world.profile}-dear", at_most_usd=Decimal(10))
    assert "of a cap of 0.02 usd" in await refusal(world, handle, dear)
    await world.repair(handle, Abort())
    await world.ended(handle)


async def test_what_was_repaired_once_is_not_repaired_again(world: World) -> None:
    """Of ten at once exactly one is taken; a late one is told so, and none breaks the run."""
    handle = await parked(world)
    name = (await world.waiting(handle, parked=True)).parked or ""
    other = Retry(profile=f"{world.profile}-other", at_most_usd=CENT)
    actions = [other, Retry(at_most_usd=CENT), Supply(output=READING), other, Abort()] * 2
    sent = [
        handle.execute_update(REPAIR, Repair(parked=name, by=f"person-{number}", action=action))
        for number, action in enumerate(actions)
    ]
    answers = await asyncio.gather(*sent, return_exceptions=True)
    refusals = [each for each in answers if isinstance(each, WorkflowUpdateFailedError)]
    assert len(refusals) == len(actions) - 1
    await world.ended(handle)
    assert (await verify(await handle.fetch_history(), WORKFLOWS)).findings == []
    status = await world.status(handle)
    assert status is not None
    assert status.balance.held.usd == 0


@pytest.mark.parametrize(
    "content",
    [None, [], "retry", {"parked": "x"}, {"parked": "x", "by": "a", "action": {"do": "retry"}}],
)
async def test_what_is_no_repair_is_refused(world: World, content: Any) -> None:
    """With a line that says what is wrong with it."""
    handle = await parked(world)
    with pytest.raises(WorkflowUpdateFailedError) as refused:
        await handle.execute_update(REPAIR, content)
    assert "not a repair" in str(refused.value.cause)
    await world.repair(handle, Abort())
    await world.ended(handle)


async def test_a_run_that_waits_for_nothing_takes_no_repair(world: World) -> None:
    """It says so."""
    world.provider.script(as_read("05"), task="read_ticket")
    handle = await world.start(sample("05"), park=HOURS)
    await world.waiting(handle)
    with pytest.raises(WorkflowUpdateFailedError) as refused:
        await handle.execute_update(REPAIR, Repair(parked="1.1-x", by="ada", action=Abort()))
    assert "does not wait for a repair; nothing does" in str(refused.value.cause)


async def test_a_repair_that_is_given_up_takes_back_what_the_run_did(world: World) -> None:
    """The refund is voided, and a person has the ticket."""
    world.provider.script(as_read("01"), task="read_ticket")
    world.provider.script(faults.status(403), task="draft_reply")
    handle = await world.start(sample("01"), park=HOURS)
    await world.waiting(handle, parked=True)
    assert len(world.refunds()) == 1
    await world.repair(handle, Abort())
    resolution = await world.ended(handle)
    assert resolution.ending is not None
    assert resolution.ending.fault is Fault.UNAUTHORISED
    assert "ada gave it up" in resolution.ending.reason
    assert world.refunds() == []
    assert len(world.mails("desk")) == 1


async def test_a_run_that_nobody_repairs_takes_its_way_out(world: World) -> None:
    """After the time that its terms give."""
    world.provider.script(faults.status(401))
    resolution = await world.resolve(sample("01"), park=timedelta(seconds=1))
    assert resolution.ending is not None
    assert "nobody repaired it in time" in resolution.ending.reason


async def test_terms_without_time_for_it_park_nothing(world: World) -> None:
    """The way out is taken at once."""
    world.provider.script(faults.status(401))
    resolution = await world.resolve(sample("01"))
    assert resolution.ending is not None
    assert resolution.ending.kind is EndingKind.STEP_FAILED


async def test_a_parked_run_can_be_cancelled(world: World) -> None:
    """And repairs that come after are refused."""
    handle = await parked(world)
    await handle.cancel()
    resolution = await world.ended(handle)
    assert resolution.ending is not None
    assert resolution.ending.kind is EndingKind.CANCELLED


async def test_a_step_is_parked_a_few_times_only(world: World) -> None:
    """What so many repairs did not mend ends the story."""
    world.provider.script(*[faults.status(401)] * (MOST_PARKED + 1), task="read_ticket")
    handle = await world.start(sample("01"), park=HOURS)
    for _ in range(MOST_PARKED):
        await world.repair(handle, Retry(at_most_usd=CENT))
    resolution = await world.ended(handle)
    assert resolution.ending is not None
    assert resolution.ending.kind is EndingKind.STEP_FAILED
    assert len(world.provider.entries) == MOST_PARKED + 1


async def test_an_effect_that_failed_is_parked_too(world: World) -> None:
    """Here the mail box was broken; a person mends it."""
    world.provider.script(as_read("07"), task="read_ticket")
    world.break_mail()
    handle = await world.start(sample("07"), park=HOURS)
    wait = await world.waiting(handle, parked=True)
    assert wait.details["step"] == "send_reply"
    box = world.folder / "mail" / "customers"
    box.unlink()
    for part in ("cur", "new", "tmp"):
        (box / part).mkdir(parents=True)
    await world.repair(handle, Retry(at_most_usd=Decimal(0)))
    resolution = await world.ended(handle)
    assert resolution.path is Way.TOO_LATE
    assert len(world.mails("customers")) == 1
    status = await world.status(handle)
    assert status is not None
    assert {line.end for line in status.attempts} == {AttemptEnd.SETTLED}
