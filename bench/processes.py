"""Processes of a benchmark: started in a group of their own, ready when they say so, ended with it."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from embedded.stack import CHECKOUT

__all__ = ["ended", "environment", "python"]

PATIENCE_S = 60.0


def environment(bytecode: Path) -> dict[str, str]:
    """This process's, with compiled modules kept in a folder of the benchmark's own.

    The sandbox imports a workflow's module again for every run: with nothing kept it would compile it again.
    """
    without = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {**without, "PYTHONPYCACHEPREFIX": str(bytecode)}


@asynccontextmanager
async def python(
    arguments: Sequence[str], ready: str, env: Mapping[str, str] | None = None
) -> AsyncIterator[tuple[asyncio.subprocess.Process, str]]:
    """A Python process, and the line with which it said that it is ready; killed at the end."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *arguments,
        cwd=CHECKOUT,
        env=env,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        start_new_session=True,
    )
    drained = None
    try:
        output = process.stdout
        if output is None:
            raise RuntimeError("its output was asked for")
        said = []
        async with asyncio.timeout(PATIENCE_S):
            while ready not in (line := (await output.readline()).decode()):
                said.append(line)
                if not line:
                    raise RuntimeError(f"{' '.join(arguments)} ended: {''.join(said)[-500:]}")
        drained = asyncio.create_task(output.read())
        yield process, line.strip()
    finally:
        await ended(process)
        if drained is not None:
            await drained


async def ended(process: asyncio.subprocess.Process) -> None:
    """Kill a process and its children, and wait for it."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    await process.wait()
