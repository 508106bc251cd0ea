"""Requests and tokens a minute, over two workers on a real server: what does not fit waits; nothing fails."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter

from contracts.attempts import Fault
from contracts.resolutions import Path as Way
from tests.workflows.world import World, sample


@asynccontextmanager
async def limited(temporal: str, folder: Path, limit: str) -> AsyncIterator[World]:
    """A world whose route has a limit, with two workers."""
    async with World.opened(temporal, folder) as world:
        with world.settings.models.open("a") as file:
            file.write(f"{limit}\n")
        # Two workers of one queue must not share a client.
        client = await Client.connect(temporal, data_converter=pydantic_data_converter)
        async with world.working(), replace(world, client=client).working():
            yield world


async def test_requests_a_minute_hold_over_all_workers(temporal: str, tmp_path: Path) -> None:
    """One a second: eight requests take seconds, and none is an attempt before its turn."""
    begun = asyncio.get_running_loop().time()
    async with limited(temporal, tmp_path, "requests_per_minute = 60") as world:
        handles = [await world.start(sample("12")) for _ in range(4)]
        for handle in handles:
            assert (await world.ended(handle)).path is Way.ASKED_ORDER_NUMBER
            status = await world.status(handle)
            assert status is not None
            assert {line.fault for line in status.attempts} == {None}
        assert len(world.provider.entries) == 8
    assert asyncio.get_running_loop().time() - begun > 4


async def test_a_run_that_has_to_wait_for_tokens_comes_back_for_its_turn(
    temporal: str, tmp_path: Path
) -> None:
    """The refused attempt costs nothing, and its request is never sent."""
    async with limited(temporal, tmp_path, "tokens_per_minute = 5000") as world:
        first = await world.resolve(sample("12"))
        assert first.path is Way.ASKED_ORDER_NUMBER
        handles = [await world.start(sample("12")) for _ in range(4)]
        refused = None
        for _ in range(400):
            statuses = [await world.status(handle) for handle in handles]
            lines = [line for status in statuses if status for line in status.attempts]
            refused = next((line for line in lines if line.fault is Fault.RATE_LIMITED), None)
            if refused is not None:
                break
            await asyncio.sleep(0.05)
        assert refused is not None
        assert refused.actual is not None
        assert refused.actual.usd == 0
        assert refused.attempt_id not in {entry.request_id for entry in world.provider.entries}
        waits = [wait.what for status in statuses if status for wait in status.waiting]
        assert any(what.endswith("(rate_limited)") for what in waits)
        for handle in handles:
            await handle.terminate()
