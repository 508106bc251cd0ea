"""The stock development server against the embedded one: what a step and a timer take, and the ceiling."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from uuid import uuid4

from temporalio.api.enums.v1 import EventType
from temporalio.client import Client, WorkflowHistory
from temporalio.worker import Worker

from bench.bare_steps import TIMER, BareSteps, BareTimers, nothing
from bench.figures import Requirement, Section, Spread, Table, ratios
from bench.servers import stock, tuned
from operations.sandbox import sandbox

__all__ = ["measure"]

QUEUE = "bench"
# Enough steps that starting and ending the runs does not count.
IN_FLIGHT, STEPS = 64, 10
SIDES = {"stock": stock, "tuned": tuned}


@dataclass(frozen=True)
class Round:
    """One server's turn."""

    step_ms: float
    steps_s: float
    timer_ms: float
    """What a timer takes beyond its time."""


async def measure(*, quick: bool) -> Section:
    """Both servers in turn; the one that waits does next to nothing."""
    rounds = 2 if quick else 4
    measured: dict[str, list[Round]] = {side: [] for side in SIDES}
    async with AsyncExitStack() as stack:
        clients = {side: await stack.enter_async_context(working(side)) for side in SIDES}
        for client in clients.values():
            await together(client, 16, 2)
        for _ in range(rounds):
            for side, client in clients.items():
                measured[side].append(await turn(client, quick=quick))
    return section({side: measured[side] for side in SIDES}, rounds)


@asynccontextmanager
async def working(side: str) -> AsyncIterator[Client]:
    """A server with a worker, which is the same for both."""
    async with SIDES[side]() as server:
        worker = Worker(
            server.client,
            task_queue=QUEUE,
            workflows=[BareSteps, BareTimers],
            activities=[nothing],
            workflow_runner=sandbox(),
        )
        async with worker:
            yield server.client


async def turn(client: Client, *, quick: bool) -> Round:
    steps, timers = (10, 2) if quick else (20, 4)
    alone = await history_of(client, BareSteps.__name__, steps)
    sleeping = await history_of(client, BareTimers.__name__, timers)
    return Round(
        step_ms=span_ms(alone, EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED) / steps,
        steps_s=await together(client, IN_FLIGHT, STEPS),
        timer_ms=span_ms(sleeping, EventType.EVENT_TYPE_TIMER_STARTED) / timers
        - TIMER.total_seconds() * 1000,
    )


async def history_of(client: Client, workflow: str, size: int) -> WorkflowHistory:
    """Of one run, with nothing beside it."""
    handle = await client.start_workflow(workflow, size, id=uuid4().hex, task_queue=QUEUE)
    await handle.result()
    return await handle.fetch_history()


def span_ms(history: WorkflowHistory, first: "EventType.ValueType") -> float:
    """By the server's clock, from the first event of a kind to the end of the run."""
    began = next(event for event in history.events if event.event_type == first)
    return (history.events[-1].event_time.ToNanoseconds() - began.event_time.ToNanoseconds()) / 1e6


async def together(client: Client, runs: int, steps: int) -> float:
    """Steps a second with all runs in flight at once."""
    began = time.perf_counter()
    starting = (
        client.execute_workflow(BareSteps.run, steps, id=uuid4().hex, task_queue=QUEUE) for _ in range(runs)
    )
    await asyncio.gather(*starting)
    return runs * steps / (time.perf_counter() - began)


def section(measured: dict[str, list[Round]], rounds: int) -> Section:
    def spread(side: str, figure: str) -> Spread:
        return Spread([getattr(each, figure) for each in measured[side]])

    figures = {"step_ms": "one step, ms", "timer_ms": "a timer of 100 ms, ms late", "steps_s": "steps/s"}
    rows = [
        [
            name,
            *(spread(side, figure).text() for side in SIDES),
            ratios(spread("tuned", figure), spread("stock", figure)).text(2),
        ]
        for figure, name in figures.items()
    ]
    more = ratios(spread("tuned", "steps_s"), spread("stock", "steps_s"))
    return Section(
        "server",
        f"One run alone, and {IN_FLIGHT} runs of {STEPS} steps at once; {rounds} turns each. "
        "Stock is `temporal server start-dev --db-filename`, tuned is how Tenuto starts it.",
        [Table(["", *SIDES, "tuned / stock"], rows)],
        [Requirement("steps/s, tuned against stock", 2.5, more)],
        figures={side: [vars(each) for each in measured[side]] for side in SIDES},
    )
