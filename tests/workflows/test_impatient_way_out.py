"""The way out has the time that the escrow keeps, whatever a service asks for."""

import asyncio
from datetime import timedelta

from contracts.receipts import EndingKind
from operations.certificates import certificate_of
from samples.payment_faults import Fault
from tests.fault_server import faults
from tests.workflows.world import World, as_read, sample
from workflows.resolve_ticket import PLAN


async def test_a_service_that_wants_an_hours_patience_does_not_get_it_on_the_way_out(world: World) -> None:
    """The refund is voided after a moment: the run's time is over long before that hour."""
    world.provider.script(as_read("01"), task="read_ticket")
    world.provider.script(faults.status(403), task="draft_reply")
    later = Fault(do="status_before", path="/refunds/void", status=503, retry_after="3600")
    world.payments.faults.arrange(later)
    handle = await world.start(sample("01"))
    async with asyncio.timeout(30):
        resolution = await world.ended(handle)
    assert resolution.ending is not None
    assert resolution.ending.kind is EndingKind.STEP_FAILED
    assert world.refunds() == []
    bound = certificate_of(await handle.fetch_history(), PLAN)
    assert bound is not None
    assert timedelta(seconds=bound.way_out_s) <= PLAN.escrow.time
