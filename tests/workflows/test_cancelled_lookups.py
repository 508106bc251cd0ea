"""A cancellation that comes while something is looked up: nothing is left open, nothing is called failed."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from temporalio import activity
from temporalio.api.enums.v1 import EventType
from temporalio.client import WorkflowExecutionStatus, WorkflowFailureError, WorkflowUpdateFailedError
from temporalio.exceptions import CancelledError

from contracts.receipts import EndingKind, LeaseState
from contracts.repairs import Abort, Retry
from contracts.resolutions import Path as Way
from operations.verification import verify
from tests.fault_server import faults
from tests.workflows.world import World, activity_name, sample
from worker import WORKFLOWS, Parts


@dataclass
class Slow(World):
    """One thing is looked up only when the test says so."""

    slow: str = ""
    """The name of the activity."""
    asked_for: asyncio.Event = field(default_factory=asyncio.Event)
    answers: asyncio.Event = field(default_factory=asyncio.Event)

    def with_thresholds(self, parts: Parts) -> Parts:
        parts = super().with_thresholds(parts)
        (tool,) = (each for each in parts.tools if activity_name(each) == self.slow)

        async def slowly(request: Any) -> Any:
            self.asked_for.set()
            await self.answers.wait()
            return await tool(request)

        slowly.__annotations__ = tool.__annotations__
        others = [each for each in parts.tools if each != tool]
        return replace(parts, tools=[*others, activity.defn(name=self.slow)(slowly)])


@pytest.fixture
async def world(temporal: str, tmp_path: Path) -> AsyncIterator[Slow]:
    """Without a worker."""
    async with Slow.opened(temporal, tmp_path) as opened:
        assert isinstance(opened, Slow)
        yield opened


async def taken_in(handle: Any, kind: Any = EventType.EVENT_TYPE_ACTIVITY_TASK_COMPLETED) -> None:
    """Return when a workflow task has begun that is given such an event."""
    for _ in range(400):
        kinds = [event.event_type for event in (await handle.fetch_history()).events]
        if kind in kinds and EventType.EVENT_TYPE_WORKFLOW_TASK_STARTED in kinds[kinds.index(kind) :]:
            return
        await asyncio.sleep(0.05)
    raise AssertionError("it never came")


async def test_a_run_that_is_cancelled_before_its_sheet_is_known_ends_as_cancelled(world: Slow) -> None:
    """It has begun nothing and failed in nothing."""
    world.slow = "resolve_sheet"
    async with world.working():
        handle = await world.start(sample("01"))
        await world.asked_for.wait()
        await handle.cancel()
        with pytest.raises(WorkflowFailureError) as ended:
            await asyncio.wait_for(handle.result(), 30)
    assert isinstance(ended.value.cause, CancelledError)
    assert (await handle.describe()).status is WorkflowExecutionStatus.CANCELED


async def test_a_cancellation_while_a_repair_is_looked_up_leaves_nothing_open(world: Slow) -> None:
    """The run has taken its way out and only waits to answer the repair: it ends as it would have."""
    world.slow = "resolve_routes"
    world.provider.script(faults.status(401), task="read_ticket")
    async with world.working():
        handle = await world.start(sample("01"), park=timedelta(hours=4))
        await world.waiting(handle, parked=True)
        other = Retry(profile=world.profile, at_most_usd=Decimal("0.01"))
        repaired = asyncio.create_task(world.repair(handle, other))
        await world.asked_for.wait()
        await world.repair(handle, Abort())
        await taken_in(handle)
        await handle.cancel()
        await taken_in(handle, EventType.EVENT_TYPE_WORKFLOW_EXECUTION_CANCEL_REQUESTED)
        world.answers.set()
        resolution = await world.ended(handle)
        with pytest.raises(WorkflowUpdateFailedError):
            await repaired
        status = await world.status(handle)
    assert resolution.path is Way.HANDED_OVER
    assert resolution.ending is not None
    assert resolution.ending.kind is EndingKind.STEP_FAILED
    assert resolution.receipt is not None
    assert status is not None
    assert status.lease is not None
    assert status.lease.state is LeaseState.CLOSED
    assert (await verify(await handle.fetch_history(), WORKFLOWS)).findings == []
