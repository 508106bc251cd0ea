"""The main job, on a real server with real tools; only the provider's answers are scripted."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from temporalio.client import WorkflowHandle

from contracts.approvals import Verdict
from contracts.receipts import AttemptEnd, EndingKind
from contracts.resolutions import Path, Resolution
from contracts.terms import Amount
from samples.payment_faults import Fault
from tests.fault_server import faults
from tests.workflows.world import TRUTH, World, as_read, sample
from workflows.resolve_ticket import PLAN, Stage


@pytest.mark.parametrize("name", TRUTH)
async def test_a_ticket_that_is_read_right_ends_as_the_shop_wants(world: World, name: str) -> None:
    """Every sample, read as its truth says, takes the path of its truth and pays what its truth pays."""
    truth = TRUTH[name]
    world.provider.script(as_read(name), task="read_ticket")
    handle = await world.start(sample(name))
    if "approval" in truth:
        await world.approve(handle, Verdict(truth["approval"]))
    resolution = await world.ended(handle)
    assert resolution.path == truth["path"]
    assert resolution.refunded == (Decimal(truth["refund"]) if truth["refund"] else None)
    assert len(world.refunds()) == (1 if truth["refund"] else 0)
    assert len(world.mails("customers")) == (0 if resolution.path is Path.HANDED_OVER else 1)
    assert len(world.mails("desk")) == (1 if resolution.path is Path.HANDED_OVER else 0)


async def test_the_ledger_says_what_the_provider_billed(world: World) -> None:
    """Settled money is the provider's bill, to the last digit, failed attempts included."""
    world.provider.script(faults.status(429, headers=[("Retry-After", "0")]), faults.reply({"wish": "no"}))
    resolution = await world.resolve(sample("01"))
    assert resolution.receipt is not None
    balance = resolution.receipt.balance
    assert balance.settled.usd == world.spent() > 0
    assert balance.settled.calls == len(world.provider.entries) == 4
    assert balance.unknown == balance.held == Amount()


async def test_a_lost_call_is_booked_unknown_and_the_run_goes_on(world: World) -> None:
    """A reset tells nobody what it cost, so the whole hold stays booked."""
    world.provider.script(faults.reset())
    resolution = await world.resolve(sample("01"))
    assert resolution.path is Path.REFUNDED
    assert resolution.receipt is not None
    assert resolution.receipt.balance.unknown.calls == 1
    assert resolution.receipt.balance.unknown.usd > 0


async def test_the_default_cap_survives_two_unknown_attempts_of_the_longest_ticket(world: World) -> None:
    """As every workflow's defaults must."""
    ticket = sample("01")
    filler = " and so on" * ((12_000 - len(ticket.text)) // 10)
    world.provider.script(faults.reset(), faults.reset(), as_read("01-broken-mugs.eml"))
    resolution = await world.resolve(ticket.model_copy(update={"text": ticket.text + filler}))
    assert resolution.path is Path.REFUNDED


async def test_a_spent_budget_ends_at_a_person_before_the_model_is_called(world: World) -> None:
    """Enough for one reading and no more: the second attempt is never sent."""
    world.provider.script(faults.reset())
    resolution = await world.resolve(sample("01"), calls=1)
    assert resolution.path is Path.HANDED_OVER
    assert resolution.ending is not None
    assert resolution.ending.kind is EndingKind.BUDGET_SPENT
    assert len(world.provider.entries) == 1
    assert len(world.mails("desk")) == 1


async def test_a_deadline_ends_in_order_with_the_time_that_was_kept(world: World) -> None:
    """The provider hangs; the run leaves when only the way out's time is left, in the middle of the call."""
    world.provider.script(faults.hang(), faults.hang(), faults.hang())
    deadline = PLAN.escrow.time + timedelta(seconds=3)
    resolution = await world.resolve(sample("01"), deadline=deadline)
    assert resolution.path is Path.HANDED_OVER
    assert resolution.ending is not None
    assert resolution.ending.kind is EndingKind.DEADLINE_REACHED
    assert len(world.provider.entries) == 1
    assert len(world.mails("desk")) == 1


async def test_a_refund_is_voided_when_the_reply_cannot_be_sent(world: World) -> None:
    """The customer must not be paid without a word."""
    world.break_mail()
    resolution = await world.resolve(sample("01"), deadline=PLAN.escrow.time + timedelta(seconds=12))
    assert resolution.path is Path.HANDED_OVER
    assert resolution.refunded is None
    assert world.refunds() == []
    assert len(world.payments.book.refunds()) == 1
    assert len(world.mails("desk")) == 1


async def test_a_refund_that_never_arrived_is_refused_when_it_comes_late(world: World) -> None:
    """The way out voids by key, so what was lost on the way stays lost."""
    world.payments.faults.arrange(Fault(do="reset_before", path="/refunds", times=5))
    resolution = await world.resolve(sample("01"))
    assert resolution.path is Path.HANDED_OVER
    assert world.refunds() == []
    (void,) = world.payments.book.voids()
    assert not void.existed


async def test_an_unknown_refund_is_repeated_with_its_key_and_paid_once(world: World) -> None:
    """The service did it and the answer was lost: the same key finds it."""
    world.payments.faults.arrange(Fault(do="reset_after", path="/refunds"))
    resolution = await world.resolve(sample("01"))
    assert resolution.path is Path.REFUNDED
    assert len(world.payments.book.refunds()) == 1


async def test_a_cancelled_run_takes_its_way_out(world: World) -> None:
    """While a person is asked: nothing is paid, a person has the ticket, and the result says why."""
    world.provider.script(as_read("05-wrong-lamp.eml"), task="read_ticket")
    handle = await world.start(sample("05"))
    await world.waiting(handle)
    await handle.cancel()
    resolution = await world.ended(handle)
    assert resolution.path is Path.HANDED_OVER
    assert resolution.ending is not None
    assert resolution.ending.kind is EndingKind.CANCELLED
    assert world.refunds() == []


async def test_a_run_cancelled_in_a_model_call_books_it_and_leaves(world: World) -> None:
    """The call acknowledges the cancellation within its heartbeat; its cost is unknown."""
    world.provider.script(faults.hang())
    handle = await world.start(sample("01"))
    await world.asked()
    await handle.cancel()
    resolution = await world.ended(handle)
    assert resolution.path is Path.HANDED_OVER
    assert resolution.receipt is not None
    assert resolution.receipt.balance.unknown.calls == 1


async def test_a_run_cancelled_in_a_refund_finds_out_whether_it_happened(world: World) -> None:
    """The attempt is cut off by the cancellation; the same key is asked for once more, and then voided."""
    world.payments.faults.arrange(Fault(do="delay_after", path="/refunds", seconds=8))
    handle = await world.start(sample("01"))
    await world.in_stage(handle, Stage.REFUNDING)
    await handle.cancel()
    resolution = await world.ended(handle)
    assert (resolution.path, resolution.refunded) == (Path.HANDED_OVER, None)
    assert resolution.ending is not None
    assert resolution.ending.kind is EndingKind.CANCELLED
    assert await refund_attempts(world, handle) == [AttemptEnd.UNKNOWN, AttemptEnd.SETTLED]
    assert len(world.payments.book.refunds()) == 1
    assert world.refunds() == []


async def test_a_run_cancelled_between_two_attempts_of_a_refund_finds_out_too(world: World) -> None:
    """The answer was lost, and the run is cancelled while it waits to ask again: it asks before it leaves."""
    world.payments.faults.arrange(Fault(do="status_after", path="/refunds", status=500, retry_after="30"))
    handle = await world.start(sample("01"))
    await world.in_stage(handle, Stage.REFUNDING)
    await handle.cancel()
    resolution = await world.ended(handle)
    assert resolution.ending is not None
    assert resolution.ending.kind is EndingKind.CANCELLED
    assert await refund_attempts(world, handle) == [AttemptEnd.UNKNOWN, AttemptEnd.SETTLED]
    assert world.refunds() == []


async def refund_attempts(world: World, handle: WorkflowHandle[Any, Resolution]) -> list[AttemptEnd]:
    """How each attempt of the refund stands in the ledger."""
    status = await world.status(handle)
    assert status is not None
    return [line.end for line in status.attempts if line.step == "issue_refund"]


async def test_every_request_carries_an_attempt_id_of_the_ledger_and_is_never_retried(world: World) -> None:
    """Provider's journal and ledger, matched one to one."""
    world.provider.script(faults.status(500), faults.reply("not json"), task="draft_reply")
    handle = await world.start(sample("01"))
    await world.ended(handle)
    status = await world.status(handle)
    assert status is not None
    ledger = [line.attempt_id for line in status.attempts if line.hold.calls]
    assert [entry.request_id for entry in world.provider.entries] == ledger
    assert {entry.retry_count for entry in world.provider.entries} == {"0"}
    assert {entry.body["model"] for entry in world.provider.entries} == {"scripted"}
