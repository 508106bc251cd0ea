"""The model server's door, in front of a small real HTTP server."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx2
import pytest

from embedded.gateway import Gateway
from embedded.http1 import BadRequest, begin_chunked, end_chunked, read_request, send, send_chunk
from embedded.request_journal import RequestJournal
from tests.embedded.test_stack import wait_until

USAGE = {"prompt_tokens": 12, "completion_tokens": 3}
REPLY = {"choices": [{"message": {"content": "yes"}}], "usage": USAGE}
CHAT = "/v1/chat/completions"


@dataclass
class Model:
    """A provider with one slot that does what the prompt's first word says."""

    asked: list[str] = field(default_factory=list)
    arrived: asyncio.Event = field(default_factory=asyncio.Event)
    left_alone: asyncio.Event = field(default_factory=asyncio.Event)
    keys: set[str] = field(default_factory=set)

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await self._answer(reader, writer)
        except (BadRequest, ConnectionError):
            self.left_alone.set()
        finally:
            writer.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = await read_request(reader, writer)
        if request is None:
            return
        self.keys.add(request.headers.get("authorization", ""))
        how = json.loads(request.body)["how"] if request.body else "list"
        self.asked.append(how)
        self.arrived.set()
        if how == "hang":
            await reader.read(1)
            self.left_alone.set()
        elif how in ("stream", "broken stream"):
            begin_chunked(writer, 200, "text/event-stream")
            await send_chunk(writer, b'data: {"choices": [1]}\n\n')
            if how == "stream":
                await send_chunk(writer, b"data: " + json.dumps({"usage": USAGE}).encode() + b"\n\n")
                await send_chunk(writer, b"data: [DONE]\n\n")
                await end_chunked(writer)
        elif how == "break":
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{")
        elif how == "busy":
            await send(writer, 503, "application/json", b'{"error": "loading"}')
        else:
            await send(writer, 200, "application/json", json.dumps(REPLY).encode())


@dataclass
class Stage:
    model: Model
    client: httpx2.AsyncClient
    journal: Path

    def lines(self) -> list[dict[str, object]]:
        return [json.loads(line) for line in self.journal.read_text().splitlines()]

    async def ask(self, how: str, attempt: str = "a1", patience: float = 5.0) -> httpx2.Response:
        headers = {"X-Client-Request-Id": attempt}
        return await self.client.post(CHAT, json={"how": how}, headers=headers, timeout=patience)


@asynccontextmanager
async def staged(folder: Path) -> AsyncIterator[Stage]:
    model = Model()
    upstream = await asyncio.start_server(model.handle, "127.0.0.1", 0)
    address = f"http://127.0.0.1:{upstream.sockets[0].getsockname()[1]}"
    journal = RequestJournal(folder / "requests.jsonl")
    gateway = Gateway(address, "inner", "outer", journal)
    door = await gateway.serve("127.0.0.1", 0)
    base = f"http://127.0.0.1:{door.sockets[0].getsockname()[1]}"
    async with httpx2.AsyncClient(base_url=base, headers={"Authorization": "Bearer outer"}) as client:
        yield Stage(model, client, folder / "requests.jsonl")
    for server in (door, upstream):
        server.close()
    await gateway.close()
    journal.close()


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    async with staged(tmp_path) as stage:
        yield stage


async def test_a_reply_passes_through_and_is_journaled_with_its_tokens(stage: Stage) -> None:
    reply = await stage.ask("answer", "run/3")
    assert reply.json() == REPLY
    arrived, ended = stage.lines()
    assert (arrived["state"], arrived["attempt"]) == ("received", "run/3")
    assert ended["request"] == arrived["request"]
    assert (ended["state"], ended["status"]) == ("answered", 200)
    assert (ended["input_tokens"], ended["output_tokens"]) == (12, 3)


async def test_the_model_sees_its_own_key_and_not_the_clients(stage: Stage) -> None:
    await stage.ask("answer")
    assert stage.model.keys == {"Bearer inner"}


@pytest.mark.parametrize("key", ["", "Bearer", "Bearer wrong", "outer", "bearer outer", "Bearer \xe9"])
async def test_without_the_key_nothing_reaches_the_model(stage: Stage, key: str) -> None:
    headers = {b"Authorization": key.encode()}
    reply = await stage.client.post(CHAT, json={"how": "answer"}, headers=headers)
    assert reply.status_code == 401
    assert stage.model.asked == []
    assert not stage.lines()


@pytest.mark.parametrize("path", ["/props", "/completion", "/slots", "/v1/embeddings"])
async def test_other_addresses_of_the_model_are_closed(stage: Stage, path: str) -> None:
    assert (await stage.client.get(path)).status_code == 404
    assert stage.model.asked == []


async def test_a_stream_arrives_whole_and_its_usage_is_found(stage: Stage) -> None:
    reply = await stage.ask("stream")
    assert reply.text.endswith("data: [DONE]\n\n")
    assert stage.lines()[-1]["output_tokens"] == 3


async def test_a_stream_that_the_model_cuts_off_is_cut_off_for_the_client(stage: Stage) -> None:
    with pytest.raises(httpx2.RemoteProtocolError):
        await stage.ask("broken stream")
    assert stage.lines()[-1]["status"] == 502


async def test_a_reply_that_breaks_off_is_a_bad_gateway(stage: Stage) -> None:
    assert (await stage.ask("break")).status_code == 502


async def test_the_models_own_refusal_is_passed_on(stage: Stage) -> None:
    assert (await stage.ask("busy")).status_code == 503
    assert stage.lines()[-1]["status"] == 503


async def test_a_client_that_leaves_frees_the_model(stage: Stage) -> None:
    with pytest.raises(httpx2.ReadTimeout):
        await stage.ask("hang", "lost", patience=0.2)
    await asyncio.wait_for(stage.model.left_alone.wait(), 2)
    await asyncio.to_thread(wait_until, lambda: stage.lines()[-1]["state"] == "abandoned")
    assert (await stage.ask("answer")).is_success


async def test_a_request_that_never_ended_has_only_its_arrival(stage: Stage) -> None:
    asking = asyncio.ensure_future(stage.ask("hang"))
    await asyncio.wait_for(stage.model.arrived.wait(), 2)
    assert [line["state"] for line in stage.lines()] == ["received"]
    asking.cancel()
    await asyncio.wait_for(stage.model.left_alone.wait(), 2)


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"nonsense\r\n\r\n", 400),
        (b"POST /v1/chat/completions HTTP/1.1\r\nContent-Length: -1\r\n\r\n", 400),
        (b"POST /v1/chat/completions HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\n", 413),
        (b"POST /v1/chat/completions HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", 411),
        (b"GET / HTTP/1.1\r\nX: " + b"x" * 70_000 + b"\r\n\r\n", 431),
    ],
)
async def test_what_is_no_request_gets_an_error(stage: Stage, sent: bytes, status: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", stage.client.base_url.port)
    writer.write(sent)
    assert (await reader.readline()).split()[1] == str(status).encode()
    writer.close()
