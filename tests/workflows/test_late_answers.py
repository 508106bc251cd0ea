"""Answers to a run that asks nothing yet, or nothing any more: refused, and nothing is done."""

import asyncio
import re
from decimal import Decimal
from pathlib import Path

import pytest
from temporalio.client import WorkflowUpdateFailedError
from temporalio.service import RPCError

from contracts.resolutions import Path as Way
from tests.fault_server import faults
from tests.workflows.asking import (
    ASKING,
    NOTHING_WAITS,
    Handle,
    asking,
    is_approved,
    keys,
    refused,
    sent,
)
from tests.workflows.forgeries import right_answer
from tests.workflows.world import World, sample
from workflows.kernel.approvals import ANSWER


async def test_an_answer_to_a_run_that_asks_nothing_is_refused(world: World) -> None:
    """It is still reading."""
    world.provider.script(faults.hang())
    handle = await world.start(sample(ASKING))
    await world.asked()
    await refused(handle, right_answer(keys(world), "0" * 16), NOTHING_WAITS)
    await handle.terminate()


async def test_an_answer_to_a_run_that_has_ended_finds_nobody(world: World) -> None:
    handle, action = await asking(world)
    await is_approved(world, handle, action)
    with pytest.raises(RPCError, match="already completed"):
        await handle.execute_update(ANSWER, sent(right_answer(keys(world), action)))
    assert len(world.payments.book.refunds()) == 1


async def test_an_answer_after_the_question_expired_is_refused(world: World) -> None:
    """The run has gone on to a person; what was asked is not done any more."""
    world.thresholds["approval_hours"] = Decimal("0.0001")
    handle, action = await asking(world)
    put_a_file_for_the_folder(world.folder / "mail" / "desk")
    await stage(world, handle, "handing_over")
    await refused(handle, right_answer(keys(world), action), NOTHING_WAITS, at_rest=False)
    assert world.payments.book.refunds() == []
    await handle.terminate()


async def test_an_answer_that_waited_for_a_worker_until_the_question_expired_is_refused(
    temporal: str, tmp_path: Path
) -> None:
    """What counts is when the run takes note of it, not when it was sent."""
    async with World.opened(temporal, tmp_path) as world:
        world.thresholds["approval_hours"] = Decimal("0.001")
        async with world.working():
            handle, action = await asking(world)
        answer = right_answer(keys(world), action)
        sending = asyncio.create_task(handle.execute_update(ANSWER, sent(answer)))
        await asyncio.sleep(3.6)
        async with world.working():
            with pytest.raises(WorkflowUpdateFailedError) as caught:
                await sending
            assert re.search(f"the question has expired|{NOTHING_WAITS}", str(caught.value.cause))
            assert (await world.ended(handle)).path is Way.HANDED_OVER
        assert world.payments.book.refunds() == []


async def test_an_answer_to_a_run_on_its_way_out_is_refused(world: World) -> None:
    """Cancelled while it asked: an answer that changes nothing must not look accepted."""
    handle, action = await asking(world)
    put_a_file_for_the_folder(world.folder / "mail" / "desk")
    await handle.cancel()
    await stage(world, handle, "handing_over")
    await refused(handle, right_answer(keys(world), action), NOTHING_WAITS, at_rest=False)
    assert world.payments.book.refunds() == []
    await handle.terminate()


def put_a_file_for_the_folder(box: Path) -> None:
    """Nothing can be handed over, so the run stays on its way out."""
    (box / "new").rmdir()
    (box / "new").write_text("not a folder")


async def stage(world: World, handle: Handle, name: str) -> None:
    """Return when the run has come to this stage."""
    for _ in range(200):
        status = await world.status(handle)
        if status is not None and status.stage == name:
            return
        await asyncio.sleep(0.05)
    raise AssertionError(f"the run never came to {name}")
