"""Heartbeats beside a wait."""

import asyncio

import pytest
from temporalio.testing import ActivityEnvironment

from activities.heartbeats import heartbeating


@pytest.fixture(autouse=True)
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("activities.heartbeats.INTERVAL_S", 0.01)


async def test_a_wait_shows_signs_of_life_until_it_ends() -> None:
    beats: list[tuple[object, ...]] = []
    environment = ActivityEnvironment()
    environment.on_heartbeat = lambda *details: beats.append(details)

    async def wait() -> None:
        async with heartbeating():
            await asyncio.sleep(0.1)

    await environment.run(wait)
    after = len(beats)
    await asyncio.sleep(0.05)

    assert after >= 3
    assert len(beats) == after
    assert set(beats) == {()}


async def test_an_error_in_the_block_comes_through() -> None:
    async def fail() -> None:
        async with heartbeating():
            raise ValueError("mine")

    with pytest.raises(ValueError, match="mine"):
        await ActivityEnvironment().run(fail)


async def test_a_cancellation_reaches_the_block() -> None:
    environment = ActivityEnvironment()
    reached: list[str] = []

    async def wait() -> None:
        async with heartbeating():
            try:
                await asyncio.sleep(10)
            except asyncio.CancelledError:
                reached.append("block")
                raise

    running = asyncio.ensure_future(environment.run(wait))
    await asyncio.sleep(0.03)
    environment.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert reached == ["block"]
