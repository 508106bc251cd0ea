"""Parts side by side, on a real server: within the budget, so many at a time, and one failing alone."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from contracts.attempts import Fault
from contracts.receipts import AttemptEnd, EndingKind
from contracts.terms import Amount
from contracts.tickets import ReadTicket
from operations.histories import links
from tests.fault_server import faults
from tests.fault_server.server import Behaviour, Exchange, good
from tests.workflows import any_workflow
from tests.workflows.any_workflow import Proven, proven
from tests.workflows.gather_mails import AT_ONCE, Gathering, GatherMails, ManyMails
from tests.workflows.world import World

NOTHING = Amount()
MAILS = [ReadTicket(subject=f"mail {number}", text="It came late. " * 20) for number in range(6)]


@pytest.fixture
async def world(temporal: str, tmp_path: Path) -> AsyncIterator[World]:
    """With a worker that knows the workflow of this test."""
    async with World.opened(temporal, tmp_path) as opened, opened.working([GatherMails]):
        yield opened


async def begun(world: World, **cap: Any) -> Any:
    return await any_workflow.begun(world, GatherMails, ManyMails(mails=tuple(MAILS)), **cap)


async def gather_all(world: World, **cap: Any) -> Proven[Gathering]:
    """Run to the end, and verify."""
    return await proven(await begun(world, **cap), GatherMails)


def by_mail(behaviours: dict[int, Behaviour]) -> Behaviour:
    """Answer some of the mails in another way than the rest."""

    async def answered(exchange: Exchange) -> None:
        asked = exchange.request["messages"][-1]["content"]
        number = next(number for number in range(len(MAILS)) if f"mail {number}" in asked)
        await behaviours.get(number, good)(exchange)

    return answered


async def test_no_more_are_under_way_than_asked_for(world: World) -> None:
    """Every hold is taken before the first is scheduled, and two requests are open at most."""
    under_way = most = 0

    async def slow(exchange: Exchange) -> None:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        await asyncio.sleep(0.2)
        under_way -= 1
        await good(exchange)

    world.provider.default = slow
    run = await gather_all(world)
    assert most == AT_ONCE
    assert sorted(run.result.summaries) == list(range(6))
    assert run.result.gaps == {}
    (_, first), *_ = links(run.history)
    assert first.balance.held.calls == len(MAILS)
    assert run.balance.held == run.balance.unknown == NOTHING


@pytest.mark.parametrize("calls", [1, 4])
async def test_a_budget_for_some_reads_the_first_of_them(world: World, calls: int) -> None:
    """How many are within reach is known before anything is held."""
    run = await gather_all(world, calls=calls)
    assert sorted(run.result.summaries) == list(range(calls))
    assert run.result.left_out == len(MAILS) - calls
    assert len(world.provider.entries) == calls
    assert run.result.ending is None


async def test_a_part_that_fails_is_a_gap_and_the_others_go_on(world: World) -> None:
    """The table says that its fault tells nothing about the others."""
    world.provider.default = by_mail({2: faults.status(400)})
    run = await gather_all(world)
    assert sorted(run.result.summaries) == [0, 1, 3, 4, 5]
    assert list(run.result.gaps) == [2]
    assert "rejected" in run.result.gaps[2]
    decided = [(line.table, line.outcome) for line in run.status.decisions if line.table == "part_failed"]
    assert decided == [("part_failed", "go_on")]
    assert run.balance.held == run.balance.unknown == NOTHING


async def test_a_fault_that_meets_all_stops_the_others_in_order(world: World) -> None:
    """What is under way is cancelled and booked as unknown; what was not begun is given back."""

    async def after_the_other(exchange: Exchange) -> None:
        await asyncio.sleep(0.3)
        await faults.status(401)(exchange)

    world.provider.default = by_mail({0: faults.hang(), 1: after_the_other})
    run = await gather_all(world)
    assert run.result.summaries == {}
    assert list(run.result.gaps) == list(range(6))
    assert "unauthorised" in run.result.gaps[1]
    assert run.result.gaps[5].startswith("stopped, since another part failed")
    assert len(world.provider.entries) == AT_ONCE
    ends = [(line.end, line.fault) for line in run.status.attempts]
    assert ends[:2] == [(AttemptEnd.UNKNOWN, Fault.CANCELLED), (AttemptEnd.SETTLED, Fault.UNAUTHORISED)]
    assert {end for end, _ in ends[2:]} == {AttemptEnd.RELEASED}
    assert run.balance.held == NOTHING


async def test_a_cancelled_run_leaves_nothing_under_way(world: World) -> None:
    """The run's own end is no gap: it takes the way out."""
    both_there = asyncio.Barrier(AT_ONCE + 1)

    async def hanging(exchange: Exchange) -> None:
        await both_there.wait()
        await faults.hang()(exchange)

    world.provider.default = hanging
    handle = await begun(world)
    await both_there.wait()
    await handle.cancel()
    run = await proven(handle, GatherMails)
    assert run.result.ending is not None
    assert run.result.ending.kind is EndingKind.CANCELLED
    assert [line.end for line in run.status.attempts] == [AttemptEnd.UNKNOWN] * 2 + [AttemptEnd.RELEASED] * 4
    assert run.balance.held == NOTHING
