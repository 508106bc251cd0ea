"""The HTTP client to a provider: bounded bodies, no redirects, no retries, and proof of what was sent."""

import ssl
import zlib
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from typing import TYPE_CHECKING, Any

import httpx2

from activities.endpoints import Endpoint

if TYPE_CHECKING:
    from openai import AsyncOpenAI

__all__ = [
    "MAX_BODY_BYTES",
    "BodyTooLarge",
    "Flight",
    "UnreadableEncoding",
    "certificates",
    "connect",
    "flight",
]

# A reply is bounded by its tokens; 1 MB is a hundred times the largest and still cheap to hold.
MAX_BODY_BYTES = 1_000_000

# A stage that is not in here counts as sending, also one that a later version adds.
CONNECTING = frozenset(
    {"connect_tcp", "connect_unix_socket", "start_tls", "retry", "setup_socks5_connection"}
)

# The client insists on a key; a server on loopback that has none ignores it.
NO_KEY = "none"


class BodyTooLarge(httpx2.DecodingError):
    """The body, decoded, is larger than MAX_BODY_BYTES."""


class UnreadableEncoding(httpx2.DecodingError):
    """The body is encoded in a way that was not asked for."""


class Flight:
    """Whether any byte of a request may have left this machine."""

    def __init__(self) -> None:
        self.sent = False

    async def trace(self, event: str, info: dict[str, Any]) -> None:
        """What httpcore2 calls at each stage of a request: any stage but connecting may send it."""
        if event.split(".")[-2] not in CONNECTING:
            self.sent = True


CURRENT: ContextVar[Flight | None] = ContextVar("current_flight", default=None)


@contextmanager
def flight() -> Iterator[Flight]:
    """Watch the requests made in this block by clients of `connect`."""
    watched = Flight()
    token = CURRENT.set(watched)
    try:
        yield watched
    finally:
        CURRENT.reset(token)


def connect(endpoint: Endpoint) -> "AsyncOpenAI":
    """A client for one endpoint; close it after use. Its requests are never repeated or redirected."""
    from openai import AsyncOpenAI  # here, since it takes longer to load than all else of this module's users

    http = httpx2.AsyncClient(
        follow_redirects=False,
        # Only gzip is decoded with a bound; nothing else is asked for.
        headers={"Accept-Encoding": "gzip"},
        # What stays on this machine is no business of a proxy named in the environment.
        trust_env=not endpoint.loopback,
        verify=certificates(not endpoint.loopback),
        event_hooks={"request": [watch], "response": [bound]},
    )
    return AsyncOpenAI(
        base_url=endpoint.address,
        api_key=endpoint.api_key or NO_KEY,
        max_retries=0,
        http_client=http,
    )


@cache
def certificates(trust_env: bool) -> ssl.SSLContext:
    """Reading the system's certificates takes longer than a request on loopback, so it is done once."""
    return httpx2.create_ssl_context(trust_env=trust_env)


async def watch(request: httpx2.Request) -> None:
    current = CURRENT.get()
    if current is not None:
        request.extensions = {**request.extensions, "trace": current.trace}


async def bound(response: httpx2.Response) -> None:
    """Put a decoder with a bound in the place of the client's own, which has none."""
    encoding = response.headers.pop("content-encoding", "identity").strip().lower()
    body = response.stream
    if not isinstance(body, httpx2.AsyncByteStream):
        raise TypeError("an asynchronous client has asynchronous bodies")
    decoded = bounded(body, encoding)
    # An error's status says more than its body: what cannot be read of the body is left out.
    response.stream = Body(readable(decoded) if response.is_error else decoded, body)


class Body(httpx2.AsyncByteStream):
    """The decoded parts of a body, and the connection's own end of it."""

    def __init__(self, parts: AsyncIterator[bytes], raw: httpx2.AsyncByteStream) -> None:
        self.parts = parts
        self.raw = raw

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self.parts

    async def aclose(self) -> None:
        await self.raw.aclose()


async def bounded(body: httpx2.AsyncByteStream, encoding: str) -> AsyncIterator[bytes]:
    """The body, decoded; raises BodyTooLarge beyond MAX_BODY_BYTES and UnreadableEncoding."""
    if encoding not in {"", "identity", "gzip", "x-gzip"}:
        raise UnreadableEncoding(f"the body is encoded as {encoding[:40]!r}")
    unzip = None if encoding in {"", "identity"} else zlib.decompressobj(zlib.MAX_WBITS | 16)
    room = MAX_BODY_BYTES
    begun = False
    async for part in body:
        begun = True
        decoded = part if unzip is None else inflate(unzip, part, room + 1)
        room -= len(decoded)
        if room < 0:
            raise BodyTooLarge(f"the body is larger than {MAX_BODY_BYTES} bytes")
        yield decoded
    if unzip is not None and begun and not unzip.eof:
        raise UnreadableEncoding("the gzip body is cut")


async def readable(parts: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """The parts up to the first that cannot be decoded or is too much."""
    try:
        async for part in parts:
            yield part
    except httpx2.DecodingError:
        return


def inflate(unzip: Any, part: bytes, most: int) -> bytes:
    """At most `most` bytes of what the part inflates to."""
    try:
        decoded: bytes = unzip.decompress(part, most)
    except zlib.error as error:
        raise UnreadableEncoding(f"the gzip body is broken: {error}") from None
    return decoded
