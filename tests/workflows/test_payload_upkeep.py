"""Large values go when the server keeps no run that could need them, and not before."""

import asyncio
import os
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.workflowservice.v1 import DeleteWorkflowExecutionRequest, ResetWorkflowExecutionRequest

from connection import TASK_QUEUE
from contracts.payloads import PayloadsRemoved
from embedded.stack import stop_all
from embedded.temporal_server import ensure_temporal
from operations.histories import fetch
from operations.kept_runs import any_started_by, namespace_id
from operations.starting import start
from operations.upkeep import PAYLOADS_SCHEDULE, ensure_payloads_schedule
from operations.verification import verify
from payloads.folder import BlobFolder
from payloads.storage import documents_in
from tests.workflows.keep_papers import PLAN, KeepPapers, Papers, paper_activities
from tests.workflows.world import World
from workflows.upkeep.remove_payloads import RemoveUnneeded

NOW = [KeepPapers]
GRACE = timedelta(seconds=1)


@pytest.fixture
def forgetful_temporal(tmp_path: Path) -> Iterator[str]:
    """A server that keeps no run of another test, and forgets one in seconds when it is told to."""
    often = [
        f'history.{each}ProcessorUpdateAckInterval="500ms"' for each in ("transfer", "timer", "visibility")
    ]
    settings = [word for each in often for word in ("--dynamic-config-value", each)]
    yield ensure_temporal(tmp_path / "temporal", settings).address
    stop_all(tmp_path / "temporal")


@pytest.fixture
async def world(forgetful_temporal: str, tmp_path: Path) -> AsyncIterator[World]:
    """With a worker that knows the workflow of this test."""
    async with (
        World.opened(forgetful_temporal, tmp_path) as opened,
        opened.working(NOW, tools=paper_activities()),
    ):
        yield opened


async def keep(world: World, size: int) -> tuple[str, str]:
    """A run of its own; its id and its run's."""
    name = f"{world.profile}/{uuid4().hex}"
    terms = world.terms(deadline=PLAN.deadline)
    await start(
        world.client,
        KeepPapers,
        Papers(size=size, text="below"),
        terms,
        task_queue=world.task_queue,
        workflow_id=name,
    )
    handle = world.client.get_workflow_handle(name)
    await asyncio.wait_for(handle.result(), 60)
    return name, (await handle.describe()).run_id


async def upkeep(world: World, name: str = "remove-payloads") -> PayloadsRemoved:
    """One round, over what has not been touched for a moment."""
    await asyncio.sleep(GRACE.total_seconds() * 1.2)
    return await world.client.execute_workflow(
        RemoveUnneeded.run, GRACE, id=name, task_queue=world.task_queue
    )


async def forget(world: World, workflow_id: str, run_id: str = "") -> None:
    """Delete a run as retention does."""
    execution = WorkflowExecution(workflow_id=workflow_id, run_id=run_id)
    await world.client.workflow_service.delete_workflow_execution(
        DeleteWorkflowExecutionRequest(namespace=world.client.namespace, workflow_execution=execution)
    )
    query = f"WorkflowId='{workflow_id}'" + (f" AND RunId='{run_id}'" if run_id else "")
    for _ in range(400):
        if not (await world.client.count_workflows(query)).count:
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
    assert (await upkeep(world, "first round")).removed == 0
    await forget(world, *first)
    # The rest of the first run's values, its result with its own receipt, is needed by none.
    assert (await upkeep(world, "second round")).removed == 1
    assert (await verify(await fetch(world.client, second[0]), NOW)).findings == []
    # The rounds are runs themselves, and hold back what was touched since; at most for the retention.
    gone = [forget(world, *second), forget(world, "first round"), forget(world, "second round")]
    await asyncio.gather(*gone)
    assert (await upkeep(world)).kept == 0
    assert blobs_of(world).blobs() == []


async def test_a_reset_run_keeps_what_it_took_over(world: World) -> None:
    """The run before may be forgotten: the values are touched again when the new one is replayed."""
    name, run_id = await keep(world, 100_000)
    await asyncio.sleep(GRACE.total_seconds() * 1.5)
    # Read with no value, since reading one touches it.
    before = await world.client.get_workflow_handle(name).fetch_history()
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
    await forget(world, name, run_id)
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


async def test_documents_go_by_the_same_rule(world: World) -> None:
    """Whoever starts a run on a document again puts it there again."""
    documents = documents_in(world.settings.documents)
    old, young = documents.put(b"old"), documents.put(b"young")
    os.utime(documents.folder / old[:2] / old, (0, 0))
    await keep(world, 10)
    assert await upkeep(world) == PayloadsRemoved(removed=1, kept=1)
    assert [blob.digest for blob in documents.blobs()] == [young]


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
