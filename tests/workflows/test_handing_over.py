"""A ticket that is being handed over when its run has to end."""

import asyncio
import shutil

from contracts.receipts import EndingKind
from contracts.resolutions import Path as Way
from operations.verification import verify
from tests.workflows.world import World, as_read, sample
from worker import WORKFLOWS
from workflows.resolve_ticket import Stage


async def test_a_run_that_is_cancelled_while_it_waits_to_hand_over_hands_over_on_its_way_out(
    world: World,
) -> None:
    """Nobody may lose the ticket because the desk's box could not be reached a moment before."""
    desk = world.folder / "mail" / "desk"
    kept = desk.rename(desk.with_name("kept"))
    desk.write_text("not a folder")
    world.provider.script(as_read("15"), task="read_ticket")
    handle = await world.start(sample("15"))
    await waiting_for_the_desk(world, handle.id)
    await handle.cancel()
    await asyncio.sleep(0.5)
    desk.unlink()
    shutil.move(kept, desk)
    resolution = await world.ended(handle)
    assert resolution.path is Way.HANDED_OVER
    assert resolution.ending is not None
    assert resolution.ending.kind is EndingKind.CANCELLED
    assert len(world.mails("desk")) == 1
    assert (await verify(await handle.fetch_history(), WORKFLOWS)).findings == []


async def waiting_for_the_desk(world: World, workflow_id: str) -> None:
    """Return when another attempt is waited for, which takes half a second at least."""
    handle = world.client.get_workflow_handle(workflow_id)
    for _ in range(400):
        status = await world.status(handle)
        if status is not None and status.stage == Stage.HANDING_OVER and status.waiting:
            return
        await asyncio.sleep(0.02)
    raise AssertionError("the desk could be reached")
