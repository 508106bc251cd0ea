"""The namespace job and the workers' health check, against a real server."""

import asyncio
import os
import socket
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from temporalio import activity
from temporalio.api.operatorservice.v1 import ListSearchAttributesRequest
from temporalio.api.taskqueue.v1 import PollerInfo
from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest
from temporalio.client import Client
from temporalio.worker import Worker

from connection import SEARCH_ATTRIBUTES, TASK_QUEUE
from deploy.polling import is_polled, polls
from embedded.ports import LOOPBACK, free_port
from embedded.stack import Launch, Service, State
from embedded.temporal_server import temporal_binary
from operations.sandbox import sandbox
from tests.deploy.compose import ROOT, SERVICES
from workflows.resolve_ticket import ResolveTicket

NAMESPACE = SERVICES["temporal-namespace"]["environment"]["TEMPORAL_NAMESPACE"]


@pytest.fixture(scope="module")
def bare_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a server as it is before the job: it has neither our namespace nor our attributes."""
    folder = tmp_path_factory.mktemp("bare")

    def plan() -> Launch:
        port = free_port()
        command = [temporal_binary(), "server", "start-dev", "--headless", "--ip", LOOPBACK]
        command += ["--port", str(port), "--log-level", "error"]
        return Launch(command, {"address": f"{LOOPBACK}:{port}", "port": str(port)})

    def ready(state: State) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex((LOOPBACK, int(state.facts["port"]))) == 0

    server = Service("bare", folder, plan, ready)
    yield server.ensure().facts["address"]
    server.stop()


def run_job(address: str) -> "subprocess.CompletedProcess[str]":
    """The job's script, with the job's environment, and the `temporal` of this environment."""
    given = {**SERVICES["temporal-namespace"]["environment"], "TEMPORAL_ADDRESS": address, "PAUSE": "0.5"}
    path = f"{Path(temporal_binary()).parent}:{os.environ['PATH']}"
    script = ROOT / "deploy/temporal/namespace.sh"
    return subprocess.run(
        ["/bin/sh", str(script)], env={"PATH": path, **given}, capture_output=True, text=True, timeout=90
    )


@pytest.fixture(scope="module")
def prepared(bare_server: str) -> str:
    """The server after the job has run, twice: it runs before every start of the stack."""
    for _ in range(2):
        done = run_job(bare_server)
        assert done.returncode == 0, done.stderr
    return bare_server


async def test_the_job_makes_the_namespace_with_every_search_attribute(prepared: str) -> None:
    """Of the right type, and with the retention that the stack asks for."""
    client = await Client.connect(prepared, namespace=NAMESPACE)
    listed = await client.operator_service.list_search_attributes(
        ListSearchAttributesRequest(namespace=NAMESPACE)
    )
    assert {name: listed.custom_attributes.get(name) for name in SEARCH_ATTRIBUTES} == SEARCH_ATTRIBUTES
    described = await client.workflow_service.describe_namespace(
        DescribeNamespaceRequest(namespace=NAMESPACE)
    )
    assert described.config.workflow_execution_retention_ttl.ToTimedelta() == timedelta(days=30)


def test_the_job_fails_when_there_is_no_server() -> None:
    """So that it is tried again, and nothing starts that would need it."""
    given = {"TEMPORAL_ADDRESS": "127.0.0.1:1", "TEMPORAL_NAMESPACE": NAMESPACE, "PAUSE": "0"}
    script = ROOT / "deploy/temporal/namespace.sh"
    path = f"{Path(temporal_binary()).parent}:{os.environ['PATH']}"
    done = subprocess.run(
        ["/bin/sh", str(script)], env={"PATH": path, **given}, capture_output=True, timeout=110
    )
    assert done.returncode != 0


@activity.defn
async def nothing() -> None:
    """Done."""


async def test_a_worker_is_healthy_while_it_polls(prepared: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """And another host's worker makes nobody else healthy."""
    monkeypatch.setenv("TEMPORAL_ADDRESS", prepared)
    monkeypatch.setenv("TEMPORAL_NAMESPACE", NAMESPACE)
    host = socket.gethostname()
    assert not await is_polled(host, TASK_QUEUE)
    client = await Client.connect(prepared, namespace=NAMESPACE)
    async with Worker(
        client,
        task_queue=TASK_QUEUE,
        workflows=[ResolveTicket],
        activities=[nothing],
        workflow_runner=sandbox(),
    ):
        for _ in range(100):
            if await is_polled(host, TASK_QUEUE):
                break
            await asyncio.sleep(0.1)
        assert await is_polled(host, TASK_QUEUE)
        assert not await is_polled("another-host", TASK_QUEUE)


def test_a_poller_that_was_last_seen_long_ago_does_not_count() -> None:
    """The server remembers pollers for minutes."""
    now = datetime.now(UTC)
    poller = PollerInfo(identity="1@host")
    poller.last_access_time.FromDatetime(now - timedelta(seconds=60))
    assert polls([poller], "host", now)
    assert not polls([poller], "host", now + timedelta(minutes=1))
    assert not polls([poller], "ost", now)
