"""The real worker as a process: killed in the middle of a run, and with a collector that is no help."""

import asyncio
import os
import signal
import socket
import sys
import time
from asyncio.subprocess import Process
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import pytest
from temporalio.contrib.opentelemetry import OpenTelemetryPlugin

from connection import TASK_QUEUE
from telemetry.receiver import Receiver
from telemetry.setup import PATIENCE_S
from tests.workflows.world import World, as_read, sample

CHECKOUT = Path(__file__).parents[2]
# Small, so that many exports are tried within a test.
OFTEN = {"OTEL_BSP_SCHEDULE_DELAY": "100", "OTEL_METRIC_EXPORT_INTERVAL": "200"}
# What a stop takes on a busy machine when nobody has to be told anything.
STOP_S = 5.0


@pytest.fixture
async def world(temporal: str, tmp_path: Path) -> AsyncIterator[World]:
    """Whose runs go to the queue of the real worker."""
    async with World.opened(temporal, tmp_path, [OpenTelemetryPlugin()]) as opened:
        opened.task_queue = TASK_QUEUE
        yield opened


@asynccontextmanager
async def worker(world: World, temporal: str, **env: str) -> AsyncIterator[tuple[Process, Path]]:
    """worker.py, and its log; killed at the end when it still runs."""
    log = world.folder / "worker.log"
    surroundings = {name: value for name, value in os.environ.items() if not name.startswith("OTEL_")}
    with log.open("ab") as stream:
        begins = stream.tell()
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            str(CHECKOUT / "worker.py"),
            stdout=stream,
            stderr=stream,
            env={
                **surroundings,
                "TEMPORAL_ADDRESS": temporal,
                "TENUTO_HOME": str(world.folder),
                "TENUTO_MODELS": str(world.settings.models),
                "TENUTO_PAYMENTS_URL": world.settings.payments_url,
                **env,
            },
        )
    try:
        async with asyncio.timeout(60):
            while "working on" not in log.read_text()[begins:]:
                assert process.returncode is None, log.read_text()
                await asyncio.sleep(0.05)
        yield process, log
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


@contextmanager
def nobody() -> Iterator[str]:
    """An address that refuses."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{taken.getsockname()[1]}"


@contextmanager
def silence() -> Iterator[str]:
    """An address that accepts and never answers."""
    with socket.create_server(("127.0.0.1", 0), backlog=100) as listening:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"


@pytest.mark.parametrize("collector", [nobody, silence])
async def test_a_dead_collector_delays_nothing_and_is_complained_of_once(
    world: World, temporal: str, collector: object
) -> None:
    """Runs end as fast as ever, the worker stops within its patience, and its log stays readable."""
    assert callable(collector)
    with collector() as url:
        async with worker(world, temporal, OTEL_EXPORTER_OTLP_ENDPOINT=url, **OFTEN) as (process, log):
            await world.resolve(sample("07"))
            began = time.monotonic()
            for _ in range(5):
                await world.resolve(sample("07"))
            assert time.monotonic() - began < 10
            await asyncio.sleep(2)
            stopping = time.monotonic()
            process.send_signal(signal.SIGTERM)
            assert await asyncio.wait_for(process.wait(), 60) == 0
            took = time.monotonic() - stopping
            print(f"stopped after {took:.1f} s")  # noqa: T201 - for whoever runs it with -s
            assert took < PATIENCE_S + STOP_S
    lines = log.read_text().splitlines()
    complaints = [line for line in lines if "WARN" in line or "ERROR" in line]
    print("\n".join(complaints))  # noqa: T201
    # While it works, and once more for what is lost at its end.
    assert [line.partition(" telemetry: ")[2][:30] for line in complaints] in (
        ["Transient error HTTPConnection", "the collector took too long; w"],
        ["the collector took too long; w"],
    )


async def test_a_worker_killed_in_a_run_leaves_one_tree(world: World, temporal: str) -> None:
    """Killed while a person is asked, and started again: each request is one span, the tree has one root."""
    with Receiver() as receiver:
        env = {"OTEL_EXPORTER_OTLP_ENDPOINT": receiver.url, **OFTEN}
        async with worker(world, temporal, **env) as (process, _):
            world.provider.script(as_read("05"), task="read_ticket")
            handle = await world.start(sample("05"))
            await world.waiting(handle)
            await arrived(receiver, "step find_order")
            process.kill()
            await process.wait()
        async with worker(world, temporal, **env) as (process, _):
            await world.approve(handle)
            await world.ended(handle)
            process.send_signal(signal.SIGTERM)
            assert await asyncio.wait_for(process.wait(), 60) == 0
    calls = [span.attributes["tenuto.attempt.id"] for span in receiver.spans if span.name == "chat scripted"]
    assert calls == [entry.request_id for entry in world.provider.entries]
    by_id = {span.span_id for span in receiver.spans}
    assert len(by_id) == len(receiver.spans)
    assert [span.name for span in receiver.spans if span.parent_id not in by_id] == ["run resolve-ticket"]
    names = {point.name for point in receiver.points.values()}
    assert "tenuto.attempts" in names
    assert any(name.startswith("temporal_") for name in names), "the SDK's own metrics"


async def arrived(receiver: Receiver, name: str) -> None:
    """Return when a span of this name has come."""
    for _ in range(400):
        if any(span.name == name for span in list(receiver.spans)):
            return
        await asyncio.sleep(0.05)
    raise AssertionError(f"no span {name!r} came")


async def test_a_worker_that_nobody_listens_to_starts_no_thread_and_imports_no_exporter() -> None:
    """Nothing configured, or everything disabled: nothing of OpenTelemetry's SDK or requests is loaded."""
    program = (
        "import os, sys, threading; from telemetry.propagation import propagating;"
        "from telemetry.setup import begin; t = begin(os.environ); t.end();"
        "print(threading.active_count(), t.runtime, len(t.ends), propagating(os.environ),"
        " [m for m in ('requests', 'opentelemetry.exporter', 'temporalio.contrib.opentelemetry')"
        " if m in sys.modules])"
    )
    for env in ({}, {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1", "OTEL_SDK_DISABLED": "true"}):
        clean = {name: value for name, value in os.environ.items() if not name.startswith("OTEL_")}
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", program, cwd=CHECKOUT, env={**clean, **env}, stdout=asyncio.subprocess.PIPE
        )
        out, _ = await process.communicate()
        assert out.decode().strip() == "1 None 0 [] []"
