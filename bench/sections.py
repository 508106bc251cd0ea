"""Forty sections through a provider of 200 ms, sixteen at a time: on the kernel and by hand, in turn."""

import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from temporalio.common import SearchAttributePair, TypedSearchAttributes

from bench.figures import Requirement, Section, Spread, Table, ratios
from bench.job_worker import GATHERING
from bench.kernel import History, history_of, working
from bench.machine import cpu_seconds
from bench.sections_job import AT_ONCE, PLAN, SECTIONS, OnKernelSections, Sections, sections_terms
from bench.servers import Server, tuned
from operations.starting import SLACK, TENANT, amounts, start

__all__ = ["measure"]

LATENCY_S = 0.2
WAVES = -(-SECTIONS // AT_ONCE)
NAMES = {"gather": "gathered by the kernel", "semaphore": "by hand, a semaphore"}
ROWS = 12 * SECTIONS


@dataclass(frozen=True)
class Round:
    """One side's run."""

    seconds: float
    """From its start to its result."""
    worker_ms: float
    """CPU of the worker process."""


async def measure(*, quick: bool) -> Section:
    """One run of each side in turn, as often as there are rounds."""
    rounds = 4 if quick else 24
    measured: dict[str, list[Round]] = defaultdict(list)
    async with tuned() as server, working(server, list(GATHERING), LATENCY_S) as pids:
        for side in GATHERING:
            for number in range(2):
                await turn(server, side, pids[side], f"warm-{number}")
        for number in range(rounds):
            # The side that begins a round takes turns, too.
            for side in list(GATHERING)[:: 1 if number % 2 else -1]:
                measured[side].append(await turn(server, side, pids[side], f"{number}"))
        histories = {side: await history_of(server, f"bench/{side}/0") for side in GATHERING}
    return section(measured, histories, rounds)


async def turn(server: Server, side: str, pid: int, name: str) -> Round:
    """One run, alone on the server. Raises AssertionError when it did not read everything."""
    cpu, began = cpu_seconds(pid), time.perf_counter()
    result = await read(server, side, f"bench/{side}/{name}")
    took = time.perf_counter() - began
    if result != ROWS:
        raise AssertionError(f"{side} read {result} rows of {ROWS}")
    return Round(took, (cpu_seconds(pid) - cpu) * 1000)


async def read(server: Server, side: str, name: str) -> int:
    """Both with the same options, but for the stage that only the kernel has."""
    document, limits, queue = Sections(number=SECTIONS), sections_terms(side), f"bench-{side}"
    if side == "gather":
        await start(server.client, OnKernelSections, document, limits, task_queue=queue, workflow_id=name)
        handle = server.client.get_workflow_handle(name)
    else:
        handle = await server.client.start_workflow(
            GATHERING[side].run,
            args=[document, side],
            id=name,
            task_queue=queue,
            execution_timeout=limits.deadline + SLACK,
            task_timeout=PLAN.task_timeout,
            static_summary=f"for {limits.tenant}: {amounts(limits.cap)} at most",
            static_details=f"- requested by {limits.requested_by}\n- model profile {limits.profile}",
            search_attributes=TypedSearchAttributes([SearchAttributePair(TENANT, limits.tenant)]),
        )
    result = await handle.result()
    return int(result["rows"] if isinstance(result, dict) else result.rows)


def section(measured: dict[str, list[Round]], histories: dict[str, History], rounds: int) -> Section:
    def spread(side: str, figure: str) -> Spread:
        return Spread([getattr(each, figure) for each in measured[side]])

    against = ratios(spread("gather", "seconds"), spread("semaphore", "seconds"))
    rows: list[Sequence[str]] = [
        [
            name,
            spread(side, "seconds").text(3),
            against.text(2) if side == "gather" else "",
            f"{spread(side, 'seconds').median / (WAVES * LATENCY_S):.2f}",
            spread(side, "worker_ms").text(0),
            str(histories[side].events),
            str(histories[side].size),
        ]
        for side, name in NAMES.items()
    ]
    columns = ["side", "seconds", "/ by hand", "/ ideal", "worker CPU ms", "events", "history bytes"]
    return Section(
        "sections",
        f"{SECTIONS} sections, {AT_ONCE} at a time, {LATENCY_S * 1000:.0f} ms each, one run alone; {rounds} "
        f"turns each. Ideal are {WAVES} waves of calls and nothing else.",
        [Table(columns, rows)],
        [Requirement("seconds against by hand", 1.1, against, at_least=False)],
        figures={side: [vars(each) for each in measured[side]] for side in NAMES},
    )
