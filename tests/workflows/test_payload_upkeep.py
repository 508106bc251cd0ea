"""Large values go when the server keeps no run that could need them, and not before."""

import asyncio
import os
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.workflowservice.v1 import DeleteWorkflowExecutionRequest, ResetWorkflowExecutionRequest

from connection import TASK_QUEUE
from contracts.payloads import PayloadsRemoved
from operations.histories import fetch
from operations.kept_runs import any_started_by, namespace_id
from operations.starting import start
from operations.upkeep import PAYLOADS_SCHEDULE, ensure_payloads_schedule
from operations.verification import verify
from payloads.folder import BlobFolder
from tests.workflows.keep_papers import PLAN, KeepPapers, Papers, paper_activities
from tests.workflows.world import World
from workflows.upkeep.remove_payloads import RemoveUnneeded

NOW = [KeepPapers]
GRACE = timedelta(seconds=1)


@pytest.fixture
async def world(untouched_temporal: str, tmp_path: Path) -> AsyncIterator[World]:
    """On a server that keeps no run of another test."""
    async with (
        World.opened(untouched_temporal, tmp_path) as opened,
        opened.working(NOW, tools=paper_activities()),
    ):
        yield opened


async def keep(world: World, size: int) -> tuple[str, str]:
    """A run of its own; its id and its run's."""
    name = f"{world.profile}/{uuid4().hex}"
    terms = world.terms(deadline=PLAN.deadline)
    await start(
        world.client, KeepPapers, Papers(size=size), terms, task_queue=world.task_queue, workflow_id=name
    )
    handle = world.client.get_workflow_handle(name)
    await asyncio.wait_for(handle.result(), 60)
    return name, (await handle.describe()).run_id


async def upkeep(world: World) -> PayloadsRemoved:
    """One round, over what has not been touched for a moment; it leaves no run behind that would be kept."""
    await asyncio.sleep(GRACE.total_seconds() * 1.2)
    name = f"remove-payloads-{uuid4().hex[:8]}"
    removed = await world.client.execute_workflow(
        RemoveUnneeded.run, GRACE, id=name, task_queue=world.task_queue
    )
    await delete(world, name)
    return removed


async def delete(world: World, workflow_id: str, run_id: str = "") -> None:
    """As retention does, at once."""
    execution = WorkflowExecution(workflow_id=workflow_id, run_id=run_id)
    await world.client.workflow_service.delete_workflow_execution(
        DeleteWorkflowExecutionRequest(namespace=world.client.namespace, workflow_execution=execution)
    )
    for _ in range(200):
        found = await world.client.count_workflows(f"WorkflowId='{workflow_id}'")
        runs = [each async for each in world.client.list_workflows(f"WorkflowId='{workflow_id}'")]
        if not found.count or (run_id and run_id not in [each.run_id for each in runs]):
            return
        await asyncio.sleep(0.05)
    raise AssertionError("it is still there")


def blobs_of(world: World) -> BlobFolder:
    return BlobFolder(Path(world.settings.payloads))


async def test_a_value_goes_with_the_last_run_that_needs_it(world: World) -> None:
    """The fetched paper of both runs is one value, written by the first and only used again by the second."""
    first = await keep(world, 100_000)
    await asyncio.sleep(GRACE.total_seconds() * 1.5)
    second = await keep(world, 100_000)
    assert (await upkeep(world)).removed == 0
    await delete(world, *first)
    # The rest of the first run's values, its result with its own receipt, is needed by none.
    assert (await upkeep(world)).removed == 1
    assert (await verify(await fetch(world.client, second[0]), NOW)).findings == []
    await delete(world, *second)
    assert (await upkeep(world)).kept == 0
    assert blobs_of(world).blobs() == []


async def test_a_reset_run_keeps_what_it_took_over(world: World) -> None:
    """The run before may be forgotten: the values are touched again when the new one is replayed."""
    name, run_id = await keep(world, 100_000)
    await asyncio.sleep(GRACE.total_seconds() * 1.5)
    before = await fetch(world.client, name)
    task = next(
        event.activity_task_scheduled_event_attributes.workflow_task_completed_event_id
        for event in reversed(before.events)
        if event.HasField("activity_task_scheduled_event_attributes")
    )
    await world.client.workflow_service.reset_workflow_execution(
        ResetWorkflowExecutionRequest(
            namespace=world.client.namespace,
            workflow_execution=WorkflowExecution(workflow_id=name, run_id=run_id),
            workflow_task_finish_event_id=task,
            reason="a test",
            request_id=uuid4().hex,
        )
    )
    again = world.client.get_workflow_handle(name)
    await asyncio.wait_for(again.result(), 60)
    await delete(world, name, run_id)
    await upkeep(world)
    assert (await again.describe()).run_id != run_id
    assert (await verify(await fetch(world.client, name), NOW)).findings == []


async def test_what_nobody_ever_needed_goes_and_what_is_young_stays(world: World) -> None:
    """A start that failed after its input was stored leaves such a value."""
    blobs = blobs_of(world)
    old, young = blobs.put(b"old"), blobs.put(b"young")
    when = datetime(2020, 2, 2, tzinfo=UTC).timestamp()
    os.utime(blobs.folder / old[:2] / old, (when, when))
    await keep(world, 10)
    assert await upkeep(world) == PayloadsRemoved(removed=1, kept=1)
    assert [blob.digest for blob in blobs.blobs()] == [young]


async def test_a_folder_of_two_namespaces_is_left_alone(world: World) -> None:
    """The other one's runs cannot be seen from here."""
    blobs = blobs_of(world)
    blobs.note_user("another namespace")
    digest = blobs.put(b"its value")
    os.utime(blobs.folder / digest[:2] / digest, (0, 0))
    assert await upkeep(world) == PayloadsRemoved(kept=1, shared=True)
    assert blobs.users() == {"another namespace", await namespace_id(world.client)}


async def test_a_run_counts_from_its_start_on(world: World) -> None:
    """Open or ended; nothing was started before the server was."""
    began = datetime.now(UTC)
    await keep(world, 10)
    assert await any_started_by(world.client, datetime.now(UTC))
    assert not await any_started_by(world.client, began - timedelta(minutes=1))


async def test_the_schedule_is_made_once_and_left_as_it_is(world: World) -> None:
    """Whoever paused it, meant it."""
    await ensure_payloads_schedule(world.client, TASK_QUEUE)
    handle = world.client.get_schedule_handle(PAYLOADS_SCHEDULE)
    await handle.pause()
    await ensure_payloads_schedule(world.client, TASK_QUEUE)
    assert (await handle.describe()).schedule.state.paused
