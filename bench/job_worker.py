"""A worker for one side of a benchmark of the kernel: python -m bench.job_worker SIDE ADDRESS FOLDER."""

import asyncio
import os
import signal
import sys
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter

from bench.by_hand import ByHand, ByHandLocal
from bench.on_kernel import OnKernel
from bench.sections_job import ByHandSections, OnKernelSections
from connection import Settings
from worker import build, workers

__all__ = ["GATHERING", "READY", "SIDES"]

READY = "ready"
SIDES: dict[str, Any] = {"kernel": OnKernel, "plain": ByHand, "local": ByHandLocal}
GATHERING: dict[str, Any] = {"gather": OnKernelSections, "semaphore": ByHandSections}
"""Each side has a worker, a task queue and a model profile of its own, all with the same settings."""


async def work(side: str, address: str, folder: Path) -> None:
    """Work until SIGTERM."""
    parts = build(
        Settings.of({"TENUTO_HOME": str(folder), "TENUTO_MODELS": str(folder / f"{side}.toml")}), {}
    )
    if side not in ("kernel", "gather"):
        parts = replace(parts, interceptors=[])  # nothing of the kernel's in a workflow written without it
    parts.ledger.database.upgrade()
    client = await Client.connect(address, data_converter=pydantic_data_converter)
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    async with AsyncExitStack() as running:
        running.push_async_callback(parts.models.close)
        running.push_async_callback(parts.refunds.close)
        for worker in workers(client, parts, f"bench-{side}", [{**SIDES, **GATHERING}[side]]):
            await running.enter_async_context(worker)
        sys.stdout.write(READY + "\n")
        sys.stdout.flush()
        await stop.wait()


if __name__ == "__main__":
    asyncio.run(work(sys.argv[1], sys.argv[2], Path(sys.argv[3])))
    sys.stdout.flush()
    os._exit(0)
