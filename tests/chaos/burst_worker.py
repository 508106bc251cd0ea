"""A worker for bursts, as worker.py builds it: python -m tests.chaos.burst_worker ADDRESS TASK_QUEUE."""

import asyncio
import logging
import os
import sys
from contextlib import AsyncExitStack

from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter

from connection import Settings
from tests.chaos.one_call import OneCall
from worker import build, workers

__all__ = ["READY"]

READY = b"ready\n"


async def work(address: str, task_queue: str) -> None:
    """Work until killed."""
    parts = build(Settings.of(os.environ), dict(os.environ))
    await asyncio.to_thread(parts.ledger.database.upgrade)
    client = await Client.connect(address, data_converter=pydantic_data_converter)
    async with AsyncExitStack() as running:
        for worker in workers(client, parts, task_queue, [OneCall]):
            await running.enter_async_context(worker)
        sys.stdout.buffer.write(READY)
        sys.stdout.flush()
        await asyncio.Event().wait()


if __name__ == "__main__":
    logging.disable(logging.WARNING)
    asyncio.run(work(*sys.argv[1:]))
