"""Runs of a provider that is left alone: what one run learned the next does not ask, on a real server."""

import asyncio
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

from activities.circuit_book import CircuitBook
from contracts.attempts import Fault
from contracts.receipts import AttemptEnd, Status
from contracts.repairs import Retry
from contracts.resolutions import Path as Way
from tests.fault_server import faults
from tests.workflows.world import World, models_toml, sample
from workflows.kernel.attempts import NEXT_ATTEMPT, OTHERWISE, Next, Otherwise

NO_MONEY = faults.status(429, {"error": {"code": "insufficient_quota", "message": "scripted"}})


def with_fallback(world: World) -> str:
    """A profile of two routes, whose models tell the journal which was asked."""
    names = [f"{world.profile}-large", f"{world.profile}-small"]
    tables = [
        models_toml(name, world.provider.address, circuit=True).replace(
            '"scripted"', f'"{name.rpartition("-")[2]}"'
        )
        for name in names
    ]
    world.settings.models.write_text(f"[profiles]\n{world.profile} = {names!r}\n" + "\n".join(tables))
    return names[0]


def asked(world: World) -> list[str]:
    return [entry.body["model"] for entry in world.provider.entries]


def decided(status: Status, table: str) -> list[str]:
    return [line.outcome for line in status.decisions if line.table == table]


async def opened(world: World) -> None:
    """Return when a circuit is kept."""
    for _ in range(400):
        if CircuitBook(world.ledger.database).every():
            return
        await asyncio.sleep(0.02)
    raise AssertionError("no circuit was opened")


async def test_the_next_run_goes_to_the_fallback_without_asking(temporal: str, tmp_path: Path) -> None:
    """One request in all to the provider without money; the attempt that was kept back cost nothing."""
    async with World.opened(temporal, tmp_path) as world:
        with_fallback(world)
        async with world.working():
            world.provider.script(NO_MONEY)
            first = await world.start(sample("12"))
            assert (await world.ended(first)).path is Way.ASKED_ORDER_NUMBER
            second = await world.start(sample("12"))
            assert (await world.ended(second)).path is Way.ASKED_ORDER_NUMBER
            status = await world.status(second)
    assert asked(world).count("large") == 1
    assert status is not None
    kept_back = status.attempts[0]
    assert (kept_back.fault, kept_back.end) == (Fault.CIRCUIT_OPEN, AttemptEnd.SETTLED)
    assert kept_back.actual is not None
    assert kept_back.actual.usd == 0
    assert decided(status, NEXT_ATTEMPT.name)[0] == Next.GIVE_UP
    assert decided(status, OTHERWISE.name)[0] == Otherwise.NEXT_ROUTE


async def test_without_a_fallback_a_run_waits_until_it_may_ask(temporal: str, tmp_path: Path) -> None:
    """On the workflow's timer, for the time that is left; then its attempt tries, and closes the circuit."""
    async with World.opened(temporal, tmp_path) as world:
        world.settings.models.write_text(models_toml(world.profile, world.provider.address, circuit=True))
        async with world.working():
            world.provider.script(faults.status(503, headers=[("Retry-After", "3")]))
            first = await world.start(sample("12"))
            await opened(world)
            second = await world.start(sample("12"))
            for handle in (first, second):
                assert (await world.ended(handle)).path is Way.ASKED_ORDER_NUMBER
            status = await world.status(second)
    assert status is not None
    assert status.attempts[0].fault is Fault.CIRCUIT_OPEN
    assert decided(status, NEXT_ATTEMPT.name)[0] == Next.LATER
    assert len(world.provider.entries) == 5


async def test_a_repair_asks_a_provider_that_is_left_alone(temporal: str, tmp_path: Path) -> None:
    """A person says that its key is good again; what it answers closes the circuit for all."""
    async with World.opened(temporal, tmp_path) as world:
        world.settings.models.write_text(models_toml(world.profile, world.provider.address, circuit=True))
        async with world.working():
            world.provider.script(faults.status(401), task="read_ticket")
            handle = await world.start(sample("12"), park=timedelta(hours=1))
            await world.waiting(handle, parked=True)
            await opened(world)
            await world.repair(handle, Retry(at_most_usd=Decimal("0.01")))
            assert (await world.ended(handle)).path is Way.ASKED_ORDER_NUMBER
            assert CircuitBook(world.ledger.database).every() == []
