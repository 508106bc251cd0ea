"""Many runs for each way in which a provider can fail, and what ledgers and provider say afterwards.

python -m tests.chaos.fault_classes --runs 25 --seed 7 [--class timed_out]
"""

import argparse
import asyncio
import logging
import sys
import tempfile
import time
from pathlib import Path

from contracts.resolutions import Path as Way
from embedded.stack import stop_all
from embedded.temporal_server import ensure_temporal
from process import run
from tests.chaos.dealt_faults import CLASSES, Deal, Dealer, deals
from tests.chaos.fault_books import Bulk, Course, figures, table, wrongs
from tests.workflows.provider_faults import REFUSED, profile_of, profiles_toml
from tests.workflows.world import World, sample

__all__ = ["fail_in_bulk"]

# Two busy cores are full with so many.
AT_ONCE = 24
# A hang is noticed after this long, and what is only slow must never be taken for one.
TIMEOUT_S = 5
# What such a run may end as: the fault passed, or a person goes on.
WAYS = {Way.ASKED_ORDER_NUMBER, Way.HANDED_OVER}


async def fail_in_bulk(world: World, dealt: list[Deal], seed: int) -> Bulk:
    """Run every deal to its end, side by side."""
    dealer = world.provider.default = Dealer(dealt)
    toml = profiles_toml(world.profile, world.provider.address, AT_ONCE, TIMEOUT_S)
    world.settings.models.write_text(toml)
    turns = asyncio.Semaphore(AT_ONCE)
    # What takes longest begins first.
    order = sorted(dealt, key=lambda each: each.fault != "timed_out")
    async with world.working():
        courses = await asyncio.gather(*(course(world, turns, each) for each in order))
    courses.sort(key=lambda each: each.deal.number)
    return Bulk(seed, courses, list(world.provider.entries), dealer.answered)


async def course(world: World, turns: asyncio.Semaphore, deal: Deal) -> Course:
    """One whole run, of a ticket that is answered without a refund."""
    ticket = sample("12")
    marked = ticket.model_copy(update={"subject": f"{deal.mark}: {ticket.subject}"})
    profile = profile_of(world.profile, REFUSED if deal.refused else "", streamed=deal.streamed)
    async with turns:
        handle = await world.start(marked, profile=profile)
        resolution = await world.ended(handle)
        status = await world.status(handle)
    assert resolution.path in WAYS, f"{deal.mark} ended as {resolution.path}"
    assert status is not None
    return Course(deal, status)


async def main(runs: int, seed: int, only: str | None) -> int:
    """Run them on a server of their own."""
    began = time.monotonic()
    # It tells every failed attempt with its traceback; here they are what is wanted.
    logging.getLogger("temporalio").setLevel(logging.CRITICAL)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        temporal = ensure_temporal(folder).address
        try:
            async with World.opened(temporal, folder) as world:
                bulk = await fail_in_bulk(world, deals(runs, seed, only), seed)
        finally:
            stop_all(folder)
    found, every = wrongs(bulk), figures(bulk, bulk.courses)
    verdict = "every class and booking is right, no request is hidden"
    last = (
        f"seed {seed}: {every.runs} runs in {time.monotonic() - began:.0f} s, {every.attempts} attempts, "
        f"{len(bulk.requests)} requests; unknown are {every.unknown_money:.1f} % of the money booked and "
        f"{every.unknown_attempts:.1f} % of the attempts; "
        + (f"{len(found)} things are wrong" if found else verdict)
    )
    sys.stdout.write("\n".join([*table(bulk), *found, last]) + "\n")
    return 1 if found else 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="tests.chaos.fault_classes")
    parser.add_argument("--runs", type=int, default=25, help="of each class, streamed and whole")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--class", dest="only", choices=CLASSES)
    given = parser.parse_args()
    run(main(given.runs, given.seed, given.only))
