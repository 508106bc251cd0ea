"""The three-step job on the kernel and by hand, in turn on one server: runs a second, CPU, history."""

import asyncio
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from temporalio.client import WorkflowHandle
from temporalio.common import SearchAttributePair, TypedSearchAttributes

from bench.figures import Requirement, Section, Spread, Table, ratios
from bench.job import TEXT, terms, ticket
from bench.job_worker import READY, SIDES
from bench.machine import cpu_seconds
from bench.on_kernel import OnKernel
from bench.processes import environment, python
from bench.servers import Server, tuned
from operations.histories import event_name
from operations.starting import SLACK, TENANT, amounts, start
from samples.build_shop import build_shop
from workflows.kernel.event_counts import TASK_TIMEOUT

__all__ = ["History", "history_of", "measure", "working"]

IN_FLIGHT = 32
LONG = 3_000
"""Characters of a long mail: what the kernel adds to a history does not grow with it."""
NAMES = {"kernel": "on the kernel", "local": "by hand, local lookup", "plain": "by hand, three activities"}


@dataclass(frozen=True)
class Round:
    """One side's turn."""

    runs_s: float
    worker_ms: float
    """CPU of the worker process, per run."""
    server_ms: float


@dataclass(frozen=True)
class History:
    """Of one run."""

    events: int
    size: int
    kinds: dict[str, int]
    """Bytes by kind of event."""


async def measure(*, quick: bool) -> Section:
    """Every side in turn, as often as there are rounds."""
    rounds, runs = (2, 12) if quick else (16, 48)
    measured: dict[str, list[Round]] = defaultdict(list)
    async with tuned() as server, working(server, list(SIDES)) as pids:
        for side in SIDES:
            await turn(server, side, pids, f"warm-{side}", runs // 3)
        for number in range(rounds):
            for side in SIDES:
                measured[side].append(await turn(server, side, pids, f"{side}-{number}", runs))
        histories = {side: await history_of(server, f"bench/{side}-0/0") for side in SIDES}
        for side in SIDES:
            await (await begun(server, side, f"bench/{side}-long", LONG)).result()
        long = {side: await history_of(server, f"bench/{side}-long") for side in SIDES}
    return section(measured, histories, long, rounds, runs)


@asynccontextmanager
async def working(
    server: Server, sides: Sequence[str], latency_s: float = 0
) -> AsyncIterator[dict[str, int]]:
    """A provider that answers after so long, and a worker for each side; yields the workers' process ids."""
    async with AsyncExitStack() as stack:
        arguments, env = (
            ["-m", "tests.fault_server", "--latency", f"{latency_s}"],
            environment(server.folder / "bytecode"),
        )
        _, address = await stack.enter_async_context(python(arguments, "http://", env))
        build_shop(server.folder / "shop.db", datetime.now(UTC).date())
        starting = []
        for side in sides:
            (server.folder / f"{side}.toml").write_text(catalogue(side, address))
            arguments = ["-m", "bench.job_worker", side, server.address, str(server.folder)]
            starting.append(stack.enter_async_context(python(arguments, READY, env)))
        processes = [await each for each in starting]
        yield {side: process.pid for side, (process, _) in zip(sides, processes, strict=True)}


def catalogue(side: str, address: str) -> str:
    """One profile, named for its side, with more slots than there are runs in flight."""
    return (
        f'[routes.{side}]\naddress = "{address}"\nmodel = "scripted"\ncontext_tokens = 4096\n'
        "max_output_tokens = 1024\ntimeout = 120\nslots = 100\n"
        'price = { input = "0.15", output = "0.60" }\n'
    )


async def turn(server: Server, side: str, pids: dict[str, int], name: str, runs: int) -> Round:
    """So many runs of one side, a bounded number in flight."""
    gate = asyncio.Semaphore(IN_FLIGHT)

    async def one(number: int) -> None:
        async with gate:
            handle = await begun(server, side, f"bench/{name}/{number}")
            await handle.result()

    worker, temporal = cpu_seconds(pids[side]), cpu_seconds(server.pid)
    began = time.perf_counter()
    await asyncio.gather(*(one(number) for number in range(runs)))
    took = time.perf_counter() - began
    return Round(
        runs / took,
        (cpu_seconds(pids[side]) - worker) * 1000 / runs,
        (cpu_seconds(server.pid) - temporal) * 1000 / runs,
    )


async def begun(server: Server, side: str, name: str, characters: int = 0) -> WorkflowHandle[Any, Any]:
    """Start a run; both sides with the same options, but for the stage that only the kernel has."""
    given, limits = ticket(name, characters), terms(side)
    queue = f"bench-{side}"
    if side == "kernel":
        began = await start(server.client, OnKernel, given, limits, task_queue=queue, workflow_id=name)
        # With its run id, as the other side's handle has it.
        return server.client.get_workflow_handle(name, run_id=began.run_id)
    return await server.client.start_workflow(
        SIDES[side].run,
        args=[given, side],
        id=name,
        task_queue=queue,
        execution_timeout=limits.deadline + SLACK,
        task_timeout=TASK_TIMEOUT,
        static_summary=f"for {limits.tenant}: {amounts(limits.cap)} at most",
        static_details=f"- requested by {limits.requested_by}\n- model profile {limits.profile}",
        search_attributes=TypedSearchAttributes([SearchAttributePair(TENANT, limits.tenant)]),
    )


async def history_of(server: Server, name: str) -> History:
    """What one run left behind."""
    history = await server.client.get_workflow_handle(name).fetch_history()
    kinds: dict[str, int] = defaultdict(int)
    for event in history.events:
        kinds[event_name(event).partition("(")[2].rstrip(")")] += event.ByteSize()
    return History(len(history.events), sum(kinds.values()), dict(kinds))


def section(
    measured: dict[str, list[Round]],
    histories: dict[str, History],
    long: dict[str, History],
    rounds: int,
    runs: int,
) -> Section:
    def spread(side: str, figure: str) -> Spread:
        return Spread([getattr(each, figure) for each in measured[side]])

    rows = []
    for side, name in NAMES.items():
        against = ratios(spread("kernel", "runs_s"), spread(side, "runs_s")).text(2)
        rows.append(
            [
                name,
                spread(side, "runs_s").text(),
                "" if side == "kernel" else against,
                spread(side, "worker_ms").text(),
                spread(side, "server_ms").text(),
                str(histories[side].events),
                str(histories[side].size),
                f"{histories['kernel'].size / histories[side].size:.2f}",
            ]
        )
    columns = [
        "side",
        "runs/s",
        "kernel / side",
        "worker CPU ms/run",
        "server CPU ms/run",
        "events",
        "history bytes",
        "kernel / side, bytes",
    ]
    return Section(
        "kernel",
        f"The three-step job, {IN_FLIGHT} in flight, {runs} runs a turn, {rounds} turns each.",
        [Table(columns, rows), by_kind(histories)],
        requirements(spread, histories),
        notes=[
            f"with a ticket of {LONG} characters instead of {len(TEXT)} the kernel's history has "
            f"{long['kernel'].size / long[side].size:.2f} of the bytes of {NAMES[side]}"
            for side in ("local", "plain")
        ],
        figures={side: [vars(each) for each in measured[side]] for side in NAMES}
        | {"histories": {side: vars(each) for side, each in histories.items()}},
    )


def by_kind(histories: dict[str, History]) -> Table:
    """Where the bytes go."""
    kinds = sorted(histories["kernel"].kinds, key=lambda kind: -histories["kernel"].kinds[kind])
    rows = [[kind, *(str(histories[side].kinds.get(kind, 0)) for side in NAMES)] for kind in kinds]
    return Table(["bytes by kind of event", *NAMES.values()], rows)


def requirements(spread: Any, histories: dict[str, History]) -> Sequence[Requirement]:
    kernel = spread("kernel", "runs_s")
    return [
        Requirement(
            "runs/s against the same local activity", 0.95, ratios(kernel, spread("local", "runs_s"))
        ),
        Requirement("runs/s against three activities", 1.0, ratios(kernel, spread("plain", "runs_s"))),
        *(
            Requirement(
                f"history bytes against {NAMES[side]}",
                1.25,
                Spread([histories["kernel"].size / histories[side].size]),
                at_least=False,
            )
            for side in ("local", "plain")
        ),
    ]
