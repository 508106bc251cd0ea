"""Where a run is: the same from the worker that runs it and from its history when no worker is alive."""

import sqlite3
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from temporalio.client import WorkflowHandle

from contracts.receipts import Status
from contracts.resolutions import Resolution
from operations.histories import HistoryError, decided
from operations.recomputing import recompute
from samples.payment_faults import Fault
from tests.fault_server import faults
from tests.workflows.world import World, as_read, sample
from workflows.resolve_ticket import ResolveTicket, Stage

Handle = WorkflowHandle[Any, Resolution]


async def reading(world: World) -> Handle:
    world.provider.script(faults.hang())
    return await world.start(sample("01"))


async def looking_up(world: World) -> Handle:
    lock = sqlite3.connect(world.folder / "shop.db", isolation_level=None)
    lock.execute("PRAGMA locking_mode = EXCLUSIVE")
    lock.execute("BEGIN EXCLUSIVE")
    world.kept.append(lock)
    return await world.start(sample("01"))


async def awaiting_approval(world: World) -> Handle:
    world.provider.script(as_read("05"), task="read_ticket")
    return await world.start(sample("05"))


async def refunding(world: World) -> Handle:
    world.payments.faults.arrange(Fault(do="delay", path="/refunds", seconds=8))
    return await world.start(sample("01"))


async def replying(world: World) -> Handle:
    world.provider.script(faults.hang(), task="draft_reply")
    return await world.start(sample("01"))


async def waiting_to_try_again(world: World) -> Handle:
    world.provider.script(faults.status(429, headers=[("Retry-After", "60")]))
    return await world.start(sample("01"))


async def handing_over(world: World) -> Handle:
    desk = world.folder / "mail" / "desk"
    (desk / "new").rmdir()
    (desk / "new").write_text("not a folder")
    world.provider.script(as_read("19"), task="read_ticket")
    return await world.start(sample("19"))


@pytest.mark.parametrize(
    ("begin", "stage"),
    [
        (reading, Stage.READING),
        (waiting_to_try_again, Stage.READING),
        (looking_up, Stage.LOOKING_UP),
        (awaiting_approval, Stage.AWAITING_APPROVAL),
        (refunding, Stage.REFUNDING),
        (replying, Stage.REPLYING),
        (handing_over, Stage.HANDING_OVER),
    ],
)
async def test_status_reads_the_same_from_the_query_and_from_the_history_alone(
    temporal: str, tmp_path: Path, begin: Callable[[World], Awaitable[Handle]], stage: Stage
) -> None:
    """Asked of a live worker in each stage, then read from the history when that worker is gone."""
    async with World.opened(temporal, tmp_path) as world:
        async with world.working():
            handle = await begin(world)
            asked = await world.in_stage(handle, stage)
            history = decided(await handle.fetch_history())
            # Ends what is under way, so that the worker need not wait for it when it stops.
            await handle.terminate()
            for lock in world.kept:
                lock.close()
        recomputed = await recompute(history, [ResolveTicket])
        assert recomputed.failure is None
        assert lines(recomputed.status) == lines(asked)
        assert asked.waiting or any(step.state == "running" for step in asked.steps)


def lines(status: Status | None) -> list[str]:
    """Field by field, so that a difference is readable."""
    return status.model_dump_json(indent=1).splitlines() if status else []


async def test_a_run_that_no_worker_has_touched_is_not_started(temporal: str, tmp_path: Path) -> None:
    """Its history says so, in words."""
    async with World.opened(temporal, tmp_path) as world:
        handle = await world.start(sample("01"))
        with pytest.raises(HistoryError, match="not started"):
            decided(await handle.fetch_history())
        await handle.terminate()
