"""What code in a converter cannot do, whatever a document makes it do."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from activities.documents import LIMITS
from tests.activities.document_world import children_of
from tests.made_documents import pdf_that_takes_for_ever

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="what the system refuses is told for Linux")

UNSHARE = shutil.which("unshare")
ROOT = Path(__file__).parents[2]
CONFINED = """
import ctypes, encodings.idna, os, socket, subprocess, sys
from conversion.confinement import confine
from conversion.limits import Limits
library = ctypes.CDLL(None, use_errno=True)
confine(Limits.read(sys.argv[1]), os.getppid())
{body}
"""


def confined(body: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run Python in a process that is confined as a converter is, but has kept a C library at hand."""
    code = CONFINED.format(body=body)
    command = [sys.executable, "-B", "-c", code, replace(LIMITS, cpu_s=2).written(), *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=30)


def may_make_namespaces() -> bool:
    """Alone, or with users of its own."""
    return UNSHARE is not None and any(
        subprocess.run([UNSHARE, *flags, "true"], stderr=subprocess.DEVNULL).returncode == 0
        for flags in (["-n"], ["-rn"])
    )


@pytest.mark.parametrize(
    "body",
    [
        "socket.create_connection(('127.0.0.1', 9))",
        "socket.getaddrinfo('provider.example', 443)",
        "subprocess.run(['true'])",
        "os.system('true')",
        "os.fork()",
        "os.execv('/bin/true', ['true'])",
        "open('/tmp/converted', 'w')",
        "open('/tmp/converted', 'ab')",
    ],
)
def test_python_code_reaches_no_network_no_process_and_no_file(body: str) -> None:
    done = confined(body)
    assert done.returncode == 1
    assert "PermissionError: a converter may not" in done.stderr


@pytest.mark.skipif(not may_make_namespaces(), reason="this user may make no namespace")
def test_a_library_in_c_reaches_no_network() -> None:
    """A real server listens, and is not reached, though nothing in Python was asked."""
    body = """
import struct
number = library.socket(2, 1, 0)
address = struct.pack("=HHI8s", 2, socket.htons(int(sys.argv[2])), 0x0100007F, b"")
print(library.connect(number, address, 16), os.strerror(ctypes.get_errno()))
"""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port)):
            done = confined(body, str(port))
    assert done.stdout.strip() == "-1 Network is unreachable", done.stderr


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become nobody")
def test_root_becomes_nobody_and_cannot_go_back() -> None:
    body = """
print(os.getresuid(), os.getresgid(), os.getgroups())
print(library.setuid(0), library.fork())
"""
    done = confined(body)
    assert done.stdout.splitlines() == ["(65534, 65534, 65534) (65534, 65534, 65534) []", "-1 -1"], (
        done.stderr
    )


def test_memory_is_refused_above_the_limit() -> None:
    done = confined("x = bytearray(600 * 1024 * 1024)")
    assert done.stderr.strip().endswith("MemoryError")


def test_an_endless_loop_ends_by_a_signal_that_tells() -> None:
    assert confined("while True: pass").returncode == -signal.SIGXCPU


def test_limits_cannot_be_raised_again() -> None:
    body = """
import resource
for kind in (resource.RLIMIT_AS, resource.RLIMIT_CPU, resource.RLIMIT_FSIZE):
    try:
        resource.setrlimit(kind, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    except ValueError as error:
        print(error)
"""
    done = confined(body)
    if os.geteuid() == 0:
        assert done.stdout.count("not allowed to raise maximum limit") == 3, done.stderr


def test_a_converter_dies_with_the_worker_that_started_it(tmp_path: Path) -> None:
    """Also when the worker is killed and can end nothing itself."""
    document = tmp_path / "endless.pdf"
    document.write_bytes(pdf_that_takes_for_ever())
    worker = """
import asyncio, sys
from activities.converter import read_pages
from activities.documents import LIMITS
from contracts.documents import MediaType

async def convert():
    with open(sys.argv[1], "rb") as content:
        async for page in read_pages(content, MediaType.PDF, LIMITS, 60):
            pass

asyncio.run(convert())
"""
    command = [sys.executable, "-B", "-c", worker, str(document)]
    with subprocess.Popen(command, cwd=ROOT) as started:
        child = wait_for_child(started.pid)
        started.kill()
    deadline = time.monotonic() + 5
    while alive(child) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not alive(child)


def wait_for_child(process: int) -> int:
    """When it has confined itself: it then has a soft limit of its own for memory."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        for child in children_of(process):
            limits = Path(f"/proc/{child}/limits").read_text()
            if f"{LIMITS.memory_bytes} " in limits:
                time.sleep(0.3)
                return child
        time.sleep(0.05)
    raise AssertionError("no converter was started")


def alive(process: int) -> bool:
    """A zombie that nobody has fetched is not."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
