"""Parts side by side, on a real server: all held or none begun, and every attempt booked however one ends."""

import asyncio
from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from temporalio.api.enums.v1 import EventType
from temporalio.api.history.v1 import HistoryEvent

from activities.catalogue import load_catalogue
from contracts.attempts import Fault
from contracts.receipts import AttemptEnd, EndingKind
from contracts.terms import Amount
from contracts.tickets import ReadTicket, read_ticket
from operations.histories import links
from operations.starting import workflow_id_of
from tests.fault_server import faults
from tests.fault_server.server import Behaviour, Exchange, good
from tests.workflows.any_workflow import Proven, begun, proven
from tests.workflows.read_mails import PLAN, Mails, Readings, ReadMails
from tests.workflows.world import World
from workflows.kernel.ledger import worst_case
from workflows.kernel.plan import numbers_of

NOTHING = Amount()
# Long enough that two holds are more than the least cap, and no two are alike.
MAILS = [ReadTicket(subject=f"mail {n}", text="It came late. " * (500 + 40 * n)) for n in (1, 2, 3)]


@pytest.fixture
async def world(temporal: str, tmp_path: Path) -> AsyncIterator[World]:
    """With a worker that knows the workflow of this test."""
    async with World.opened(temporal, tmp_path) as opened, opened.working([ReadMails]):
        yield opened


def events(run: Proven[Readings], kind: str) -> list[HistoryEvent]:
    number = EventType.Value(f"EVENT_TYPE_{kind}")
    return [event for event in run.history.events if event.event_type == number]


def scheduled(run: Proven[Readings]) -> dict[str, int]:
    """Each attempt's id with the event that scheduled it, in order."""
    return {
        event.activity_task_scheduled_event_attributes.activity_id: event.event_id
        for event in events(run, "ACTIVITY_TASK_SCHEDULED")
    }


async def read_all(world: World, **cap: Any) -> Proven[Readings]:
    """Run to the end, and verify."""
    return await proven(await begun(world, ReadMails, Mails(mails=tuple(MAILS)), **cap), ReadMails)


def holds(world: World) -> list[Amount]:
    """The worst case of each mail's first attempt, from contract, price and size."""
    route = load_catalogue(world.settings.models, {}).routes_of(world.profile)[0]
    sizes = [len(mail.model_dump_json().encode()) for mail in MAILS]
    most = read_ticket.max_output_tokens
    return [worst_case(numbers_of(read_ticket), route, size, most) for size in sizes]


def side_by_side(*behaviours: Behaviour) -> list[Behaviour]:
    """Answer none of these requests before the last one is there."""
    all_there = asyncio.Barrier(len(behaviours))

    def waiting(behaviour: Behaviour) -> Behaviour:
        async def answered(exchange: Exchange) -> None:
            await all_there.wait()
            await behaviour(exchange)

        return answered

    return [waiting(behaviour) for behaviour in behaviours]


async def test_with_enough_for_all_every_hold_is_taken_before_anything_is_scheduled(world: World) -> None:
    """A cap of exactly the three holds; the first attempt's command already carries their sum."""
    whole = sum(holds(world), start=Amount())
    world.provider.script(*side_by_side(good, good, good))
    run = await read_all(world, usd=whole.usd, tokens=whole.tokens, calls=whole.calls)
    assert run.result.ending is None
    carried = [
        link.balance for event, link in links(run.history) if event.event_id in scheduled(run).values()
    ]
    assert [balance.held for balance in carried] == [whole] * len(MAILS)
    assert [balance.settled for balance in carried] == [Amount(steps=len(MAILS))] * len(MAILS)
    assert run.balance.settled.usd == world.spent() > 0
    assert run.balance.held == run.balance.unknown == NOTHING


async def test_answers_come_back_in_the_order_of_the_requests(world: World) -> None:
    """Whichever is answered first."""

    async def in_turn(exchange: Exchange) -> None:
        asked = exchange.request["messages"][-1]["content"]
        number = next(n for n in (1, 2, 3) if f"mail {n}" in asked)
        await asyncio.sleep(0.6 - 0.2 * number)
        await faults.reply(
            {"wish": "other", "problem": "late", "order_number": None, "summary": f"mail {number}"}
        )(exchange)

    world.provider.default = in_turn
    run = await read_all(world)
    assert run.result.summaries == ("mail 1", "mail 2", "mail 3")


@pytest.mark.parametrize("measure", ["usd", "tokens", "calls"])
async def test_when_one_hold_does_not_fit_nothing_is_scheduled_at_all(world: World, measure: str) -> None:
    """One unit less than the three holds: two are taken, and given back."""
    unit = {"usd": Decimal("0.000000000001"), "tokens": 1, "calls": 1}[measure]
    run = await read_all(world, **{measure: getattr(sum(holds(world), start=Amount()), measure) - unit})
    assert run.result.ending is not None
    assert run.result.ending.kind is EndingKind.BUDGET_SPENT
    assert f"{measure}; of a cap of" in run.result.ending.reason
    assert scheduled(run) == {}
    assert world.provider.entries == []
    assert [line.end for line in run.status.attempts] == [AttemptEnd.RELEASED] * 2
    assert [line.hold for line in run.status.attempts] == holds(world)[:2]
    assert run.balance.held == run.balance.unknown == NOTHING
    assert run.balance.settled == Amount(steps=3)
    assert [step.state for step in run.status.steps] == ["failed"] * 3


async def test_when_one_stops_all_the_others_are_cancelled_in_order_and_booked(world: World) -> None:
    """Their requests are under way, so what they cost is unknown; the failed one is proven free."""
    world.provider.script(*side_by_side(faults.status(401), faults.hang(), faults.hang()))
    run = await read_all(world)
    assert sorted(run.result.gaps) == [0, 1, 2]

    (failed,) = [line for line in run.status.attempts if line.fault is Fault.UNAUTHORISED]
    others = [line for line in run.status.attempts if line is not failed]
    assert (failed.end, failed.actual) == (AttemptEnd.SETTLED, Amount(calls=1))
    assert [(line.end, line.fault) for line in others] == [(AttemptEnd.UNKNOWN, Fault.CANCELLED)] * 2
    assert run.balance.held == NOTHING
    assert run.balance.unknown == sum((line.hold for line in others), start=Amount())
    assert run.balance.settled == Amount(calls=1, steps=3)

    began = scheduled(run)
    cancelled = [
        event.activity_task_cancel_requested_event_attributes.scheduled_event_id
        for event in events(run, "ACTIVITY_TASK_CANCEL_REQUESTED")
    ]
    assert cancelled == [began[line.attempt_id] for line in others]
    assert len(events(run, "ACTIVITY_TASK_CANCELED")) == 2
    assert {entry.request_id for entry in world.provider.entries} == set(began)
    assert [step.state for step in run.status.steps] == ["failed"] * 3


async def test_when_one_stops_all_another_that_waits_to_try_again_asks_no_more(world: World) -> None:
    """It holds nothing while it waits, and its wait ends with the failure."""
    busy = faults.status(429, headers=[("Retry-After", "30")])

    async def late(exchange: Exchange) -> None:
        await asyncio.sleep(1)
        await faults.status(401)(exchange)

    world.provider.script(busy, late, good)
    run = await read_all(world)
    assert len(run.result.gaps) == 2
    assert len(world.provider.entries) == 3
    assert [line.end for line in run.status.attempts] == [AttemptEnd.SETTLED] * 3
    assert sorted(str(line.fault) for line in run.status.attempts) == ["None", "rate_limited", "unauthorised"]
    assert run.balance.held == run.balance.unknown == NOTHING
    assert run.balance.settled.usd == world.spent() > 0


async def test_when_one_stops_all_another_that_could_try_again_does_not(world: World) -> None:
    """It is told to stop, and answers before it has heard: its fault would pass, but nobody waits for it."""

    async def after_the_cancellation(exchange: Exchange) -> None:
        await cancellation_requested(world)
        await faults.status(429, headers=[("Retry-After", "0")])(exchange)

    world.provider.script(*side_by_side(faults.status(401), after_the_cancellation, faults.hang()))
    run = await read_all(world)
    assert sorted(run.result.gaps) == [0, 1, 2]
    assert len(world.provider.entries) == len(run.status.attempts) == 3
    assert run.balance.held == NOTHING


async def cancellation_requested(world: World) -> None:
    """Return when the run has told its attempts to stop."""
    name = workflow_id_of(PLAN, world.profile, Mails(mails=tuple(MAILS)))
    handle = world.client.get_workflow_handle(name)
    for _ in range(400):
        history = await handle.fetch_history()
        if any(e.event_type == EventType.EVENT_TYPE_ACTIVITY_TASK_CANCEL_REQUESTED for e in history.events):
            return
        await asyncio.sleep(0.01)
    raise AssertionError("nothing was cancelled")
