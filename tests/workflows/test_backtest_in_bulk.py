"""Many generated runs: each is proven again, and a backtest finds the flips of really running them."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

import pytest
import pytest_asyncio
from temporalio.client import WorkflowHandle, WorkflowHistory

from contracts.resolutions import Resolution
from contracts.tickets import Ticket
from operations.backtesting import Backtested, backtest
from operations.backtesting import Verdict as Found
from operations.bundles import Bundle, written
from operations.new_sheets import Changes
from operations.recomputing import recomputing
from operations.verification import verify_by
from samples.payments import serving
from samples.refund_book import charges_of
from tests.commands.test_bad_input import starter
from tests.workflows.world import World, as_read, sample
from workflows.resolve_ticket import ResolveTicket

RUNS = 200
IN_FLIGHT = 48
BEFORE, AFTER = Decimal(50), Decimal(80)
APPROVED = 20
"""So many are answered; nobody answers the others."""
HOURS = Decimal("0.001")
SENDER = "nora.doyle@inbox.example"

Handle = WorkflowHandle[Any, Resolution]


NUMBERS = [f"QA-{number:05}" for number in range(RUNS)]


def stock(world: World) -> None:
    """Many new orders, of every price; some were delivered too long ago."""
    dice = Random(20)
    orders = [
        (number, SENDER, dice.randrange(100, 13_000), f"-{dice.choice([2, 8, 40])} days")
        for number in NUMBERS
    ]
    insert = "INSERT INTO orders VALUES (?, ?, 'Vase', ?, date('now', '-9 days'), date('now', ?), 0)"
    with closing(sqlite3.connect(world.settings.shop)) as shop, shop:
        shop.executemany(insert, orders)


def tickets() -> list[Ticket]:
    """One for each of those orders: somebody wants the money back."""
    return [
        Ticket(
            sender=SENDER,
            subject=f"Vase {number}",
            text=f"The vase of order {number} arrived broken. I want my money back.",
            message_id=f"<{number}@inbox.example>",
        )
        for number in NUMBERS
    ]


async def run_all(world: World, asked: Sequence[Ticket], *, approving: bool = False) -> list[WorkflowHistory]:
    """Really run them; what waits for a person is approved, or waits until its question expires."""
    # Whoever approves asks often whether there is something to approve.
    gate = asyncio.Semaphore(IN_FLIGHT // 8 if approving else IN_FLIGHT)

    async def one(ticket: Ticket) -> WorkflowHistory:
        async with gate:
            handle = await world.start(ticket)
            if approving:
                await approved(world, handle)
            await asyncio.wait_for(handle.result(), 300)
            return await handle.fetch_history()

    return list(await asyncio.gather(*(one(ticket) for ticket in asked)))


async def approved(world: World, handle: Handle) -> None:
    """Say yes to what waits, and nothing to a run that asks nobody."""
    result = asyncio.ensure_future(handle.result())
    approving = asyncio.ensure_future(world.approve(handle))
    await asyncio.wait([result, approving], return_when=asyncio.FIRST_COMPLETED)
    if not approving.done():
        approving.cancel()
    await result


def decided(history: WorkflowHistory) -> str:
    """What the trail of a whole run says."""
    outcomes = {
        b'"outcome":"%s"' % name.encode(): name for name in ("refund", "ask_approval", "say_too_late")
    }
    (found,) = {
        name for text, name in outcomes.items() for e in history.events if text in e.SerializeToString()
    }
    return found


def flip_of(found: Backtested, before: str) -> str:
    """What the remedy would be."""
    if found.parting is None or found.parting.now is None:
        return before
    assert found.parting.now.name == "remedy"
    return found.parting.now.came_to


def sent(world: World) -> tuple[int, ...]:
    """How much the outside world has seen: requests to the model, refunds, mails."""
    mails = len(world.mails("customers")) + len(world.mails("desk"))
    return (len(world.provider.entries), len(world.payments.book.refunds()), mails)


@dataclass(frozen=True)
class Generated:
    """So many runs under one limit, with their histories as the server has them, and their world."""

    world: World
    tickets: list[Ticket]
    answered: list[WorkflowHistory]
    expired: list[WorkflowHistory]

    @property
    def histories(self) -> list[WorkflowHistory]:
        """In the order of the tickets."""
        return [*self.answered, *self.expired]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def generated(temporal: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Generated]:
    """In a world whose shop and payment service know the orders of `tickets`."""
    folder = tmp_path_factory.mktemp("vases")
    async with World.opened(temporal, folder) as world:
        stock(world)
        with serving(folder / "vases.jsonl", charges_of(world.settings.shop)) as payments:
            world.payments = payments
            world.settings = replace(world.settings, payments_url=payments.url)
            async with world.working():
                asked = tickets()
                world.thresholds["approval_above_usd"] = BEFORE
                answered = await run_all(world, asked[:APPROVED], approving=True)
                world.thresholds["approval_hours"] = HOURS
                expired = await run_all(world, asked[APPROVED:])
                yield Generated(world, asked, answered, expired)


@pytest.mark.timeout(900)
@pytest.mark.asyncio(loop_scope="module")
async def test_every_history_of_two_hundred_runs_is_proven_again(generated: Generated) -> None:
    """As the server has it: its trail agrees with its events, and the code does what is recorded."""
    async with recomputing([ResolveTicket]) as recompute:
        verified = [await verify_by(history, recompute) for history in generated.histories]
    assert len(verified) == RUNS
    assert {each.workflow_id: each.findings for each in verified if not each.holds} == {}
    assert all(each.links > 2 for each in verified)


@pytest.mark.asyncio(loop_scope="module")
async def test_a_person_can_prove_one_of_each_kind_from_a_file(generated: Generated, tmp_path: Path) -> None:
    """By the command line, with no server; a mail that was another fails."""
    kinds = {decided(history): history for history in generated.histories}
    assert len(kinds) == 3
    for name, history in kinds.items():
        text = written(Bundle(history))
        told = await proven(tmp_path / f"{name}.json", text, code=0)
        assert "verified: " in told
    forged = text.replace("arrived broken", "arrived in time")
    assert forged != text
    assert "not verified: " in await proven(tmp_path / "forged.json", forged, code=4)


async def proven(file: Path, text: str, *, code: int) -> str:
    """What `explain FILE --verify` says."""
    await asyncio.to_thread(file.write_text, text)
    done = await asyncio.to_thread(starter, "explain", str(file), "--verify", home=file.parent)
    assert done.returncode == code, done.stderr
    return done.stdout


@pytest.mark.timeout(900)
@pytest.mark.asyncio(loop_scope="module")
async def test_the_flips_of_a_backtest_are_those_of_really_running_it(generated: Generated) -> None:
    """Two hundred runs under one limit; then the limit moves. Nothing leaves the process for a backtest."""
    world, asked = generated.world, generated.tickets
    before = [decided(history) for history in generated.histories]
    assert min(map(before.count, ("refund", "ask_approval", "say_too_late"))) > 20

    left = sent(world)
    limit = {"approval_above_usd": AFTER}
    found = [await backtest(each, [ResolveTicket], Changes(thresholds=limit)) for each in generated.answered]
    limit |= {"approval_hours": HOURS}
    found += [await backtest(each, [ResolveTicket], Changes(thresholds=limit)) for each in generated.expired]
    assert sent(world) == left

    world.thresholds["approval_above_usd"] = AFTER
    really = [decided(history) for history in await run_all(world, asked)]
    assert [flip_of(each, outcome) for each, outcome in zip(found, before, strict=True)] == really
    flipped = [each.verdict is Found.OTHER_PATH for each in found]
    assert flipped == [outcome != now for outcome, now in zip(before, really, strict=True)]
    assert 10 < sum(flipped) < RUNS // 2
    # What was approved needs no person any more, and is known to its end; what expired is not.
    assert {(each.missing, each.difference) for each in found if each.parting} == {
        (None, Decimal(0)),
        ("issue_refund: it was never called", None),
    }
    assert {each.missing for each in found if each.verdict is Found.SAME_PATH} == {None}


async def test_the_decision_of_an_open_run_flips_before_anybody_has_answered(world: World) -> None:
    """Its question is open; with another limit there would be none. The run itself waits on."""
    world.provider.script(as_read("05"), task="read_ticket")
    handle = await world.start(sample("05"))
    await world.waiting(handle)
    history = await handle.fetch_history()
    same = await backtest(history, [ResolveTicket])
    assert (same.verdict, same.missing, same.open) == (Found.SAME_PATH, None, True)
    other = await backtest(history, [ResolveTicket], Changes(thresholds={"approval_above_usd": Decimal(500)}))
    assert other.verdict is Found.OTHER_PATH
    assert other.parting is not None
    assert str(other.parting.now) == "decides remedy: refund"
    assert (await world.waiting(handle)).action is not None
