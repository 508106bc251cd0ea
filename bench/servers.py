"""Temporal servers of a benchmark, each on a database of its own: as it comes, and as Tenuto starts it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter

from bench.processes import ended
from connection import ensure_search_attributes
from embedded.ports import LOOPBACK, free_port
from embedded.stack import stop_all
from embedded.temporal_server import temporal_binary, temporal_service

__all__ = ["Server", "stock", "tuned"]


@dataclass(frozen=True)
class Server:
    """A running server with its own folder."""

    address: str
    pid: int
    client: Client
    folder: Path


@asynccontextmanager
async def tuned() -> AsyncIterator[Server]:
    """Started as `python starter.py dev` starts it."""
    with TemporaryDirectory(prefix="tenuto-bench-") as name:
        folder = Path(name)
        try:
            state = await asyncio.to_thread(temporal_service(folder).ensure)
            yield Server(state.facts["address"], state.pid, await connected(state.facts["address"]), folder)
        finally:
            await asyncio.to_thread(stop_all, folder)


@asynccontextmanager
async def stock() -> AsyncIterator[Server]:
    """`temporal server start-dev --db-filename FILE`, with nothing more than addresses."""
    with TemporaryDirectory(prefix="tenuto-bench-") as name:
        folder, port = Path(name), free_port()
        process = await asyncio.create_subprocess_exec(
            temporal_binary(),
            *("server", "start-dev", "--db-filename", str(folder / "temporal.db"), "--ip", LOOPBACK),
            *("--port", str(port), "--ui-port", str(free_port()), "--log-level", "error"),
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            address = f"{LOOPBACK}:{port}"
            yield Server(address, process.pid, await connected(address), folder)
        finally:
            await ended(process)


async def connected(address: str) -> Client:
    """A client, as soon as the server answers."""
    for _ in range(200):
        try:
            client = await Client.connect(address, data_converter=pydantic_data_converter)
            await ensure_search_attributes(client)
            return client
        except RuntimeError:
            await asyncio.sleep(0.1)
    raise RuntimeError(f"no server answers at {address}")
