"""A worker whose runs have the heartbeat timeout of their profile.

`python -m bench.recovery_worker ADDRESS FOLDER` also writes to FOLDER/late.PID how late its clock woke it up
at most: a heartbeat is late by as much.
"""

import asyncio
import os
import signal
import sys
import time
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from temporalio import activity
from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter

from activities.heartbeats import INTERVAL_S
from bench.on_kernel import OnKernel
from connection import Settings
from contracts.sheet import Sheet, SheetRequest, StepNumbers, resolve_sheet
from worker import Parts, build, workers

__all__ = ["HEARTBEATS_S", "QUEUE", "READY", "profile_of"]

READY = "ready"
QUEUE = "bench-recovery"
HEARTBEATS_S = (2, 3, 5)


def profile_of(heartbeat_s: int) -> str:
    """The model profile whose attempts have this heartbeat timeout."""
    return f"heartbeat-{heartbeat_s}"


def with_heartbeats(parts: Parts) -> Parts:
    """The same parts, but for sheets with the heartbeat timeout of their profile."""
    (resolve,) = (tool for tool in parts.tools if name_of(tool) == resolve_sheet.name)

    @activity.defn(name=resolve_sheet.name)
    async def with_changes(request: SheetRequest) -> Sheet:
        sheet: Sheet = await resolve(request)
        timeout = timedelta(seconds=int(request.profile.rpartition("-")[2]))
        return sheet.model_copy(
            update={"steps": {name: changed(each, timeout) for name, each in sheet.steps.items()}}
        )

    return replace(parts, tools=[*(tool for tool in parts.tools if tool != resolve), with_changes])


def name_of(tool: Any) -> str:
    return str(tool.__temporal_activity_definition.name)


def changed(numbers: StepNumbers, heartbeat: timedelta) -> StepNumbers:
    if numbers.policy.heartbeat is None:
        return numbers
    return numbers.model_copy(update={"policy": numbers.policy.model_copy(update={"heartbeat": heartbeat})})


async def watch_the_clock(file: Path) -> None:
    """As activities.heartbeats waits between two heartbeats."""
    worst = 0.0
    while True:
        began = time.monotonic()
        await asyncio.sleep(INTERVAL_S)
        late = time.monotonic() - began - INTERVAL_S
        if late > worst:
            worst = late
            file.write_text(f"{worst:.3f}")  # noqa: ASYNC240 - a few bytes, seldom


async def work(address: str, folder: Path) -> None:
    """Work until SIGTERM."""
    settings = Settings.of({"TENUTO_HOME": str(folder), "TENUTO_MODELS": str(folder / "models.toml")})
    parts = with_heartbeats(build(settings, {}))
    await asyncio.to_thread(parts.ledger.database.upgrade)
    client = await Client.connect(address, data_converter=pydantic_data_converter)
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    async with AsyncExitStack() as running:
        running.push_async_callback(parts.models.close)
        running.push_async_callback(parts.refunds.close)
        for worker in workers(client, parts, QUEUE, [OnKernel]):
            await running.enter_async_context(worker)
        watching = asyncio.create_task(watch_the_clock(folder / f"late.{os.getpid()}"))
        sys.stdout.write(READY + "\n")
        sys.stdout.flush()
        await stop.wait()
        watching.cancel()


if __name__ == "__main__":
    asyncio.run(work(sys.argv[1], Path(sys.argv[2])))
    sys.stdout.flush()
    os._exit(0)
