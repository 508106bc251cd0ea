"""A batch of tickets whose worker is killed again and again, and what the books say afterwards.

python -m tests.chaos.killed_workers --seed 7 --kills 10 --tickets 20
"""

import argparse
import asyncio
import itertools
import random
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from connection import TASK_QUEUE
from contracts.resolutions import Path as Way
from process import run
from tests.chaos.killed_books import Batch, batch_of
from tests.chaos.killed_books import report as report_calls
from tests.chaos.killed_books import wrongs as wrong_calls
from tests.chaos.killing import LATENCY_S, Handle, in_its_own_world
from tests.chaos.killing import kill_through as kill_workers
from tests.workflows.world import TRUTH, World, models_toml, reads_by_truth, sample

__all__ = ["Tickets", "kill_through", "report", "wrongs"]

# A run of two calls is open for longer, so every kill falls into one.
TWO_CALLS_S = 2 * LATENCY_S


@dataclass(frozen=True)
class Tickets:
    """What is left when every ticket is resolved."""

    batch: Batch
    refunds: list[str]
    """The key of each refund that was paid and not taken back, as the payment service saw them."""


async def kill_through(world: World, temporal: str, *, tickets: int, kills: int, seed: int) -> Tickets:
    """Start tickets a few at a time; after each few kill the worker at a random moment, and start another."""
    world.task_queue = TASK_QUEUE
    world.provider.latency_s, world.provider.default = LATENCY_S, reads_by_truth
    world.settings.models.write_text(models_toml(world.profile, world.provider.address, slots=tickets))
    names, chance = itertools.cycle(without_approval()), random.Random(seed)
    begun = 0

    async def begin(turn: int) -> Sequence[Handle]:
        nonlocal begun
        few = tickets * (turn + 1) // kills - begun
        begun += few
        return [await world.start(sample(next(names))) for _ in range(few)]

    async def until() -> None:
        await asyncio.sleep(chance.uniform(0.05, TWO_CALLS_S))

    handles, killed = await kill_workers(world, temporal, begin, until, kills)
    refunds = [refund.key for refund, voided in world.payments.book.refunds() if not voided]
    return Tickets(await batch_of(world, seed, handles, killed), refunds)


def without_approval() -> list[str]:
    """Samples that ask nobody, refunds first: every other one takes two calls, so it is open for a while."""
    asked = [name for name, truth in TRUTH.items() if "approval" not in truth]
    one_call = [name for name in asked if TRUTH[name]["path"] == Way.HANDED_OVER]
    two_calls = sorted(set(asked) - set(one_call), key=lambda name: (TRUTH[name]["refund"] is None, name))
    return [name for pair in zip(two_calls, itertools.cycle(one_call), strict=False) for name in pair]


def wrongs(tickets: Tickets) -> list[str]:
    """Everything that must not be, as a line each; empty when the books agree."""
    return [*wrong_calls(tickets.batch), *of_refunds(tickets)]


def of_refunds(tickets: Tickets) -> Iterator[str]:
    paid = {told.workflow_id for told in tickets.batch.stories if (told.result or {}).get("refunded")}
    refunds = Counter(key.partition("/issue_refund/")[0] for key in tickets.refunds)
    yield from (f"{name} has {refunds[name]} refunds" for name in paid if refunds[name] != 1)
    yield from (f"{name} has a refund that its result does not know" for name in refunds.keys() - paid)


def report(tickets: Tickets) -> list[str]:
    """For a person."""
    return [*report_calls(tickets.batch), f"{len(tickets.refunds)} refunds, each once"]


async def main(seed: int, kills: int, tickets: int) -> int:
    """Run one batch on a server of its own."""
    done = await in_its_own_world(partial(kill_through, tickets=tickets, kills=kills, seed=seed))
    found = wrongs(done)
    sys.stdout.write("\n".join([*report(done), *(found or ["the books agree"])]) + "\n")
    return 1 if found else 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="tests.chaos.killed_workers")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--tickets", type=int, default=20)
    given = parser.parse_args()
    run(main(given.seed, given.kills, given.tickets))
