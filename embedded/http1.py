"""As much HTTP/1.1 as a gateway on the loopback address needs: one request a connection."""

import asyncio
import email.parser
import json
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus

__all__ = [
    "BadRequest",
    "Request",
    "begin_chunked",
    "end_chunked",
    "read_request",
    "send",
    "send_chunk",
    "send_error",
]

MAX_HEAD = 64 * 1024
MAX_BODY = 8 * 1024 * 1024
READ_TIMEOUT_S = 30.0


class BadRequest(Exception):
    """What arrived is no request that can be answered otherwise; `status` says why."""

    def __init__(self, status: HTTPStatus) -> None:
        super().__init__(status.phrase)
        self.status = status


@dataclass(frozen=True)
class Request:
    """One request with its whole body. Header names are lower case."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


async def read_request(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> Request | None:
    """The request, or None when the client left before it was whole. Raises BadRequest."""
    try:
        async with asyncio.timeout(READ_TIMEOUT_S):
            method, path, headers = _parse(await reader.readuntil(b"\r\n\r\n"))
            if "transfer-encoding" in headers:
                raise BadRequest(HTTPStatus.LENGTH_REQUIRED)
            length = _length(headers.get("content-length", "0"))
            if headers.get("expect", "").lower() == "100-continue":
                writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            return Request(method, path, headers, await reader.readexactly(length))
    except asyncio.LimitOverrunError:
        raise BadRequest(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE) from None
    except TimeoutError:
        raise BadRequest(HTTPStatus.REQUEST_TIMEOUT) from None
    except (asyncio.IncompleteReadError, ConnectionError):
        return None


async def send(writer: asyncio.StreamWriter, status: int, content_type: str, body: bytes) -> None:
    """A whole reply; its length is stated, so that half of it is noticed."""
    _head(writer, status, content_type, f"Content-Length: {len(body)}")
    writer.write(body)
    await writer.drain()


async def send_error(writer: asyncio.StreamWriter, status: HTTPStatus, reason: str) -> None:
    """An error in the form that OpenAI's clients read."""
    error = {
        "error": {"message": reason, "type": status.phrase.lower().replace(" ", "_"), "code": int(status)}
    }
    await send(writer, status, "application/json", json.dumps(error).encode())


def begin_chunked(writer: asyncio.StreamWriter, status: int, content_type: str) -> None:
    """The head of a reply whose length is not known yet."""
    _head(writer, status, content_type, "Transfer-Encoding: chunked")


async def send_chunk(writer: asyncio.StreamWriter, chunk: bytes) -> None:
    """A piece of it; an empty one would end the reply and is left out."""
    if chunk:
        writer.write(b"%x\r\n%b\r\n" % (len(chunk), chunk))
        await writer.drain()


async def end_chunked(writer: asyncio.StreamWriter) -> None:
    """Its end, without which the client knows that something is missing."""
    writer.write(b"0\r\n\r\n")
    await writer.drain()


def _head(writer: asyncio.StreamWriter, status: int, content_type: str, framing: str) -> None:
    phrase = HTTPStatus(status).phrase if status in set(HTTPStatus) else ""
    lines = [f"HTTP/1.1 {status} {phrase}", f"Content-Type: {content_type}", framing, "Connection: close"]
    writer.write("\r\n".join([*lines, "", ""]).encode("latin-1"))


def _parse(head: bytes) -> tuple[str, str, dict[str, str]]:
    first, _, rest = head.decode("latin-1").partition("\r\n")
    words = first.split(" ")
    if len(words) != 3 or not words[2].startswith("HTTP/1."):
        raise BadRequest(HTTPStatus.BAD_REQUEST)
    headers = email.parser.HeaderParser().parsestr(rest)
    return words[0], words[1], {name.lower(): value for name, value in headers.items()}


def _length(value: str) -> int:
    if not value.isascii() or not value.isdigit():
        raise BadRequest(HTTPStatus.BAD_REQUEST)
    if len(value) > 12 or int(value) > MAX_BODY:
        raise BadRequest(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
    return int(value)
