"""Whatever a provider does, streamed or not, once or twice in a row: booked right, and nothing is hidden."""

import asyncio
import os
from collections.abc import Callable
from dataclasses import replace

import pytest

from contracts.attempts import Fault
from tests.chaos.dealt_faults import CLASSES, LIES, deals
from tests.chaos.fault_books import Bulk, figures, table, wrongs
from tests.chaos.fault_classes import fail_in_bulk
from tests.workflows.world import World

RUNS = 2
NOT_OF_A_PROVIDER = {
    Fault.DECLINED,
    Fault.NOT_FOUND,
    Fault.OVER_HOLD,
    Fault.CIRCUIT_OPEN,
    Fault.NOT_STARTED,
    Fault.WORKER_LOST,
    Fault.CANCELLED,
}


@pytest.fixture(scope="module")
def bulk(temporal: str, tmp_path_factory: pytest.TempPathFactory) -> Bulk:
    """Some runs of every class. TENUTO_CHAOS_SEED repeats a failed one."""
    seed = int(os.environ.get("TENUTO_CHAOS_SEED", "0")) or int.from_bytes(os.urandom(3), "big")

    async def run_all() -> Bulk:
        async with World.opened(temporal, tmp_path_factory.mktemp("bulk")) as world:
            return await fail_in_bulk(world, deals(RUNS, seed), seed)

    return asyncio.run(run_all())


def test_every_fault_that_a_provider_can_cause_is_dealt() -> None:
    """A class that is added is added to the table of what a provider can do."""
    assert set(CLASSES) == {fault.value for fault in Fault if fault not in NOT_OF_A_PROVIDER} | {LIES}


def test_ledgers_and_provider_agree_on_every_attempt(bulk: Bulk) -> None:
    """Class and booking, one request for each attempt, and never less booked than is billed."""
    assert wrongs(bulk) == [], "\n".join([f"seed {bulk.seed}", *table(bulk)])
    assert len(bulk.courses) == len(deals(RUNS, bulk.seed))
    every = figures(bulk, bulk.courses)
    assert every.settled < every.billed < every.settled + every.unknown


def sent_twice(bulk: Bulk) -> Bulk:
    return replace(bulk, requests=[*bulk.requests, bulk.requests[0]])


def retried_by_the_client(bulk: Bulk) -> Bulk:
    return replace(bulk, requests=[replace(bulk.requests[0], retry_count="1"), *bulk.requests[1:]])


def unknown_to_every_ledger(bulk: Bulk) -> Bulk:
    return replace(bulk, requests=[replace(bulk.requests[0], request_id="1.1-0"), *bulk.requests])


def never_sent(bulk: Bulk) -> Bulk:
    return replace(bulk, requests=bulk.requests[1:])


def billed_above_every_hold(bulk: Bulk) -> Bulk:
    return replace(bulk, requests=[replace(bulk.requests[0], output_tokens=10**6), *bulk.requests[1:]])


def answered_with_another_row(bulk: Bulk) -> Bulk:
    good = next(name for name, row in bulk.answered.items() if row is None)
    bad = next(row for row in bulk.answered.values() if row is not None)
    return replace(bulk, answered={**bulk.answered, good: bad})


@pytest.mark.parametrize(
    "forged",
    [
        sent_twice,
        retried_by_the_client,
        unknown_to_every_ledger,
        never_sent,
        billed_above_every_hold,
        answered_with_another_row,
    ],
)
def test_what_does_not_agree_is_found(bulk: Bulk, forged: Callable[[Bulk], Bulk]) -> None:
    """The check above can fail."""
    assert wrongs(forged(bulk)) != []
