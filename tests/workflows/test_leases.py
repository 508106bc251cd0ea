"""A run and its tenant's money: no lease, no money; what is left goes back, whatever becomes of the run."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.workflowservice.v1 import ResetWorkflowExecutionRequest
from temporalio.client import ScheduleOverlapPolicy, WorkflowFailureError, WorkflowHandle

from activities.tenant_books import Budget, Per
from connection import TASK_QUEUE
from contracts.approvals import Verdict
from contracts.leases import LeftClosed
from contracts.receipts import EndingKind, LeaseState
from contracts.resolutions import Path as Way
from contracts.resolutions import Resolution
from operations.histories import attributes_of, fetch
from operations.upkeep import SCHEDULE, ensure_schedule
from operations.waiting import story_when_over
from tests.fault_server import faults
from tests.postgres import taken_away
from tests.workflows.world import World, as_read, sample
from workflows.kernel.case import STATUS
from workflows.upkeep.close_leases import CloseLeases

CAP = Decimal("0.05")
"""The default of a ticket."""


@pytest.fixture
async def shared(temporal: str, tmp_path: Path, database_url: str) -> AsyncIterator[World]:
    """A world with a worker, its ledger on each kind of database."""
    async with World.opened(temporal, tmp_path, database_url=database_url) as opened, opened.working():
        yield opened


def books(world: World) -> Budget:
    """All that is booked for acme."""
    accounts = world.ledger.accounts(datetime.now(UTC), "acme")
    return next((each.budget for each in accounts if each.per is Per.TOTAL), Budget())


def cap(world: World, usd: Decimal) -> None:
    world.ledger.set_cap("acme", Per.DAY, usd, datetime.now(UTC))


async def upkeep(world: World) -> LeftClosed:
    """One round, over every lease that is open now."""
    return await world.client.execute_workflow(
        CloseLeases.run, timedelta(0), id=f"close-leases-{uuid4().hex[:8]}", task_queue=world.task_queue
    )


async def reset(world: World, handle: WorkflowHandle[Any, Resolution], step: str) -> str:
    """Reset a run to where it schedules a step; returns the new run's id."""
    before = await fetch(world.client, handle.id)
    scheduled = next(
        attributes_of(event)
        for event in before.events
        if event.HasField("activity_task_scheduled_event_attributes")
        and attributes_of(event).activity_type.name == step
    )
    again = await world.client.workflow_service.reset_workflow_execution(
        ResetWorkflowExecutionRequest(
            namespace=world.client.namespace,
            workflow_execution=WorkflowExecution(workflow_id=handle.id, run_id=before.run_id),
            workflow_task_finish_event_id=scheduled.workflow_task_completed_event_id,
            reason="a test",
            request_id=uuid4().hex,
        )
    )
    return str(again.run_id)


async def test_a_run_gives_back_what_it_did_not_spend(shared: World) -> None:
    """What stays booked is what the provider billed, and the next run may have the rest."""
    cap(shared, CAP + Decimal("0.01"))
    for name in ("01", "07"):
        shared.provider.script(as_read(name), task="read_ticket")
        assert (await shared.resolve(sample(name))).ending is None
    assert books(shared) == Budget(settled=shared.spent())


async def test_without_a_lease_no_model_is_called_and_the_way_out_is_taken(shared: World) -> None:
    """The end is typed, and the reason names what is free."""
    cap(shared, CAP - Decimal("0.01"))
    handle = await shared.start(sample("01"))
    resolution = await shared.ended(handle)
    assert resolution.path is Way.HANDED_OVER
    assert resolution.ending is not None
    assert resolution.ending.kind is EndingKind.LEASE_DENIED
    assert resolution.ending.reason == (
        "acme may spend 0.04 USD a day, of which 0.04 are free; the run may cost 0.05"
    )
    assert shared.provider.entries == []
    assert books(shared) == Budget()
    status = await shared.status(handle)
    assert status is not None
    assert status.lease is not None
    assert status.lease.state is LeaseState.DENIED
    assert status.cap.usd == status.free.usd == 0


async def test_a_ledger_that_cannot_be_asked_grants_nothing(
    temporal: str, tmp_path: Path, postgres_url: str
) -> None:
    """The run ends by its way out within seconds: without an answer nothing may be spent."""
    async with World.opened(temporal, tmp_path, database_url=postgres_url) as world, world.working():
        with taken_away(postgres_url):
            resolution = await world.resolve(sample("01"))
    assert resolution.path is Way.HANDED_OVER
    assert resolution.ending is not None
    assert resolution.ending.kind is EndingKind.LEASE_DENIED
    assert resolution.ending.reason.startswith("no lease could be taken: ")
    assert "TENUTO_DATABASE_URL" in resolution.ending.reason
    assert world.provider.entries == []


async def test_a_lease_that_cannot_be_closed_is_closed_from_the_history(
    temporal: str, tmp_path: Path, postgres_url: str
) -> None:
    """The run ends as it would have, with a notice; maintenance books what its history proves."""
    async with World.opened(temporal, tmp_path, database_url=postgres_url) as world, world.working():
        world.provider.script(as_read("05"), task="read_ticket")
        handle = await world.start(sample("05"))
        waiting = await world.waiting(handle)
        with taken_away(postgres_url):
            await world.approve(handle)
            assert (await world.ended(handle)).path is Way.REFUNDED
        assert waiting
        status = await world.status(handle)
        assert status is not None
        assert status.lease is not None
        assert status.lease.state is LeaseState.LEFT_OPEN
        assert "the lease is closed later" in status.notices[-1]
        assert books(world) == Budget(leased=CAP)
        assert await upkeep(world) == LeftClosed(running=0, closed=1, forfeited=0)
        assert books(world) == Budget(settled=world.spent())
        assert await upkeep(world) == LeftClosed(running=0, closed=0, forfeited=0)


async def test_a_run_that_fails_gives_the_rest_back(shared: World) -> None:
    """Its way out failed, too: the desk takes no mail."""
    desk = shared.folder / "mail" / "desk"
    desk.parent.mkdir(parents=True, exist_ok=True)
    if desk.exists():
        desk.rename(desk.with_name("away"))
    desk.write_text("not a folder")
    shared.provider.script(as_read("19"), task="read_ticket")
    handle = await shared.start(sample("19"), deadline=timedelta(minutes=6, seconds=8))
    with pytest.raises(WorkflowFailureError):
        await handle.result()
    assert books(shared) == Budget(settled=shared.spent())


async def test_a_terminated_run_is_booked_by_what_its_history_proves(shared: World) -> None:
    """What was paid is settled, what was under way is unknown at its worst case; what runs is left alone."""
    shared.provider.script(faults.reply({"wish": "all"}), faults.hang(), task="read_ticket")
    handle = await shared.start(sample("01"))
    for _ in range(200):
        status = await shared.status(handle)
        if status is not None and len(status.attempts) == 2 and len(shared.provider.entries) == 2:
            break
    assert status is not None
    assert await upkeep(shared) == LeftClosed(running=1, closed=0, forfeited=0)
    await handle.terminate("a test")
    assert await upkeep(shared) == LeftClosed(running=0, closed=1, forfeited=0)
    first, second = status.attempts
    assert first.actual is not None
    assert books(shared) == Budget(settled=first.actual.usd, unknown=second.hold.usd)


async def test_a_lease_whose_run_is_gone_is_booked_as_unknown(shared: World) -> None:
    """Nobody can say what it spent."""
    shared.provider.script(as_read("05"), task="read_ticket")
    handle = await shared.start(sample("05"))
    await shared.waiting(handle)
    await handle.terminate("a test")
    with shared.ledger.database.transaction() as db:
        db.exec_driver_sql("UPDATE leases SET workflow_id = 'another'")
    assert await upkeep(shared) == LeftClosed(running=0, closed=0, forfeited=1)
    assert books(shared) == Budget(unknown=CAP)


async def test_a_reset_run_takes_a_lease_of_its_own(shared: World) -> None:
    """What both spent is booked once, though the second repeats the history of the first."""
    shared.provider.script(as_read("01"), task="read_ticket")
    handle = await shared.start(sample("01"))
    await shared.ended(handle)
    again = await reset(shared, handle, "draft_reply")
    told = await story_when_over(shared.client, handle.id, again)
    assert told.state == "completed"
    assert len(shared.provider.entries) == 3
    assert books(shared) == Budget(settled=shared.spent())
    assert await upkeep(shared) == LeftClosed(running=0, closed=0, forfeited=0)


async def test_a_reset_run_is_denied_what_the_tenant_has_not(shared: World) -> None:
    """The money that the first gave back is spent by others; the reset run pays no model."""
    shared.provider.script(as_read("01"), task="read_ticket")
    handle = await shared.start(sample("01"))
    await shared.ended(handle)
    cap(shared, shared.spent())
    again = await reset(shared, handle, "draft_reply")
    told = await story_when_over(shared.client, handle.id, again)
    assert (told.result or {})["ending"]["kind"] == EndingKind.LEASE_DENIED
    assert len(shared.provider.entries) == 2
    assert books(shared) == Budget(settled=shared.spent())


async def test_a_reset_of_a_run_under_way_counts_both(shared: World) -> None:
    """The first is ended by the reset; its lease is closed from its history, the second's by itself."""
    shared.provider.script(as_read("05"), task="read_ticket")
    handle = await shared.start(sample("05"))
    await shared.waiting(handle)
    shared.provider.script(as_read("05"), task="read_ticket")
    again = await reset(shared, handle, "read_ticket")
    await shared.approve(handle, Verdict.DENY)
    await story_when_over(shared.client, handle.id, again)
    await upkeep(shared)
    assert len(shared.provider.entries) == 3
    assert books(shared) == Budget(settled=shared.spent())


async def test_a_cancelled_run_closes_its_lease(shared: World) -> None:
    """A lost call stays booked at its worst case."""
    shared.provider.script(faults.hang())
    handle = await shared.start(sample("01"))
    await shared.asked()
    await handle.cancel()
    resolution = await shared.ended(handle)
    assert resolution.receipt is not None
    assert books(shared) == Budget(unknown=resolution.receipt.balance.unknown.usd)


async def test_the_schedule_is_made_once_and_left_as_people_set_it(world: World) -> None:
    """A worker that starts does not wake what somebody paused."""
    await ensure_schedule(world.client, TASK_QUEUE)
    handle = world.client.get_schedule_handle(SCHEDULE)
    try:
        await handle.pause()
        await ensure_schedule(world.client, TASK_QUEUE)
        described = await handle.describe()
        assert described.schedule.state.paused
        assert described.schedule.policy.overlap is ScheduleOverlapPolicy.SKIP
    finally:
        await handle.delete()


async def test_a_status_query_tells_of_the_lease(world: World) -> None:
    """And a history says the same."""
    world.provider.script(as_read("01"), task="read_ticket")
    handle = await world.start(sample("01"))
    await world.ended(handle)
    status = await handle.query(STATUS)
    assert status["lease"]["state"] == LeaseState.CLOSED
