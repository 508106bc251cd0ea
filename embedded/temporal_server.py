"""A real, durable Temporal server for one machine: the `temporal` binary of the environment, tuned.

The stock development server polls its queues 20 times a second, so a step takes 51 ms and a timer 1 s. With
these settings a step takes 11 ms, a timer 65 ms; the database stays on disk and survives a kill.
"""

import asyncio
import os
import shutil
import sys
import sysconfig
from collections.abc import Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TypeVar

from temporalio.api.enums.v1 import IndexedValueType
from temporalio.api.operatorservice.v1 import ListSearchAttributesRequest
from temporalio.client import Client
from temporalio.service import RPCError

from embedded.ports import LOOPBACK, free_port
from embedded.stack import Launch, Service, ServiceError, State

__all__ = [
    "NAMESPACE",
    "PORT",
    "SEARCH_ATTRIBUTES",
    "UI_PORT",
    "TemporalServer",
    "ensure_temporal",
    "temporal_binary",
    "temporal_service",
]

Result = TypeVar("Result")

NAMESPACE = "default"
PORT, UI_PORT = 7233, 8233

# A server that does not know an attribute fails every workflow task that sets it.
SEARCH_ATTRIBUTES = {
    "TenutoStage": "Keyword",
    "TenutoTenant": "Keyword",
    "TenutoParked": "Keyword",
    "TenutoSpentUsd": "Double",
}

DYNAMIC_CONFIG = (
    "history.transferProcessorMaxPollRPS=5000",
    "history.timerProcessorMaxPollRPS=5000",
    "history.visibilityProcessorMaxPollRPS=5000",
    'history.timerProcessorMaxTimeShift="10ms"',
    # Fairness between tenants holds only within one partition.
    "matching.numTaskqueueReadPartitions=1",
    "matching.numTaskqueueWritePartitions=1",
    "matching.enableFairness=true",
    "matching.useNewMatcher=true",
    # A worker echoes an Update's argument in its answer, where 2 MB are refused: a larger one would fail
    # the run's tasks until the Update is given up. A person's answer has less than 5 KB.
    "history.maxInFlightUpdatePayloads=1000000",
)
SQLITE_PRAGMAS = ("journal_mode=wal", "synchronous=normal")


@dataclass(frozen=True)
class TemporalServer:
    """A Temporal server to connect to."""

    address: str
    """host:port"""
    ui: str | None
    """The Web UI's address; None for a server that is not ours."""
    embedded: bool


def ensure_temporal(folder: Path, extra: Sequence[str] = ()) -> TemporalServer:
    """The server named by TEMPORAL_ADDRESS, else the embedded one of this home folder, started if needed.

    `extra` are further arguments for a server that is started now. Raises ServiceError.
    """
    address = os.environ.get("TEMPORAL_ADDRESS")
    if address:
        return TemporalServer(address, None, embedded=False)
    facts = temporal_service(folder, extra).ensure().facts
    return TemporalServer(facts["address"], facts["ui"], embedded=True)


def temporal_service(folder: Path, extra: Sequence[str] = ()) -> Service:
    """The embedded server as a service named `temporal`; its facts are `address` and `ui`."""
    return Service("temporal", folder, lambda: _plan(folder, extra), _ready)


def temporal_binary() -> str:
    """The path of the `temporal` binary that was installed with this Python. Raises ServiceError."""
    beside = os.pathsep.join([sysconfig.get_path("scripts"), str(Path(sys.executable).parent)])
    found = shutil.which("temporal", path=beside)
    if found is None:
        raise ServiceError("the temporal binary is not in this environment; run: sh bootstrap.sh")
    return found


def _plan(folder: Path, extra: Sequence[str]) -> Launch:
    folder.mkdir(parents=True, exist_ok=True)
    port, ui_port = free_port(PORT), free_port(UI_PORT)
    command = [temporal_binary(), "server", "start-dev", "--ip", LOOPBACK, "--port", str(port)]
    command += ["--ui-port", str(ui_port), "--ui-disable-news-fetch", "--log-level", "warn"]
    command += ["--db-filename", str(folder / "temporal.db")]
    for pragma in SQLITE_PRAGMAS:
        command += ["--sqlite-pragma", pragma]
    for setting in DYNAMIC_CONFIG:
        command += ["--dynamic-config-value", setting]
    for name, kind in SEARCH_ATTRIBUTES.items():
        command += ["--search-attribute", f"{name}={kind}"]
    return Launch(
        [*command, *extra],
        {"address": f"{LOOPBACK}:{port}", "ui": f"http://{LOOPBACK}:{ui_port}"},
    )


def _ready(state: State) -> bool:
    return _in_own_loop(_has_namespace(state.facts["address"]))


async def _has_namespace(address: str) -> bool:
    """Whether the server answers and knows our search attributes, which it registers last."""
    timeout = timedelta(seconds=2)
    try:
        client = await asyncio.wait_for(Client.connect(address, namespace=NAMESPACE), timeout.total_seconds())
        request = ListSearchAttributesRequest(namespace=NAMESPACE)
        listed = await client.operator_service.list_search_attributes(request, timeout=timeout)
    except (RuntimeError, RPCError, TimeoutError):
        return False
    return (
        SEARCH_ATTRIBUTES.items()
        <= {
            name: IndexedValueType.Name(kind).removeprefix("INDEXED_VALUE_TYPE_").title()
            for name, kind in listed.custom_attributes.items()
        }.items()
    )


def _in_own_loop(work: Coroutine[None, None, Result]) -> Result:
    """Run it to its end also where another event loop is running."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, work).result()
