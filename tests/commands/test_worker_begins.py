"""worker.py before it works: what keeps it from that, or interrupts it, is told in one line."""

import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from connection import NotConnected, ensure_search_attributes
from tests.commands.terminal import ROOT, environment


def worker(home: Path, **changed: str) -> "subprocess.Popen[str]":
    """In a process of its own, with Ctrl-C as a shell in the foreground gives it."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    return subprocess.Popen(
        [sys.executable, "worker.py"],
        cwd=ROOT,
        env=environment(home, changed),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def ended(process: "subprocess.Popen[str]") -> tuple[int, str]:
    """Its exit code, and the only line that it printed beside what its log had before."""
    try:
        _, errors = process.communicate(timeout=30)
    finally:
        process.kill()
    (line,) = [line for line in errors.splitlines() if " INFO alembic." not in line]
    return process.returncode, line


@pytest.fixture
def silence() -> Iterator[socket.socket]:
    """Something listens and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(20)
        yield listener


def address(listener: socket.socket) -> str:
    return f"127.0.0.1:{listener.getsockname()[1]}"


@pytest.mark.parametrize("after_s", [0.4, 0.8])
def test_interrupted_while_modules_load_it_says_so(
    after_s: float, silence: socket.socket, tmp_path: Path
) -> None:
    """Or, where that is done sooner, while it waits."""
    process = worker(tmp_path, TEMPORAL_ADDRESS=address(silence))
    time.sleep(after_s)
    process.send_signal(signal.SIGINT)
    assert ended(process) == (130, "worker: stopped")


def test_interrupted_while_it_waits_for_a_server_it_says_so(silence: socket.socket, tmp_path: Path) -> None:
    process = worker(tmp_path, TEMPORAL_ADDRESS=address(silence))
    with silence.accept()[0]:
        process.send_signal(signal.SIGINT)
        assert ended(process) == (130, "worker: stopped")


def test_interrupted_while_it_waits_for_its_database_it_says_so(
    silence: socket.socket, tmp_path: Path
) -> None:
    """Its tables are brought up to date in one transaction, which then has not been."""
    process = worker(tmp_path, TENUTO_DATABASE_URL=f"postgresql://nobody@{address(silence)}/none")
    with silence.accept()[0]:
        process.send_signal(signal.SIGINT)
        assert ended(process) == (130, "worker: stopped")


def test_a_namespace_that_is_not_there_is_a_line(temporal: str, tmp_path: Path) -> None:
    """In the server's words; nobody is sent to ask for search attributes."""
    code, said = ended(worker(tmp_path, TEMPORAL_ADDRESS=temporal, TEMPORAL_NAMESPACE="absent"))
    assert (code, said) == (1, "worker: the Temporal server refuses: Namespace absent is not found.")


class Saying:
    """A client whose server answers every question about search attributes with an error."""

    namespace = "theirs"

    def __init__(self, status: RPCStatusCode) -> None:
        self.operator_service = self
        self.status = status

    async def list_search_attributes(self, request: object) -> object:
        raise RPCError("not today", self.status, b"")


@pytest.mark.parametrize(
    ("status", "raised"),
    [
        (RPCStatusCode.PERMISSION_DENIED, NotConnected),
        (RPCStatusCode.UNIMPLEMENTED, NotConnected),
        (RPCStatusCode.NOT_FOUND, RPCError),
        (RPCStatusCode.UNAVAILABLE, RPCError),
        (RPCStatusCode.DEADLINE_EXCEEDED, RPCError),
    ],
)
async def test_an_operator_is_asked_for_attributes_only_where_this_client_may_not_add_them(
    status: RPCStatusCode, raised: type[Exception]
) -> None:
    client: Client = Saying(status)  # type: ignore[assignment]
    with pytest.raises(raised, match="not today"):
        await ensure_search_attributes(client)
