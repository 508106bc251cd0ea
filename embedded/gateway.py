"""The door of the model server: checks the key, writes the journal, lets no dead client keep the slot.

The model answers one request at a time. When a client is gone (a killed worker), its request to the model is
closed at once, which makes the model stop, and the next one begins.
"""

import asyncio
import hmac
import json
from dataclasses import dataclass
from http import HTTPStatus

import httpx2

from embedded.http1 import (
    MAX_HEAD,
    BadRequest,
    Request,
    begin_chunked,
    end_chunked,
    read_request,
    send,
    send_chunk,
    send_error,
)
from embedded.request_journal import Entry, RequestJournal

__all__ = ["Gateway"]

CHAT = "/v1/chat/completions"
ROUTES = {("GET", "/health"), ("GET", "/v1/models"), ("POST", CHAT)}
# The last event of a stream holds the usage and is far smaller.
STREAM_TAIL = 64 * 1024


@dataclass
class Answer:
    """What the model said, as far as the journal is concerned."""

    status: int
    usage: object = None


class Gateway:
    """Forwards to `upstream` (an http address) what carries the bearer `key`."""

    def __init__(self, upstream: str, upstream_key: str, key: str, journal: RequestJournal) -> None:
        self._key = f"Bearer {key}".encode()
        self._journal = journal
        self._client = httpx2.AsyncClient(
            base_url=upstream,
            headers={"Authorization": f"Bearer {upstream_key}"},
            # A queued request waits for those before it, for as long as its client does.
            timeout=httpx2.Timeout(None, connect=5.0),
            limits=httpx2.Limits(max_connections=None, max_keepalive_connections=0),
            trust_env=False,
        )

    async def serve(self, host: str, port: int) -> asyncio.Server:
        """Begin to listen."""
        return await asyncio.start_server(self._handle, host, port, limit=MAX_HEAD)

    async def close(self) -> None:
        """Close the connections to the model."""
        await self._client.aclose()

    async def _handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            request = await read_request(reader, writer)
            if request is not None:
                await self._serve_one(request, reader, writer)
        except BadRequest as error:
            await send_error(writer, error.status, str(error))
        except ConnectionError:
            pass
        finally:
            writer.close()

    async def _serve_one(
        self, request: Request, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        path = request.path.partition("?")[0]
        if (request.method, path) not in ROUTES:
            await send_error(writer, HTTPStatus.NOT_FOUND, f"there is no {request.method} {path}")
        elif path != "/health" and not self._may(request):
            await send_error(writer, HTTPStatus.UNAUTHORIZED, "the key is missing or wrong")
        elif path == CHAT:
            entry = self._journal.received(request.headers.get("x-client-request-id", ""))
            await self._while_client_waits(request, reader, writer, entry)
        else:
            await self._forward(request, writer)

    def _may(self, request: Request) -> bool:
        given = request.headers.get("authorization", "")
        return hmac.compare_digest(given.encode("utf-8", "replace"), self._key)

    async def _while_client_waits(
        self, request: Request, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, entry: Entry
    ) -> None:
        answering = asyncio.ensure_future(self._forward(request, writer))
        # A client sends nothing more on this connection, so all that can be read is its end.
        leaving = asyncio.ensure_future(reader.read(1))
        try:
            await asyncio.wait({answering, leaving}, return_when=asyncio.FIRST_COMPLETED)
            if not answering.done():
                answering.cancel()
            answer = await answering
            entry.ended("answered", answer.status, answer.usage)
        except (asyncio.CancelledError, ConnectionError):
            entry.ended("abandoned")
        finally:
            leaving.cancel()

    async def _forward(self, request: Request, writer: asyncio.StreamWriter) -> Answer:
        headers = {"Content-Type": request.headers.get("content-type", "application/json")}
        began = False
        try:
            async with self._client.stream(
                request.method, request.path, content=request.body, headers=headers
            ) as reply:
                kind = reply.headers.get("content-type", "application/json")
                if not kind.startswith("text/event-stream"):
                    body = await reply.aread()
                    await send(writer, reply.status_code, kind, body)
                    return Answer(reply.status_code, _usage_in(body))
                began = True
                return await _relay_stream(reply, kind, writer)
        except httpx2.HTTPError as error:
            if began:
                # The missing end tells the client; an error in the middle of a stream would be content.
                return Answer(HTTPStatus.BAD_GATEWAY)
            await send_error(writer, HTTPStatus.BAD_GATEWAY, f"the model server is gone: {error!r}")
            return Answer(HTTPStatus.BAD_GATEWAY)


async def _relay_stream(reply: httpx2.Response, kind: str, writer: asyncio.StreamWriter) -> Answer:
    tail = b""
    begin_chunked(writer, reply.status_code, kind)
    async for chunk in reply.aiter_bytes():
        tail = (tail + chunk)[-STREAM_TAIL:]
        await send_chunk(writer, chunk)
    await end_chunked(writer)
    for line in reversed(tail.splitlines()):
        usage = _usage_in(line.removeprefix(b"data:"))
        if usage is not None:
            return Answer(reply.status_code, usage)
    return Answer(reply.status_code)


def _usage_in(text: bytes) -> object:
    try:
        content = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return content.get("usage") if isinstance(content, dict) else None
