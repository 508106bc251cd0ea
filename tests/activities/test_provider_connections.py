"""Every way a connection can fail: only what provably never left this machine is free."""

import asyncio
import socket
from pathlib import Path

import pytest
from temporalio.exceptions import ApplicationError

from activities.catalogue import load_catalogue
from contracts.attempts import Cost, Fault
from tests.activities.provider import SECRET, TICKET, failure_in, provider
from tests.fault_server import Behaviour, FaultServer, faults

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"

LOST: list[Behaviour] = [
    faults.reset(),
    faults.close_at_once(),
    faults.reset_in_body(),
    faults.reset_in_body(0),
    faults.half_body(),
    faults.half_body(0),
    faults.half_body(1),
    faults.raw(b"HTTP/1.1 200 OK\r\nContent-Le"),
    faults.raw(HEAD),
    faults.raw(CHUNKED + b'5\r\n{"ch'),
    faults.raw(CHUNKED + b"zz\r\n"),
    faults.raw(b"garbage\r\n\r\n"),
    faults.raw(b"\x00\x01\x02\x03\r\n\r\n"),
]


@pytest.mark.parametrize("profile", ["keyed", "streaming"])
@pytest.mark.parametrize("behaviour", LOST)
async def test_a_broken_connection_may_have_cost(tmp_path: Path, behaviour: Behaviour, profile: str) -> None:
    async with provider(profile, folder=tmp_path) as asked:
        failure = await asked.failure(behaviour)
        assert (failure.fault, failure.cost) == (Fault.CONNECTION_LOST, Cost.UNKNOWN), failure.reason
        assert [entry.retry_count for entry in asked.server.entries] == ["0"]


@pytest.mark.parametrize("attempt", range(10))
async def test_a_refused_connection_costs_nothing(tmp_path: Path, attempt: int) -> None:
    async with provider("keyed" if attempt % 2 else "streaming", folder=tmp_path) as asked:
        await asked.server.stop()
        failure = await asked.failure()
        assert (failure.fault, failure.cost) == (Fault.CONNECTION_REFUSED, Cost.NONE), failure.reason


async def test_a_connection_refused_after_one_that_worked_costs_nothing(tmp_path: Path) -> None:
    async with provider(folder=tmp_path) as asked:
        await asked.read()
        await asked.server.stop()
        failure = await asked.failure()
        assert (failure.fault, failure.cost) == (Fault.CONNECTION_REFUSED, Cost.NONE), failure.reason


SLOW: list[Behaviour] = [
    faults.hang(),
    faults.trickle(),
    faults.trickle(0.01),
    faults.trickle(0.1),
    faults.trickle(head=CHUNKED),
    faults.trickle(head=b""),
    faults.trickle(head=b"HTTP/1.1 200 OK\r\nX-Slow: "),
    faults.trickle(head=b"HTTP/1.1 429 Slow\r\nContent-Length: 5000\r\n\r\n"),
    faults.trickle(head=b"HTTP/1.1 500 Slow\r\nContent-Length: 5000\r\n\r\n"),
    faults.trickle(head=b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: "),
]


@pytest.mark.parametrize("profile", ["keyed", "streaming"])
@pytest.mark.parametrize("behaviour", SLOW)
async def test_the_deadline_is_total_and_its_cost_unknown(
    tmp_path: Path, behaviour: Behaviour, profile: str
) -> None:
    async with provider(profile, folder=tmp_path) as asked:
        begun = asyncio.get_running_loop().time()
        failure = await asked.failure(behaviour, timeout_s=0.4)
        assert (failure.fault, failure.cost) == (Fault.TIMED_OUT, Cost.UNKNOWN), failure.reason
        assert asyncio.get_running_loop().time() - begun < 2
        assert len(asked.server.entries) == 1


async def test_a_deadline_before_the_connection_stands_costs_nothing(tmp_path: Path) -> None:
    # A listener with a full queue answers no further connection.
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        port = full.getsockname()[1]
        waiting = [await half_open(port) for _ in range(4)]
        async with provider(folder=tmp_path) as asked:
            path = tmp_path / "models.toml"
            text = path.read_text().replace(asked.server.address, f"http://127.0.0.1:{port}/v1")
            path.write_text(text)
            asked.models.catalogue = load_catalogue(path, {"SCRIPTED_KEY": SECRET})
            failure = await asked.failure(timeout_s=0.5)
        for each in waiting:
            each.close()
    assert (failure.fault, failure.cost) == (Fault.TIMED_OUT, Cost.NONE), failure.reason


async def half_open(port: int) -> socket.socket:
    """A connection that nobody accepts, or one that is still waiting for the queue."""
    own = socket.socket()
    own.setblocking(False)
    own.connect_ex(("127.0.0.1", port))
    await asyncio.sleep(0.01)
    return own


async def test_a_cancellation_after_sending_proves_nothing(tmp_path: Path) -> None:
    async with provider(folder=tmp_path) as asked:
        asked.server.script(faults.hang())
        attempt = asyncio.create_task(asked.read(TICKET))
        await until_received(asked.server)
        attempt.cancel()
        with pytest.raises(asyncio.CancelledError):
            await attempt


async def until_received(server: FaultServer) -> None:
    """Until the server has read a request, at most two seconds."""
    for _ in range(200):
        if server.entries:
            return
        await asyncio.sleep(0.01)
    raise AssertionError("no request came")


async def test_a_cancellation_before_sending_costs_nothing(tmp_path: Path) -> None:
    async with provider(folder=tmp_path) as asked:
        attempt = asyncio.create_task(asked.read(TICKET))
        # Until the attempt has begun and waits for its first connection: a few turns of the loop.
        for _ in range(50):
            if asked.models.clients:
                break
            await asyncio.sleep(0)
        assert asked.models.clients
        attempt.cancel()
        with pytest.raises(ApplicationError) as caught:
            await attempt
        failure = failure_in(caught.value)
        assert (failure.fault, failure.cost) == (Fault.CANCELLED, Cost.NONE)
        assert asked.server.entries == []


@pytest.mark.parametrize("profile", ["keyed", "streaming"])
async def test_a_missing_key_sends_nothing(tmp_path: Path, profile: str) -> None:
    async with provider(profile, folder=tmp_path, env={}) as asked:
        failure = await asked.failure()
        assert (failure.fault, failure.cost) == (Fault.UNAUTHORISED, Cost.NONE)
        assert "SCRIPTED_KEY" in failure.reason
        assert asked.server.entries == []


async def test_a_profile_that_the_worker_does_not_know_sends_nothing(tmp_path: Path) -> None:
    async with provider("gone", folder=tmp_path) as asked:
        failure = await asked.failure()
        assert (failure.fault, failure.cost) == (Fault.REJECTED, Cost.NONE)
        assert "plain, keyed, streaming" in failure.reason


async def test_a_loopback_profile_needs_no_key(tmp_path: Path) -> None:
    async with provider("plain", folder=tmp_path, env={}) as asked:
        assert (await asked.read()).reply.order_number == "QX-10017"


@pytest.mark.parametrize(
    ("headers", "wait"),
    [
        ([("Retry-After", "0")], 0.0),
        ([("Retry-After", "7")], 7.0),
        ([("Retry-After", "300")], 300.0),
        ([("Retry-After", "7"), ("Retry-After", "30")], 30.0),
        ([("Retry-After", "1"), ("retry-after-ms", "2500")], 2.5),
        ([("Retry-After", "1e309")], None),
        ([("Retry-After", "nan")], None),
        ([("Retry-After", "-1")], None),
        ([("Retry-After", "Sun, 06 Nov 1994 08:49:37 GMT")], 0.0),
        ([], None),
    ],
)
@pytest.mark.parametrize("code", [429, 500, 503])
async def test_a_wait_that_is_asked_for_reaches_the_workflow(
    tmp_path: Path, code: int, headers: list[tuple[str, str]], wait: float | None
) -> None:
    async with provider(folder=tmp_path) as asked:
        failure = await asked.failure(faults.status(code, headers=headers))
        assert failure.retry_after_s == wait
