"""A thousand runs of one tenant at once, on several workers of which some are killed: the cap holds.

python -m tests.chaos.tenant_cap --seed 7 [--seeds 20] [--postgres] [--kills 3] [--runs 1000] [--cap 5.00]

Every run would spend exactly its own cap of $0.10. Judged by what the provider billed, and by the audit.
"""

import argparse
import asyncio
import json
import os
import random
import re
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from sqlalchemy import select
from temporalio.client import WorkflowHandle

from activities.ledger_tables import audit
from activities.tenant_books import Budget, Per
from contracts.receipts import EndingKind, Result
from contracts.terms import Terms
from contracts.tickets import ReadTicket, read_ticket
from embedded.stack import stop_all
from embedded.temporal_server import ensure_temporal
from operations.certificates import exceeded
from operations.starting import start
from operations.wording import dollars
from process import run
from tests.chaos.burst_worker import READY
from tests.chaos.one_call import PLAN, OneCall
from tests.fault_server import Exchange
from tests.fault_server.good import completion, good_content
from tests.postgres import new_database, serving_postgres
from tests.workflows.world import World, models_toml

__all__ = ["Burst", "Field", "burst", "report", "taken_up", "wrongs"]

WORKERS = 4
# As many calls are under way as the routes' slots allow, long enough for a kill to fall into some.
LATENCY_S = 0.2
SLOTS = 8
STARTED_AT_ONCE = 40
# A worker imports for two seconds on an idle machine; two busy cores take longer.
WORKER_PATIENCE_S = 90.0
ENDS_WITHIN_S = 300.0

EACH = PLAN.cap.usd
OUTPUT = read_ticket.max_output_tokens
# Output at this price and nothing else makes a call cost its run's whole cap.
PRICE = EACH * 1_000_000 / OUTPUT


@dataclass
class Field:
    """Where bursts take place: a provider, a ledger, and workers that can be killed."""

    world: World
    temporal: str
    kind: str
    workers: list[asyncio.subprocess.Process]
    exceeded: list[str] = dataclass_field(default_factory=list)
    """In which measures a run came to more than its certificate."""


@dataclass(frozen=True)
class Burst:
    """What is left when every run has ended."""

    seed: int
    kind: str
    runs: int
    cap: Decimal
    kills: int
    endings: Counter[EndingKind | None]
    billed: Decimal
    """By the provider, of this burst's requests."""
    booked: Budget
    audit: Sequence[Any]
    exceeded: list[str]
    took_s: float

    @property
    def admitted(self) -> int:
        """How many leases were granted."""
        return sum(line.what == "opened" for line in self.audit)


async def bills_the_hold(exchange: Exchange) -> None:
    """A good reply that is billed at the most that it could have cost."""
    answer = completion(exchange.request, good_content(exchange.request))
    answer["usage"] = {"prompt_tokens": 1, "completion_tokens": OUTPUT, "total_tokens": OUTPUT + 1}
    exchange.bill(200, 1, OUTPUT)
    await exchange.respond(200, json.dumps(answer).encode())


@asynccontextmanager
async def taken_up(temporal: str, folder: Path, database_url: str = "") -> AsyncIterator[Field]:
    """A field with all of its workers ready."""
    async with World.opened(temporal, folder, database_url=database_url) as world, AsyncExitStack() as ending:
        world.provider.default, world.provider.latency_s = bills_the_hold, LATENCY_S
        # Far longer than an answer takes on a busy machine: an attempt that is given up may have been paid.
        cheap = models_toml(world.profile, world.provider.address, slots=SLOTS, timeout=60)
        price = f'price = {{ input = "0", output = "{PRICE}" }}'
        world.settings.models.write_text(re.sub(r"price = .*", price, cheap))
        kind = world.ledger.database.url.get_backend_name()
        field = Field(world, temporal, kind, [])
        ending.push_async_callback(kill_all, field)
        field.workers += await asyncio.gather(*(new_worker(field) for _ in range(WORKERS)))
        yield field


async def new_worker(field: Field) -> asyncio.subprocess.Process:
    """One more process, ready to work."""
    world = field.world
    environment = {
        **os.environ,
        "TENUTO_HOME": str(world.folder),
        "TENUTO_MODELS": str(world.settings.models),
        "TENUTO_DATABASE_URL": world.settings.database_url,
    }
    module = "tests.chaos.burst_worker"
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", module, field.temporal, world.task_queue),
        env=environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        start_new_session=True,
    )
    assert process.stdout is not None
    async with asyncio.timeout(WORKER_PATIENCE_S):
        said = await process.stdout.readline()
    assert said == READY, "the worker ended before it worked"
    return process


async def kill(process: asyncio.subprocess.Process) -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    await process.wait()


async def kill_all(field: Field) -> None:
    for process in field.workers:
        await kill(process)


async def burst(field: Field, *, seed: int, runs: int, cap: Decimal, kills: int = 0) -> Burst:
    """Start every run as fast as the server takes them; meanwhile kill workers and put new ones in."""
    world, tenant, began = field.world, f"burst-{seed}", time.monotonic()
    world.ledger.set_cap(tenant, Per.DAY, cap, datetime.now(UTC))
    requests = len(world.provider.entries)
    chance = random.Random(seed)
    async with asyncio.timeout(ENDS_WITHIN_S):
        killing = asyncio.create_task(kill_some(field, kills, requests, chance))
        limit = asyncio.Semaphore(STARTED_AT_ONCE)
        results = await asyncio.gather(*(one(field, tenant, number, limit) for number in range(runs)))
        await killing
    # What a killed worker had asked for is billed when the answer would have come.
    await asyncio.sleep(2 * LATENCY_S)
    with world.ledger.database.transaction() as db:
        lines = db.execute(select(audit).where(audit.c.tenant == tenant).order_by(audit.c.number)).all()
    accounts = world.ledger.accounts(datetime.now(UTC), tenant)
    billed = sum(entry.output_tokens for entry in world.provider.entries[requests:])
    return Burst(
        seed=seed,
        kind=field.kind,
        runs=runs,
        cap=cap,
        kills=kills,
        endings=Counter(result.ending.kind if result.ending else None for result in results),
        billed=PRICE * billed / 1_000_000,
        booked=next(each.budget for each in accounts if each.per is Per.TOTAL),
        audit=lines,
        exceeded=field.exceeded,
        took_s=time.monotonic() - began,
    )


async def one(field: Field, tenant: str, number: int, limit: asyncio.Semaphore) -> Result:
    """One run, from its start to its end."""
    world, name = field.world, f"{field.world.profile}/{tenant}/{number}"
    terms = Terms(
        tenant=tenant, requested_by="bob", cap=PLAN.cap, deadline=PLAN.deadline, profile=world.profile
    )
    mail = ReadTicket(subject="hello", text=f"{number}: I want to know when you open.")
    async with limit:
        await start(world.client, OneCall, mail, terms, task_queue=world.task_queue, workflow_id=name)
    handle: WorkflowHandle[Any, Result] = world.client.get_workflow_handle(name, result_type=Result)
    result = await handle.result()
    field.exceeded += exceeded(await handle.fetch_history(), [OneCall])
    return result


async def kill_some(field: Field, kills: int, requests: int, chance: random.Random) -> None:
    """The first soon after a model is called; each time another worker takes the place."""
    replacements = []
    for number in range(kills):
        while not number and len(field.world.provider.entries) == requests:  # noqa: ASYNC110 (no bell rings)
            await asyncio.sleep(0.01)
        await asyncio.sleep(chance.uniform(0, 2 * LATENCY_S))
        victim = field.workers.pop(chance.randrange(len(field.workers)))
        await kill(victim)
        replacements.append(asyncio.create_task(new_worker(field)))
    field.workers += await asyncio.gather(*replacements)


def wrongs(burst: Burst) -> list[str]:
    """Everything that must not be, as a line each; empty when the cap held."""
    return [*of_money(burst), *of_runs(burst), *of_audit(burst), *burst.exceeded]


def of_money(burst: Burst) -> Iterator[str]:
    if burst.billed > burst.cap:
        yield f"the provider billed {dollars(burst.billed)} of a cap of {dollars(burst.cap)}"
    if burst.booked.booked > burst.cap:
        yield f"{dollars(burst.booked.booked)} are booked of a cap of {dollars(burst.cap)}"
    if burst.booked.leased:
        yield f"{dollars(burst.booked.leased)} are leased, and every run has ended"
    if burst.billed > burst.booked.settled + burst.booked.unknown:
        yield f"the provider billed {dollars(burst.billed)}, which is more than what is booked"


def of_runs(burst: Burst) -> Iterator[str]:
    denied = burst.endings[EndingKind.LEASE_DENIED]
    if denied + burst.admitted != burst.runs:
        yield f"{denied} runs were denied and {burst.admitted} admitted, of {burst.runs}"
    whole = int(burst.cap / EACH)
    if not burst.kills and burst.admitted != whole:
        yield f"{burst.admitted} runs were admitted, and there was money for {whole}"
    if not burst.kills and burst.billed != whole * EACH:
        yield f"the provider billed {dollars(burst.billed)}, not {dollars(whole * EACH)}"
    if burst.admitted < whole:
        yield f"only {burst.admitted} runs were admitted, and there was money for {whole}"


def of_audit(burst: Burst) -> Iterator[str]:
    """One serial order, in which nothing is denied that would have fitted, or granted that did not.

    What is free is reckoned here from the amounts, and the ledger's own words are held against it.
    """
    free = burst.cap
    for line in burst.audit[1:]:
        if line.free_before != free:
            yield f"audit {line.number}: {line.free_before} were free before it, by the amounts {free}"
        if line.what == "denied" and line.amount <= free:
            yield f"audit {line.number}: {line.amount} denied while {free} were free"
        if line.what == "opened" and line.amount > free:
            yield f"audit {line.number}: {line.amount} leased while {free} were free"
        free += {"opened": -line.amount, "closed": line.amount}.get(line.what, Decimal(0))


def report(burst: Burst) -> str:
    """For a person."""
    over, booked = max(Decimal(0), burst.billed - burst.cap), burst.booked
    parts = (
        f"{burst.runs} runs, {burst.kills} kills",
        f"{burst.admitted} admitted, {burst.endings[EndingKind.LEASE_DENIED]} denied",
        f"billed ${burst.billed:.2f} of ${burst.cap:.2f}, overshoot ${over:.2f}",
        f"booked ${booked.settled:.2f} settled, ${booked.unknown:.2f} unknown",
        f"{burst.took_s:.1f} s",
    )
    return f"seed {burst.seed} ({burst.kind}): " + "; ".join(parts)


async def main(given: argparse.Namespace) -> int:
    """Every seed on one field, on a server of its own."""
    failed = False
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        temporal = ensure_temporal(folder).address
        try:
            async with AsyncExitStack() as stack:
                url = new_database(stack.enter_context(serving_postgres())) if given.postgres else ""
                field = await stack.enter_async_context(taken_up(temporal, folder, url))
                for seed in range(given.seed, given.seed + given.seeds):
                    done = await burst(field, seed=seed, runs=given.runs, cap=given.cap, kills=given.kills)
                    found = wrongs(done)
                    failed = failed or bool(found)
                    sys.stdout.write("\n".join([report(done), *found]) + "\n")
                    sys.stdout.flush()
        finally:
            stop_all(folder)
    return 1 if failed else 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="tests.chaos.tenant_cap")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seeds", type=int, default=1, help="how many, from --seed on")
    parser.add_argument("--runs", type=int, default=1_000)
    parser.add_argument("--cap", type=Decimal, default=Decimal("5.00"))
    parser.add_argument("--kills", type=int, default=0)
    parser.add_argument("--postgres", action="store_true")
    run(main(parser.parse_args()))
