"""Processes of a benchmark: started in a group of their own, ready when they say so, ended with it."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress

from embedded.stack import CHECKOUT

__all__ = ["ended", "python"]

PATIENCE_S = 60.0


@asynccontextmanager
async def python(
    arguments: Sequence[str], ready: bytes
) -> AsyncIterator[tuple[asyncio.subprocess.Process, str]]:
    """A Python process, and the line with which it said that it is ready; killed at the end."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *arguments,
        cwd=CHECKOUT,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        assert process.stdout is not None
        async with asyncio.timeout(PATIENCE_S):
            while ready not in (line := await process.stdout.readline()):
                if not line:
                    raise RuntimeError(f"{' '.join(arguments)} ended before it was ready")
        yield process, line.decode().strip()
    finally:
        await ended(process)


async def ended(process: asyncio.subprocess.Process) -> None:
    """Kill a process and its children, and wait for it."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    await process.wait()
