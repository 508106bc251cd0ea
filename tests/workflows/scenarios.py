"""One run for each way in which a ticket can go; recorded as tests/histories, named for what happened."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

from temporalio.client import WorkflowHandle

from contracts.approvals import Verdict
from contracts.repairs import Abort, Retry, Supply
from contracts.resolutions import Resolution
from samples.payment_faults import Fault
from tests.fault_server import faults
from tests.workflows.world import World, as_read, sample
from workflows.resolve_ticket import PLAN, Stage

__all__ = ["SCENARIOS"]

Handle = WorkflowHandle[Any, Resolution]
Scenario = Callable[[World], Awaitable[Handle]]

# Most of it is kept for the way out; this leaves a few seconds for the story.
PARK = timedelta(hours=4)
SHORT = PLAN.escrow.time + timedelta(seconds=4)


async def begun(world: World, name: str, **terms: Any) -> Handle:
    """A sample ticket that the provider reads right."""
    world.provider.script(as_read(name), task="read_ticket")
    return await world.start(sample(name), **terms)


async def refunded_at_once(world: World) -> Handle:
    return await begun(world, "01")


async def refunded_after_approval(world: World) -> Handle:
    handle = await begun(world, "05")
    await world.approve(handle)
    return handle


async def denied_by_a_person(world: World) -> Handle:
    handle = await begun(world, "06")
    await world.approve(handle, Verdict.DENY)
    return handle


async def handed_over_when_nobody_answered(world: World) -> Handle:
    world.thresholds["approval_hours"] = Decimal("0.0005")
    return await begun(world, "05")


async def replied_too_late(world: World) -> Handle:
    return await begun(world, "07")


async def replied_already_refunded(world: World) -> Handle:
    return await begun(world, "09")


async def asked_for_the_order_number(world: World) -> Handle:
    return await begun(world, "12")


async def handed_over_when_no_rule_fits(world: World) -> Handle:
    return await begun(world, "19")


async def handed_over_when_the_budget_was_spent(world: World) -> Handle:
    world.provider.script(faults.reset())
    return await world.start(sample("01"), calls=1)


async def handed_over_at_the_deadline(world: World) -> Handle:
    world.provider.script(faults.hang())
    return await world.start(sample("01"), deadline=SHORT)


async def handed_over_when_cancelled(world: World) -> Handle:
    handle = await begun(world, "05")
    await world.waiting(handle)
    await handle.cancel()
    return handle


async def cancelled_in_a_model_call(world: World) -> Handle:
    world.provider.script(faults.hang())
    handle = await world.start(sample("01"))
    await world.asked()
    await handle.cancel()
    return handle


async def refund_found_and_voided_when_cancelled(world: World) -> Handle:
    world.payments.faults.arrange(Fault(do="status_after", path="/refunds", status=500, retry_after="30"))
    handle = await begun(world, "01")
    await world.in_stage(handle, Stage.REFUNDING)
    await handle.cancel()
    return handle


async def refund_voided_when_the_reply_failed(world: World) -> Handle:
    world.break_mail()
    return await begun(world, "01", deadline=PLAN.escrow.time + timedelta(seconds=12))


async def refunded_in_spite_of_faults(world: World) -> Handle:
    """A rate limit, a lost call, an invalid reply, a cut one, and a refund whose answer was lost."""
    rate_limit = faults.status(429, headers=[("Retry-After", "0")])
    world.provider.script(rate_limit, faults.reset(), faults.reply({"wish": "all"}), task="read_ticket")
    world.provider.script(faults.choice("length", content='{"te'), task="draft_reply")
    world.payments.faults.arrange(Fault(do="reset_after", path="/refunds"))
    return await begun(world, "01")


async def parked_and_repaired(world: World) -> Handle:
    """The provider's key was refused; a person mended that, and the reading went on."""
    world.provider.script(faults.status(401), as_read("01"), task="read_ticket")
    handle = await world.start(sample("01"), park=PARK)
    await world.repair(handle, Retry(at_most_usd=Decimal("0.01")))
    return handle


async def reply_supplied_by_a_person(world: World) -> Handle:
    """Nothing that the model wrote would do."""
    world.provider.script(*[faults.reply({"text": "short"})] * 3, task="draft_reply")
    handle = await begun(world, "07", park=PARK)
    text = "It was delivered more than 30 days before you wrote, so there is no refund. Your support team"
    await world.repair(handle, Supply(output={"text": text}))
    return handle


async def refund_voided_when_the_reply_was_given_up(world: World) -> Handle:
    world.provider.script(faults.status(403), task="draft_reply")
    handle = await begun(world, "01", park=PARK)
    await world.repair(handle, Abort())
    return handle


async def handed_over_when_nobody_repaired_it(world: World) -> Handle:
    world.provider.script(faults.status(403))
    return await world.start(sample("01"), park=timedelta(seconds=1))


SCENARIOS: dict[str, Scenario] = {
    scenario.__name__.replace("_", "-"): scenario
    for scenario in (
        refunded_at_once,
        refunded_after_approval,
        denied_by_a_person,
        handed_over_when_nobody_answered,
        replied_too_late,
        replied_already_refunded,
        asked_for_the_order_number,
        handed_over_when_no_rule_fits,
        handed_over_when_the_budget_was_spent,
        handed_over_at_the_deadline,
        handed_over_when_cancelled,
        cancelled_in_a_model_call,
        refund_found_and_voided_when_cancelled,
        refund_voided_when_the_reply_failed,
        refunded_in_spite_of_faults,
        parked_and_repaired,
        reply_supplied_by_a_person,
        refund_voided_when_the_reply_was_given_up,
        handed_over_when_nobody_repaired_it,
    )
}
