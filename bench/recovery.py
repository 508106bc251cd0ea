"""Heartbeat timeouts of 2, 3 and 5 s side by side: how soon a killed worker is noticed, how often a live one.

Every kill meets runs of all three at once, and so does the busy machine.
"""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

from temporalio.api.enums.v1 import EventType
from temporalio.client import WorkflowHandle, WorkflowHistory

from activities.heartbeats import INTERVAL_S
from bench.busy_model import busy
from bench.figures import Section, Spread, Table
from bench.job import terms, ticket
from bench.on_kernel import OnKernel
from bench.processes import environment, python
from bench.recovery_worker import HEARTBEATS_S, QUEUE, READY, profile_of
from bench.servers import Server, tuned
from operations.starting import start
from samples.build_shop import build_shop

__all__ = ["measure"]

RUNS = 8
"""Of each heartbeat timeout at a time, on two workers."""
CHOSEN = 3.0
"""As MODEL_CALL in contracts/tickets.py has it."""

CALL_S = 4.0
"""A call outlives a kill, and is repeated in reasonable time."""

LOST = (EventType.EVENT_TYPE_ACTIVITY_TASK_TIMED_OUT, EventType.EVENT_TYPE_WORKFLOW_TASK_TIMED_OUT)
MOVES = (EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED, EventType.EVENT_TYPE_ACTIVITY_TASK_STARTED)

Handles = dict[int, list[WorkflowHandle[Any, Any]]]


async def measure(*, quick: bool) -> Section:
    """Kills first; then a longer time without any, while the model works."""
    kills, busy_s = (1, 15.0) if quick else (4, 120.0)
    moved: dict[int, list[float]] = {each: [] for each in HEARTBEATS_S}
    done: dict[int, list[float]] = {each: [] for each in HEARTBEATS_S}
    async with tuned() as server, provider(server) as env:
        for number in range(kills):
            for heartbeat, (gaps, end) in (await killed(server, env, f"kill-{number}")).items():
                moved[heartbeat] += gaps
                done[heartbeat].append(end)
        attempts, lost, late = await undisturbed(server, env, busy_s)
    return section(moved, done, attempts, lost, late, busy_s)


@asynccontextmanager
async def provider(server: Server) -> AsyncIterator[dict[str, str]]:
    """Slow answers for every profile; yields the environment of the workers."""
    env = environment(server.folder / "bytecode")
    build_shop(server.folder / "shop.db", datetime.now(UTC).date())
    arguments = ["-m", "tests.fault_server", "--latency", str(CALL_S)]
    async with python(arguments, "http://", env) as (_, address):
        (server.folder / "models.toml").write_text(
            "".join(
                f'[routes.{profile_of(each)}]\naddress = "{address}"\nmodel = "scripted"\n'
                "context_tokens = 4096\nmax_output_tokens = 1024\ntimeout = 120\nslots = 50\n"
                'price = { input = "0.15", output = "0.60" }\n'
                for each in HEARTBEATS_S
            )
        )
        yield env


def worker(server: Server, env: dict[str, str]) -> Any:
    return python(["-m", "bench.recovery_worker", server.address, str(server.folder)], READY, env)


async def begun(server: Server, name: str) -> Handles:
    """Some runs of each heartbeat timeout."""
    handles: Handles = {each: [] for each in HEARTBEATS_S}
    for number in range(RUNS):
        for heartbeat in HEARTBEATS_S:
            profile, run = profile_of(heartbeat), f"bench/{name}/{heartbeat}/{number}"
            await start(
                server.client, OnKernel, ticket(run), terms(profile), task_queue=QUEUE, workflow_id=run
            )
            handles[heartbeat].append(server.client.get_workflow_handle(run))
    return handles


async def killed(server: Server, env: dict[str, str], name: str) -> dict[int, tuple[list[float], float]]:
    """Kill one of two workers in the middle of its calls.

    Of each heartbeat timeout: how long the interrupted runs stood still, and when all had ended, in seconds.
    """
    async with worker(server, env), worker(server, env) as (victim, _):
        handles = await begun(server, name)
        await asyncio.sleep(CALL_S * 0.4)
        moment = datetime.now(UTC)
        os.killpg(victim.pid, signal.SIGKILL)
        await asyncio.gather(*(handle.result() for each in handles.values() for handle in each))
    found = {}
    for heartbeat, runs in handles.items():
        histories = [await handle.fetch_history() for handle in runs]
        gaps = [gap for history in histories if (gap := gap_after(moment, history)) is not None]
        ends = [seconds_after(moment, history.events[-1]) for history in histories]
        found[heartbeat] = (gaps, max(ends))
    return found


def gap_after(moment: datetime, history: WorkflowHistory) -> float | None:
    """How long a run stood still after a kill; None if the kill took nothing from it."""
    later = [event for event in history.events if seconds_after(moment, event) > 0]
    if not any(event.event_type in LOST for event in later):
        return None
    return next(seconds_after(moment, event) for event in later if event.event_type in MOVES)


def seconds_after(moment: datetime, event: Any) -> float:
    return float((event.event_time.ToDatetime(UTC) - moment).total_seconds())


async def undisturbed(
    server: Server, env: dict[str, str], seconds: float
) -> tuple[dict[int, int], dict[int, int], float]:
    """No kill, a busy machine: attempts and lost ones by heartbeat timeout, and the latest wake-up, in s."""
    attempts, lost = dict.fromkeys(HEARTBEATS_S, 0), dict.fromkeys(HEARTBEATS_S, 0)
    for file in server.folder.glob("late.*"):
        file.unlink()
    async with worker(server, env), worker(server, env), busy(server.folder):
        until = asyncio.get_running_loop().time() + seconds
        number = 0
        while asyncio.get_running_loop().time() < until:
            handles = await begun(server, f"busy-{number}")
            await asyncio.gather(*(handle.result() for each in handles.values() for handle in each))
            for heartbeat, runs in handles.items():
                histories = [await handle.fetch_history() for handle in runs]
                attempts[heartbeat] += counted(histories, (EventType.EVENT_TYPE_ACTIVITY_TASK_STARTED,))
                lost[heartbeat] += counted(histories, (EventType.EVENT_TYPE_ACTIVITY_TASK_TIMED_OUT,))
            number += 1
    late = max((float(file.read_text()) for file in server.folder.glob("late.*")), default=0.0)
    return attempts, lost, late


def counted(histories: Sequence[WorkflowHistory], kinds: Sequence[int]) -> int:
    return sum(event.event_type in kinds for history in histories for event in history.events)


def section(
    moved: dict[int, list[float]],
    done: dict[int, list[float]],
    attempts: dict[int, int],
    lost: dict[int, int],
    late: float,
    busy_s: float,
) -> Section:
    rows = []
    for heartbeat in HEARTBEATS_S:
        gaps = Spread(moved[heartbeat] or [float("nan")])
        rows.append(
            [
                f"{heartbeat} s",
                str(len(moved[heartbeat])),
                gaps.text(),
                f"{gaps.quantile(0.95):.1f}",
                Spread(done[heartbeat]).text(),
                f"{lost[heartbeat]} of {attempts[heartbeat]}",
            ]
        )
    columns = [
        "heartbeat timeout",
        "interrupted runs",
        "moved again, s",
        "95 of 100, s",
        "all done, s",
        "lost though the worker lived",
    ]
    return Section(
        "recovery",
        f"One of two workers is killed (-9) in the middle of calls of {CALL_S:.0f} s; "
        f"{len(done[HEARTBEATS_S[0]])} kills, each into runs of every timeout. The last column is without a "
        f"kill, for {busy_s:.0f} s, while the local model generates on every core.",
        [Table(columns, rows)],
        notes=[
            f"the worst wake-up of a heartbeat in that time came {late:.2f} s late",
            f"chosen: {CHOSEN:.0f} s. A lost attempt is a paid call; heartbeats come every {INTERVAL_S} s: "
            f"a worker may miss {int(CHOSEN / INTERVAL_S) - 1} of them, at 2 s only one; "
            "2 s is noticed half a second sooner",
        ],
        figures={"moved": moved, "done": done, "attempts": attempts, "lost": lost, "late_s": late},
    )
