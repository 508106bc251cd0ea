"""The same workflow, unchanged, on one route or another, and from one to the next."""

from decimal import Decimal
from pathlib import Path

import pytest

from contracts.receipts import EndingKind
from contracts.resolutions import Path as Way
from operations.verification import verify
from tests.fault_server import faults
from tests.workflows.world import World, models_toml, sample
from worker import WORKFLOWS
from workflows.kernel.attempts import OTHERWISE, Otherwise

NO_MONEY = {"error": {"code": "insufficient_quota", "message": "no money"}}


async def test_the_same_workflow_runs_on_two_profiles(temporal: str, tmp_path: Path) -> None:
    """Each at its own price; nothing but configuration and the name in the terms differs."""
    async with World.opened(temporal, tmp_path) as world:
        dear = models_toml(f"{world.profile}-dear", world.provider.address).replace("0.15", "1.5")
        with world.settings.models.open("a") as catalogue:
            catalogue.write(dear)
        async with world.working():
            spent = []
            for profile in (world.profile, f"{world.profile}-dear"):
                resolution = await world.resolve(sample("12"), profile=profile)
                assert resolution.path is Way.ASKED_ORDER_NUMBER
                assert resolution.receipt is not None
                spent.append(resolution.receipt.balance.settled.usd)
    assert spent[1] > spent[0] * 5


async def test_a_run_goes_on_along_the_next_route(temporal: str, tmp_path: Path) -> None:
    """Each attempt is booked at the price of its own route, and the history proves it."""
    async with World.opened(temporal, tmp_path) as world:
        world.add_fallback()
        world.settings.models.write_text(world.settings.models.read_text().replace("0.15", "1.5", 1))
        async with world.working():
            world.provider.script(faults.status(429, NO_MONEY), task="read_ticket")
            handle = await world.start(sample("12"))
            assert (await world.ended(handle)).path is Way.ASKED_ORDER_NUMBER
            status = await world.status(handle)
            assert (await verify(await handle.fetch_history(), WORKFLOWS)).findings == []
    assert status is not None
    reading = [line for line in status.attempts if line.step == "read_ticket"]
    assert [line.route for line in reading] == [world.profile, f"{world.profile}-next"]
    assert reading[0].hold.usd > reading[1].hold.usd * 5
    assert [d.outcome for d in status.decisions if d.table == OTHERWISE.name] == [Otherwise.NEXT_ROUTE]
    # Another step begins with the first route again: what failed may have been this request's fault.
    assert [line.route for line in status.attempts if line.step == "draft_reply"] == [world.profile]


async def test_a_cheaper_route_is_taken_when_the_first_is_too_dear_by_now(
    temporal: str, tmp_path: Path
) -> None:
    """What is free does not cover another attempt there, but one on the fallback."""
    async with World.opened(temporal, tmp_path) as world:
        world.add_fallback()
        text = world.settings.models.read_text()
        world.settings.models.write_text(text.replace('input = "0.15"', 'input = "3"', 1))
        async with world.working():
            world.provider.script(*[faults.reset()] * 3, task="read_ticket")
            handle = await world.start(sample("12"), usd=Decimal("0.07"))
            assert (await world.ended(handle)).path is Way.ASKED_ORDER_NUMBER
            status = await world.status(handle)
    assert status is not None
    reading = [line for line in status.attempts if line.step == "read_ticket"]
    assert [line.route for line in reading] == [world.profile] * 3 + [f"{world.profile}-next"]


@pytest.mark.parametrize("routes", [1, 2])
async def test_a_run_whose_routes_all_fail_takes_its_way_out(
    temporal: str, tmp_path: Path, routes: int
) -> None:
    """After as many requests as there are routes, when each says that it has no money."""
    async with World.opened(temporal, tmp_path) as world:
        if routes == 2:
            world.add_fallback()
        async with world.working():
            world.provider.script(*[faults.status(429, NO_MONEY)] * 2, task="read_ticket")
            resolution = await world.resolve(sample("12"))
    assert resolution.ending is not None
    assert resolution.ending.kind is EndingKind.STEP_FAILED
    assert len(world.provider.entries) == routes
