"""Which open runs a sample stack ends before it begins: its home's own, and nobody else's."""

import asyncio
import io
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from rich.console import Console

from commands.leftovers import end_leftovers
from embedded.temporal_server import TemporalServer
from tests.workflows.world import World, sample

TENANTS = ("demo-120000", "evaluate-130000", "demo", "demo-acme", "demo-120001")
"""Of the first two there are stacks in the home folder; the others are called so by chance."""


@pytest.fixture
async def runs(temporal: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[World]:
    """A home folder with two interrupted stacks, and a server on which runs of all tenants are open."""
    home = tmp_path / "home"
    (home / "demo" / "20260101-120000").mkdir(parents=True)
    (home / "evaluate" / "20260101-130000").mkdir(parents=True)
    monkeypatch.setenv("TENUTO_HOME", str(home))
    async with World.opened(temporal, tmp_path) as world:
        yield world


async def left_after(world: World, server: TemporalServer) -> set[str]:
    """The tenants of the runs that are still open when the leftovers have been ended."""
    handles = {tenant: await world.start(sample("12"), tenant=tenant) for tenant in TENANTS}
    ours = {handle.id for handle in handles.values()}
    for _ in range(400):
        listed = [each async for each in world.client.list_workflows("ExecutionStatus = 'Running'")]
        if ours <= {each.id for each in listed}:
            break
        await asyncio.sleep(0.02)
    await end_leftovers(world.client, server, Console(file=io.StringIO()))
    left = {t for t, handle in handles.items() if (await handle.describe()).close_time is None}
    for tenant in left:
        await handles[tenant].terminate()
    return left


async def test_on_its_own_server_it_ends_the_runs_of_its_own_stacks(runs: World, temporal: str) -> None:
    """A tenant that is called `demo`, or nearly as a stack, is none."""
    server = TemporalServer(temporal, None, embedded=True)
    assert await left_after(runs, server) == {"demo", "demo-acme", "demo-120001"}


async def test_on_another_server_it_ends_nothing(runs: World, temporal: str) -> None:
    """A colleague's demo may have begun at the same second."""
    server = TemporalServer(temporal, None, embedded=False)
    assert await left_after(runs, server) == set(TENANTS)
