"""Behaviours of a bad provider. Each is a function of its settings that returns a Behaviour."""

import asyncio
import gzip
import json
from collections.abc import Callable
from typing import Any

from tests.fault_server.good import completion, good_content
from tests.fault_server.server import Behaviour, Exchange

__all__ = [
    "body",
    "changed",
    "choice",
    "close_at_once",
    "gzip_bomb",
    "half_body",
    "hang",
    "raw",
    "redirect",
    "reply",
    "reset",
    "reset_in_body",
    "status",
    "stream",
    "stream_events",
    "trickle",
]

Headers = list[tuple[str, str]]
EVENT_STREAM: Headers = [("Content-Type", "text/event-stream"), ("Connection", "close")]


def bill_good(exchange: Exchange) -> dict[str, Any]:
    """Bill a good reply and return it: the provider has done its work, whatever becomes of the answer."""
    answer = completion(exchange.request, good_content(exchange.request))
    exchange.bill(200, answer["usage"]["prompt_tokens"], answer["usage"]["completion_tokens"])
    return answer


def status(code: int, answer: object = None, headers: Headers | None = None) -> Behaviour:
    """An error status; free of charge."""

    async def answered(exchange: Exchange) -> None:
        given = {"error": {"message": f"scripted {code}"}} if answer is None else answer
        await exchange.respond(
            code, given if isinstance(given, bytes) else json.dumps(given).encode(), headers
        )

    return answered


def body(content: bytes, headers: Headers | None = None, code: int = 200) -> Behaviour:
    """A billed 200 with these bytes as its body."""

    async def answered(exchange: Exchange) -> None:
        bill_good(exchange)
        await exchange.respond(code, content, headers)

    return answered


def changed(**top: Any) -> Behaviour:
    """A good reply with some of its top-level keys replaced."""

    async def answered(exchange: Exchange) -> None:
        answer = bill_good(exchange) | top
        await exchange.respond(200, json.dumps(answer).encode())

    return answered


def choice(finish_reason: object = "stop", **message: Any) -> Behaviour:
    """A good reply with another end and other parts of its message."""

    async def answered(exchange: Exchange) -> None:
        answer = bill_good(exchange)
        first = answer["choices"][0]
        first["finish_reason"] = finish_reason
        first["message"] |= message
        await exchange.respond(200, json.dumps(answer).encode())

    return answered


def reply(content: object) -> Behaviour:
    """A reply with this content; anything but a text is written as JSON."""
    return choice(content=content if isinstance(content, str) else json.dumps(content))


def raw(content: bytes) -> Behaviour:
    """These bytes instead of a response, then the end of the connection."""

    async def answered(exchange: Exchange) -> None:
        bill_good(exchange)
        exchange.keep_open = False
        await exchange.send(content)

    return answered


def close_at_once() -> Behaviour:
    """The end of the connection instead of a response."""
    return raw(b"")


def reset() -> Behaviour:
    """A reset instead of a response."""

    async def answered(exchange: Exchange) -> None:
        bill_good(exchange)
        exchange.reset()

    return answered


def reset_in_body(sent: int = 20) -> Behaviour:
    """A reset after some bytes of the body."""

    async def answered(exchange: Exchange) -> None:
        answer = json.dumps(bill_good(exchange)).encode()
        await exchange.respond(200, answer[:sent], length=len(answer))
        # Long enough for the bytes to arrive, since a reset discards what the client has not read.
        await asyncio.sleep(0.02)
        exchange.reset()

    return answered


def half_body(sent: int = 40) -> Behaviour:
    """An orderly end of the connection in the middle of the body."""

    async def answered(exchange: Exchange) -> None:
        answer = json.dumps(bill_good(exchange)).encode()
        await exchange.respond(200, answer[:sent], length=len(answer))
        exchange.keep_open = False

    return answered


def hang(seconds: float = 3_600) -> Behaviour:
    """No answer."""

    async def answered(exchange: Exchange) -> None:
        bill_good(exchange)
        await asyncio.sleep(seconds)
        exchange.keep_open = False

    return answered


def trickle(every_s: float = 0.05, head: bytes | None = None) -> Behaviour:
    """A good reply, one byte at a time."""

    async def answered(exchange: Exchange) -> None:
        answer = json.dumps(bill_good(exchange)).encode()
        if head is not None:
            await exchange.send(head)
        else:
            await exchange.respond(200, b"", length=len(answer))
        for byte in answer:
            await asyncio.sleep(every_s)
            await exchange.send(bytes([byte]))

    return answered


def gzip_bomb(size: int = 64_000_000, code: int = 200) -> Behaviour:
    """A small body that inflates to `size` bytes."""
    packed = gzip.compress(b"[" + b" " * size)
    return body(packed, [("Content-Encoding", "gzip")], code)


def redirect(to: str, code: int = 307) -> Behaviour:
    """A redirect to another origin."""
    return status(code, {}, [("Location", to)])


def stream(*events: object, done: bool = True, headers: Headers = EVENT_STREAM) -> Behaviour:
    """An event stream of these events; bytes are written as they are, anything else as JSON."""

    async def answered(exchange: Exchange) -> None:
        bill_good(exchange)
        exchange.keep_open = False
        head = "\r\n".join(["HTTP/1.1 200 OK", *(f"{name}: {value}" for name, value in headers), "", ""])
        await exchange.send(head.encode())
        for event in events:
            made = event(exchange) if callable(event) else event
            for one in made if isinstance(made, list) else [made]:
                await exchange.send(
                    one if isinstance(one, bytes) else f"data: {json.dumps(one)}\n\n".encode()
                )
        if done:
            await exchange.send(b"data: [DONE]\n\n")

    return answered


def stream_events(
    *, finish: object = "stop", usage: object = "billed", content: str | None = None
) -> Callable[[Exchange], list[object]]:
    """The events of a good stream, for `stream`: content in three parts, an end, the usage."""

    def made(exchange: Exchange) -> list[object]:
        text = good_content(exchange.request) if content is None else content
        whole = completion(exchange.request, text)
        third = len(text) // 3 + 1
        parts = [text[start : start + third] for start in range(0, len(text), third)]
        events: list[object] = [event(whole, {"content": part}, None) for part in parts]
        if finish is not None:
            events.append(event(whole, {}, finish))
        if usage is not None:
            # What `bill_good` bills, also when the content is another.
            good = completion(exchange.request, good_content(exchange.request))
            told = good["usage"] if usage == "billed" else usage
            events.append({"model": whole["model"], "choices": [], "usage": told})
        return events

    return made


def event(whole: dict[str, Any], delta: dict[str, Any], finish: object) -> dict[str, Any]:
    return {
        "id": whole["id"],
        "model": whole["model"],
        "choices": [{"index": 0, "delta": delta, "finish_reason": finish}],
    }
