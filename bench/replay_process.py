"""python -m bench.replay_process FOLDER PROCESSES: replay its files as `replay` does; prints seconds.

In a process of its own, as a command is one: without the threads that whoever measures has.
"""

import asyncio
import sys
import time
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

from bench.ten_steps import TenSteps
from commands.quiet import quiet
from operations.replaying import Recorded, replayed
from process import run

__all__ = ["seconds"]


async def seconds(files: Sequence[Path], processes: int) -> float:
    """Raises AssertionError when one does not hold."""

    async def runs() -> AsyncIterator[Recorded]:
        for file in files:
            yield Recorded(file.name, file)

    began = time.perf_counter()
    async for each in replayed(runs(), [TenSteps], processes, quiet):
        if not each.verification.holds:
            raise AssertionError(f"{each.label}: {each.verification.findings}")
    return time.perf_counter() - began


async def main(files: Sequence[Path], processes: int) -> None:
    took = await seconds(files, processes)
    sys.stdout.write(f"took {took}\n")
    sys.stdout.flush()
    await asyncio.Event().wait()  # ended by whoever measures


if __name__ == "__main__":
    run(main(sorted(Path(sys.argv[1]).glob("*.json")), int(sys.argv[2])))
