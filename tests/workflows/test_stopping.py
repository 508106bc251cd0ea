"""A worker that is told to stop: on none of its queues does it begin anything more."""

import asyncio
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from temporalio.client import WorkflowHandle

from contracts.resolutions import Resolution
from tests.fault_server import faults
from tests.workflows.world import World, models_toml, sample

# Two of them, one after the other, would take as long as what the test allows.
DRAIN = timedelta(seconds=3)


async def test_all_queues_stop_at_once_while_attempts_drain(
    temporal: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Attempts of two routes are under way: a third run gets none, and the stop takes one drain, not two."""
    monkeypatch.setattr("worker.DRAIN", DRAIN)
    async with World.opened(temporal, tmp_path) as world:
        other = f"{world.profile}-other"
        routes = [models_toml(name, world.provider.address, timeout=60) for name in (world.profile, other)]
        world.settings.models.write_text("\n".join(routes))
        world.provider.script(*[faults.hang()] * 3, task="read_ticket")
        async with world.working():
            handles = [await world.start(sample("12"), profile=name) for name in (world.profile, other)]
            for _ in range(400):
                if len(world.provider.entries) == 2:
                    break
                await asyncio.sleep(0.02)
            third = asyncio.create_task(started_meanwhile(world))
            told = time.monotonic()
        took = time.monotonic() - told
        assert len(world.provider.entries) == 2
        assert took < 2 * DRAIN.total_seconds()
        for handle in (*handles, await third):
            await handle.terminate()


async def started_meanwhile(world: World) -> WorkflowHandle[Any, Resolution]:
    """A run that is started while the worker stops."""
    await asyncio.sleep(0.5)
    return await world.start(sample("12"))
