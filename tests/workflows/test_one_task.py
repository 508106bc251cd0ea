"""What comes in together is handled in one task: an attempt may be stopped in the task that began it.

The SDK's core sends nothing to the server for such an attempt, so no event tells of it.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from temporalio.api.enums.v1 import EventType
from temporalio.client import Client

from activities.tenant_books import Per
from contracts.approvals import Answer, Verdict
from contracts.receipts import AttemptEnd, EndingKind
from contracts.resolutions import Path as Way
from contracts.terms import Amount
from operations.histories import attributes_of
from operations.verification import verify
from operations.waiting import story_when_over
from tests.fault_server import faults
from tests.fault_server.server import Behaviour, Exchange, good
from tests.workflows import any_workflow
from tests.workflows.any_workflow import proven
from tests.workflows.gather_mails import GatherMails, ManyMails
from tests.workflows.read_mail_and_text import ReadMailAndText
from tests.workflows.test_gathering import MAILS, by_mail
from tests.workflows.test_resets import reset_to
from tests.workflows.world import MAIN, ROUTES, World, as_read, sample
from worker import WORKFLOWS
from workflows.resolve_ticket import PLAN

NOTHING = Amount()


@pytest.fixture
async def world(temporal: str, tmp_path: Path) -> AsyncIterator[World]:
    """Whose models answer all the time; its workflows go on where a test says so."""
    async with World.opened(temporal, tmp_path) as opened, opened.working(which=ROUTES):
        yield opened


@asynccontextmanager
async def workflows(world: World) -> AsyncIterator[None]:
    """With a worker for workflows and tools. Of its own connection, which may have one for each queue."""
    client = await Client.connect(
        world.client.service_client.config.target_host, data_converter=world.client.data_converter
    )
    async with replace(world, client=client).working([*WORKFLOWS, GatherMails, ReadMailAndText], which=MAIN):
        yield


async def events(handle: Any, kind: str) -> list[Any]:
    number = EventType.Value(f"EVENT_TYPE_{kind}")
    return [event for event in (await handle.fetch_history()).events if event.event_type == number]


async def until(handle: Any, kind: str, number: int = 1) -> None:
    """Return when its history has so many events of a kind."""
    for _ in range(400):
        if len(await events(handle, kind)) >= number:
            return
        await asyncio.sleep(0.05)
    raise AssertionError(f"no {number} of {kind}")


async def handed_over(world: World, handle: Any) -> Any:
    """How it ended, once its history is proven by the code."""
    resolution = await world.ended(handle)
    assert (await verify(await handle.fetch_history(), WORKFLOWS)).findings == []
    assert resolution.path is Way.HANDED_OVER
    assert resolution.ending is not None
    return resolution.ending


async def test_a_deadline_that_comes_with_the_time_to_try_again_leaves_a_trail_that_holds(
    world: World,
) -> None:
    """The second attempt is begun by the one timer and stopped by the other."""
    world.provider.script(faults.status(503, headers=[("Retry-After", "3")]), task="read_ticket")
    async with workflows(world):
        handle = await world.start(sample("01"), deadline=PLAN.escrow.time + timedelta(seconds=5))
        await until(handle, "TIMER_STARTED", 2)
    await until(handle, "TIMER_FIRED", 2)
    async with workflows(world):
        ending = await handed_over(world, handle)
        status = await world.status(handle)
    assert ending.kind is EndingKind.DEADLINE_REACHED
    assert len(world.provider.entries) == 1
    assert status is not None
    assert [line.end for line in status.attempts][:2] == [AttemptEnd.SETTLED, AttemptEnd.RELEASED]


async def test_an_approval_that_comes_with_a_cancellation_leaves_a_trail_that_holds(world: World) -> None:
    """The refund is begun by the answer and stopped by the cancellation: nobody is paid."""
    world.provider.script(as_read("05"), task="read_ticket")
    async with workflows(world):
        handle = await world.start(sample("05"))
        action = (await world.waiting(handle)).action or ""
    answer = Answer(action=action, verdict=Verdict.APPROVE, proof=world.proof(action))
    approved = asyncio.create_task(world.answer(handle, answer))
    await asyncio.sleep(0.5)
    await handle.cancel()
    async with workflows(world):
        await approved
        ending = await handed_over(world, handle)
    assert ending.kind is EndingKind.CANCELLED
    assert world.refunds() == []


async def test_a_deadline_that_comes_with_a_reply_leaves_a_trail_that_holds(world: World) -> None:
    """The next step, a read by another worker, is begun by the one and stopped by the other."""
    asked, told = asyncio.Event(), asyncio.Event()

    async def later(exchange: Exchange) -> None:
        asked.set()
        await told.wait()
        await good(exchange)

    world.provider.default = later
    async with workflows(world):
        handle = await any_workflow.begun(world, ReadMailAndText, MAILS[0])
        await asked.wait()
    told.set()
    await until(handle, "TIMER_FIRED")
    async with workflows(world):
        run = await proven(handle, ReadMailAndText)
    assert run.result.ending is not None
    assert run.result.ending.kind is EndingKind.DEADLINE_REACHED
    assert [(step.name, step.state) for step in run.status.steps] == [
        ("read_ticket", "done"),
        ("read_text", "failed"),
    ]
    assert len(await events(handle, "ACTIVITY_TASK_SCHEDULED")) == 1


async def test_a_part_that_tries_again_when_another_stops_all_was_never_sent(world: World) -> None:
    """Its hold is given back, not booked as unknown, and its trail holds."""
    open_requests = asyncio.Barrier(3)

    def together(behaviour: Behaviour, after: float) -> Behaviour:
        async def answered(exchange: Exchange) -> None:
            await open_requests.wait()
            await asyncio.sleep(after)
            await behaviour(exchange)

        return answered

    again, stops = together(faults.reply({"wish": "all"}), 1), together(faults.status(401), 1.5)
    world.provider.default = by_mail({0: again, 1: stops})
    async with workflows(world):
        handle = await any_workflow.begun(world, GatherMails, ManyMails(mails=tuple(MAILS)))
        await open_requests.wait()
    await until(handle, "ACTIVITY_TASK_FAILED", 2)
    async with workflows(world):
        run = await proven(handle, GatherMails)
    assert sorted(run.result.gaps) == list(range(6))
    assert len(world.provider.entries) == 2
    assert [line.end for line in run.status.attempts[:2]] == [AttemptEnd.SETTLED] * 2
    assert {line.end for line in run.status.attempts[2:]} == {AttemptEnd.RELEASED}
    assert [step.attempts for step in run.status.steps] == [2, 1, 0, 0, 0, 0]
    assert run.balance.held == run.balance.unknown == NOTHING


async def test_parts_that_go_on_together_after_a_reset_all_wait_for_the_lease(world: World) -> None:
    """It is denied: none of them spends, neither beside the one that asks nor after it."""
    open_requests = asyncio.Barrier(3)

    async def together(exchange: Exchange) -> None:
        await open_requests.wait()
        await asyncio.sleep(1)
        await good(exchange)

    world.provider.default = by_mail({0: together, 1: together})
    async with workflows(world):
        handle = await any_workflow.begun(world, GatherMails, ManyMails(mails=tuple(MAILS)))
        await open_requests.wait()
    await until(handle, "ACTIVITY_TASK_COMPLETED", 2)
    async with workflows(world):
        assert (await proven(handle, GatherMails)).result.gaps == {}
        third, fourth = (await events(handle, "ACTIVITY_TASK_SCHEDULED"))[2:4]
        begun_by = [attributes_of(each).workflow_task_completed_event_id for each in (third, fourth)]
        assert begun_by[0] == begun_by[1]
        world.ledger.set_cap(world.profile, Per.DAY, world.spent(), datetime.now(UTC))
        again = await reset_to(world, await handle.fetch_history(), begun_by[0])
        told = await story_when_over(world.client, handle.id, again)
    assert (told.result or {})["ending"]["kind"] == EndingKind.LEASE_DENIED
    assert len(world.provider.entries) == len(MAILS)
