"""The smallest workflows there are: steps that do nothing, and timers."""

import asyncio
from datetime import timedelta

from temporalio import activity, workflow

__all__ = ["TIMER", "BareSteps", "BareTimers", "nothing"]

TIMER = timedelta(milliseconds=100)


@activity.defn
async def nothing() -> None:
    """A step without work: what is left is the server's and the SDK's."""


@workflow.defn
class BareSteps:
    """Steps one after the other."""

    @workflow.run
    async def run(self, steps: int) -> None:
        for _ in range(steps):
            await workflow.execute_activity(nothing, start_to_close_timeout=timedelta(seconds=30))


@workflow.defn
class BareTimers:
    """Timers of 100 ms one after the other."""

    @workflow.run
    async def run(self, timers: int) -> None:
        for _ in range(timers):
            await asyncio.sleep(TIMER.total_seconds())
