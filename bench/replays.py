"""How many recorded runs of ten steps are verified against the code in a second, and how many explained."""

import asyncio
import io
import os
import time
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from temporalio.client import WorkflowHistory

from bench.figures import Requirement, Section, Spread, Table
from bench.job import terms, ticket
from bench.kernel import catalogue
from bench.processes import environment, python
from bench.replay_process import seconds
from bench.servers import Server, tuned
from bench.ten_steps import CAP, TenSteps
from connection import Settings
from operations.bundles import Bundle, written
from operations.decision_rows import tables_of
from operations.explaining import explain
from operations.histories import load
from operations.starting import start
from operations.story import story
from samples.build_shop import build_shop
from worker import build, workers

__all__ = ["measure"]

PROCESSES = 2
PROFILE, QUEUE = "kernel", "bench-replays"


async def measure(*, quick: bool) -> Section:
    """One run is made and recorded; copies of its file are replayed as `replay FOLDER` does it."""
    rounds, copies = (2, 48) if quick else (5, 480)
    async with tuned() as server:
        history = await made(server)
        folder = server.folder / "histories"
        folder.mkdir()
        files = [folder / f"{number}.json" for number in range(copies)]
        for file in files:
            file.write_text(written(Bundle(history)))
        os.environ.update(environment(server.folder / "bytecode"))
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
        replays = {
            number: [await replay_rate(folder, copies, number) for _ in range(rounds)] for number in (1, 2)
        }
        cpu = Spread([await cpu_ms(files[: copies // 4]) for _ in range(rounds)])
        explained = [explanation_rate(files[: copies // 4]) for _ in range(rounds)]
    spreads = {number: Spread(rates) for number, rates in replays.items()}
    rows = [
        *([f"replays, processes: {number}", each.text()] for number, each in spreads.items()),
        ["explanations, one process", Spread(explained).text()],
    ]
    return Section(
        "replays",
        f"A run of ten steps ({len(history.events)} events), {copies} times in a folder, {rounds} rounds.",
        [Table(["what", "a second"], rows)],
        [Requirement("replays a second in two processes", 100, spreads[PROCESSES])],
        notes=[
            "Both gates, from the file on, in the sandbox; the start of the second process is in it.",
            f"CPU of one process: {cpu.text()} ms a replay",
        ],
        figures={
            "replays": {str(number): rates for number, rates in replays.items()},
            "explained": explained,
        },
    )


async def made(server: Server) -> WorkflowHistory:
    """Run it once, with a scripted provider."""
    folder = server.folder
    async with AsyncExitStack() as stack:
        _, address = await stack.enter_async_context(
            python(["-m", "tests.fault_server"], "http://", environment(folder / "bytecode"))
        )
        build_shop(folder / "shop.db", datetime.now(UTC).date())
        models = folder / "models.toml"
        models.write_text(catalogue(PROFILE, address))
        parts = build(Settings.of({"TENUTO_HOME": str(folder), "TENUTO_MODELS": str(models)}), {})
        parts.ledger.database.upgrade()
        stack.callback(parts.ledger.database.close)
        stack.push_async_callback(parts.models.close)
        stack.push_async_callback(parts.refunds.close)
        for worker in workers(server.client, parts, QUEUE, [TenSteps]):
            await stack.enter_async_context(worker)
        limits = terms(PROFILE).model_copy(update={"cap": CAP})
        begun = await start(
            server.client, TenSteps, ticket("ten"), limits, task_queue=QUEUE, workflow_id="bench/ten-steps"
        )
        handle = server.client.get_workflow_handle("bench/ten-steps", run_id=begun.run_id)
        await asyncio.wait_for(handle.result(), 60)
        return await handle.fetch_history()


async def replay_rate(folder: Path, copies: int, processes: int) -> float:
    """A second, as somebody who waits for them sees it."""
    command = ["-m", "bench.replay_process", str(folder), str(processes)]
    async with python(command, "took ", dict(os.environ)) as (_, said):
        return copies / float(said.split()[1])


async def cpu_ms(files: list[Path]) -> float:
    """Of this process for one replay: whatever else the machine does, this is about the same."""
    began = time.process_time()
    await seconds(files, 1)
    return (time.process_time() - began) * 1000 / len(files)


def explanation_rate(files: list[Path]) -> float:
    """From the file to the words that a terminal is shown."""
    tables = tables_of([TenSteps])
    began = time.perf_counter()
    for file in files:
        explain(story(load(file)), tables, Console(file=io.StringIO(), width=110))
    return len(files) / (time.perf_counter() - began)
