"""Runs whose worker is killed again and again, whatever they are about."""

import asyncio
import os
import signal
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from temporalio.client import WorkflowHandle

from embedded.stack import CHECKOUT, stop_all
from embedded.temporal_server import ensure_temporal
from tests.workflows.world import World

__all__ = ["LATENCY_S", "Handle", "Kill", "in_its_own_world", "kill_through", "worker"]

# Long enough for a kill to fall into a call, short enough for many calls to end between two kills.
LATENCY_S = 0.7
# A worker imports for two seconds on an idle machine; two busy cores take longer.
WORKER_PATIENCE_S = 60.0
ENDS_WITHIN_S = 240.0

Handle = WorkflowHandle[Any, Any]
Found = TypeVar("Found")


class Kill(NamedTuple):
    """Of a worker: it lived before the first, and was dead at the second."""

    before: datetime
    after: datetime


async def kill_through(
    world: World,
    temporal: str,
    begin: Callable[[int], Awaitable[Sequence[Handle]]],
    until: Callable[[], Awaitable[None]],
    kills: int,
) -> tuple[list[Handle], list[Kill]]:
    """Begin what each turn has to begin, wait `until` a moment has come, kill the worker, start another; and
    at last let every run end."""
    handles: list[Handle] = []
    killed: list[Kill] = []
    for turn in range(kills):
        async with worker(world, temporal) as process:
            handles += await begin(turn)
            await until()
            before = datetime.now(UTC)
            os.killpg(process.pid, signal.SIGKILL)
            await process.wait()
            killed.append(Kill(before, datetime.now(UTC)))
    async with worker(world, temporal):
        async with asyncio.timeout(ENDS_WITHIN_S):
            await asyncio.gather(*(handle.result() for handle in handles))
    return handles, killed


@asynccontextmanager
async def worker(
    world: World, temporal: str, checkout: Path = CHECKOUT
) -> AsyncIterator[asyncio.subprocess.Process]:
    """worker.py as a process of its own group, ready; killed at the end if nobody did it before."""
    environment = {
        **os.environ,
        "TEMPORAL_ADDRESS": temporal,
        "TENUTO_HOME": str(world.folder),
        "TENUTO_MODELS": str(world.settings.models),
        "TENUTO_PAYMENTS_URL": world.payments.url,
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        str(checkout / "worker.py"),
        env=environment,
        stderr=asyncio.subprocess.PIPE,
        start_new_session=True,
    )
    assert process.stderr is not None
    drained = None
    try:
        async with asyncio.timeout(WORKER_PATIENCE_S):
            while b"working on" not in (line := await process.stderr.readline()):
                assert line, "the worker ended before it worked"
        drained = asyncio.create_task(process.stderr.read())
        yield process
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()
        if drained is not None:
            await drained


async def in_its_own_world(story: Callable[[World, str], Awaitable[Found]]) -> Found:
    """Told on a server and in a folder of its own, for a command."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        temporal = ensure_temporal(folder).address
        try:
            async with World.opened(temporal, folder) as world:
                return await story(world, temporal)
        finally:
            stop_all(folder)
