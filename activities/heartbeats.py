"""Heartbeats beside a wait, so that the server learns within seconds that a worker is gone."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from temporalio import activity

__all__ = ["INTERVAL_S", "heartbeating"]

# Several within the shortest heartbeat timeout (3 s), so that one late wake-up is no lost worker.
INTERVAL_S = 0.7


@asynccontextmanager
async def heartbeating() -> AsyncIterator[None]:
    """Heartbeat at once and then every 0.7 s until the block ends.

    Only inside an activity. Heartbeats carry no details: they prove nothing about a request. They also
    deliver a cancellation, which arrives in the block as `asyncio.CancelledError`.
    """
    activity.heartbeat()
    beating = asyncio.create_task(beat())
    try:
        yield
    finally:
        beating.cancel()
        # Unlike `await beating`, this cannot mistake a cancellation of the activity for that of the task.
        await asyncio.wait([beating])


async def beat() -> None:
    """Heartbeat until cancelled."""
    while True:
        await asyncio.sleep(INTERVAL_S)
        activity.heartbeat()
