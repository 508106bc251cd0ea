"""The embedded Temporal server, really started."""

import asyncio
import os
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from temporalio.client import Client

from embedded.stack import stop_all
from embedded.temporal_server import TemporalServer, ensure_temporal, temporal_service
from tests.embedded.test_stack import wait_until


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.delenv("TEMPORAL_ADDRESS", raising=False)
    yield tmp_path
    stop_all(tmp_path)


async def start_run(server: TemporalServer, name: str) -> str:
    """Start a run that no worker will ever take."""
    client = await Client.connect(server.address)
    handle = await client.start_workflow("Nobody", id=name, task_queue="nobody")
    return str(handle.result_run_id)


async def is_known(server: TemporalServer, name: str, run_id: str) -> bool:
    client = await Client.connect(server.address)
    return (await client.get_workflow_handle(name).describe()).run_id == run_id


async def test_it_starts_is_reused_and_keeps_runs_through_a_stop(folder: Path) -> None:
    server = await asyncio.to_thread(ensure_temporal, folder)
    assert server.embedded
    run_id = await start_run(server, "kept")
    assert await asyncio.to_thread(ensure_temporal, folder) == server
    assert await asyncio.to_thread(temporal_service(folder).stop)
    again = await asyncio.to_thread(ensure_temporal, folder)
    assert await is_known(again, "kept", run_id)


async def test_a_run_survives_that_the_server_is_killed(folder: Path) -> None:
    server = await asyncio.to_thread(ensure_temporal, folder)
    run_id = await start_run(server, "survivor")
    state = temporal_service(folder).running()
    assert state
    os.kill(state.pid, signal.SIGKILL)
    await asyncio.to_thread(wait_until, lambda: temporal_service(folder).running() is None)
    again = await asyncio.to_thread(ensure_temporal, folder)
    assert await is_known(again, "survivor", run_id)


def test_somebody_elses_port_is_left_alone(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = other.getsockname()[1]
        monkeypatch.setattr("embedded.temporal_server.PORT", taken)
        server = ensure_temporal(folder)
        assert server.address != f"127.0.0.1:{taken}"


def test_a_server_named_in_the_environment_is_used_and_none_is_started(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TEMPORAL_ADDRESS", "temporal.example.org:7233")
    server = ensure_temporal(folder)
    assert server == TemporalServer("temporal.example.org:7233", None, embedded=False)
    assert temporal_service(folder).running() is None
