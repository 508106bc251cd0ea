"""The server: reads a request, picks a behaviour, lets it answer as badly as it likes."""

import asyncio
import hashlib
import json
import socket
import struct
from collections import defaultdict, deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.fault_server.good import completion, good_content
from tests.fault_server.journal import Entry, Journal

__all__ = ["Behaviour", "Exchange", "FaultServer", "good"]

LARGEST_REQUEST = 10_000_000


@dataclass
class Exchange:
    """One request and the connection to answer on."""

    request: dict[str, Any]
    entry: Entry
    journal: Journal
    writer: asyncio.StreamWriter
    keep_open: bool = True

    def bill(self, status: int, input_tokens: int = 0, output_tokens: int = 0) -> None:
        """Settle this request in the journal; the first call counts."""
        self.journal.settle(self.entry, status, input_tokens, output_tokens)

    async def send(self, raw: bytes) -> None:
        """Write bytes as they are."""
        self.writer.write(raw)
        await self.writer.drain()

    async def respond(
        self,
        status: int,
        body: bytes,
        headers: list[tuple[str, str]] | None = None,
        *,
        length: int | None = None,
    ) -> None:
        """Write a response; `length` may claim more than there is."""
        self.bill(status)
        given = headers or []
        if not any(name.lower() == "content-type" for name, _ in given):
            given = [("Content-Type", "application/json"), *given]
        lines = [f"HTTP/1.1 {status} Scripted", *(f"{name}: {value}" for name, value in given)]
        lines.append(f"Content-Length: {len(body) if length is None else length}")
        await self.send("\r\n".join([*lines, "", ""]).encode("latin-1") + body)

    def reset(self) -> None:
        """End the connection with a TCP reset."""
        self.keep_open = False
        own = self.writer.get_extra_info("socket")
        own.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()


Behaviour = Callable[[Exchange], Awaitable[None]]


async def good(exchange: Exchange) -> None:
    """A reply that the task's check accepts, read out of the request by rules."""
    answer = completion(exchange.request, good_content(exchange.request))
    exchange.bill(200, answer["usage"]["prompt_tokens"], answer["usage"]["completion_tokens"])
    await exchange.respond(200, json.dumps(answer).encode())


class FaultServer:
    """Answers with what is scripted, in order, then with `default`. Use as an asynchronous context."""

    def __init__(
        self, *, journal: Path | None = None, latency_s: float = 0.0, default: Behaviour = good
    ) -> None:
        self.journal = Journal(journal)
        self.latency_s = latency_s
        self.default = default
        self.scripts: dict[str | None, deque[Behaviour]] = defaultdict(deque)
        self.server: asyncio.Server | None = None
        self.connections: set[asyncio.Task[None]] = set()
        self.address = ""

    @property
    def entries(self) -> list[Entry]:
        """Every request so far."""
        return self.journal.entries

    def script(self, *behaviours: Behaviour, task: str | None = None) -> None:
        """Answer the next requests, of one task or of any, with these."""
        self.scripts[task].extend(behaviours)

    async def start(self, port: int = 0) -> None:
        """Listen on 127.0.0.1; `address` is the base URL."""
        self.server = await asyncio.start_server(self.serve, "127.0.0.1", port, limit=LARGEST_REQUEST)
        self.address = f"http://127.0.0.1:{self.server.sockets[0].getsockname()[1]}/v1"

    async def stop(self) -> None:
        """Stop listening and drop every connection."""
        if self.server is None:
            return
        self.server.close()
        for connection in tuple(self.connections):
            connection.cancel()
        await asyncio.gather(*self.connections, return_exceptions=True)
        await self.server.wait_closed()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        own = asyncio.current_task()
        if own is not None:
            self.connections.add(own)
            own.add_done_callback(self.connections.discard)
        try:
            while await self.serve_one(reader, writer):
                pass
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            # The client is gone, or the test is over: what was billed is in the journal.
            pass
        finally:
            writer.close()

    async def serve_one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """One request; False when the connection is over."""
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        except asyncio.IncompleteReadError:
            return False
        headers = {
            name.lower(): value.strip()
            for name, _, value in (line.partition(":") for line in head[1:] if line)
        }
        raw = await reader.readexactly(int(headers.get("content-length", "0")))
        if head[0].startswith("GET"):
            models = b'{"object": "list", "data": [{"id": "scripted-listed", "object": "model"}]}'
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(models), models))
            await writer.drain()
            return True
        exchange = self.received(head[0].split(" ")[1], headers, raw, writer)
        if self.latency_s:
            await asyncio.sleep(self.latency_s)
        await self.picked(exchange)(exchange)
        exchange.bill(0)
        return exchange.keep_open

    def received(
        self, path: str, headers: dict[str, str], raw: bytes, writer: asyncio.StreamWriter
    ) -> Exchange:
        body = json.loads(raw)
        entry = Entry(
            at=Journal.now(),
            path=path,
            task=body["response_format"]["json_schema"]["name"] if "response_format" in body else "",
            request_id=headers.get("x-client-request-id", ""),
            retry_count=headers.get("x-stainless-retry-count", ""),
            authorised="authorization" in headers,
            body_digest=hashlib.sha256(raw).hexdigest()[:16],
            behaviour="",
            headers=headers,
            body=body,
        )
        self.journal.entries.append(entry)
        return Exchange(request=body, entry=entry, journal=self.journal, writer=writer)

    def picked(self, exchange: Exchange) -> Behaviour:
        for script in (self.scripts[exchange.entry.task], self.scripts[None]):
            if script:
                behaviour = script.popleft()
                break
        else:
            behaviour = self.default
        exchange.entry.behaviour = getattr(behaviour, "__name__", "scripted")
        return behaviour
