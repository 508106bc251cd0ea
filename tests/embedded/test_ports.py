"""Of several processes that look for the same port at once only one gets it."""

import socket
import subprocess
import sys

from embedded.ports import LOOPBACK, free_port
from tests.commands.terminal import ROOT

ASK = """
import sys
from embedded.ports import free_port
print(free_port(int(sys.argv[1])), flush=True)
input()
"""


def test_processes_that_ask_at_once_get_different_ports() -> None:
    """None of them listens yet; each holds its claim while it lives."""
    wanted = free_port()
    command = [sys.executable, "-c", ASK, str(wanted)]
    askers = [
        subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in range(4)
    ]
    outputs = [asker.stdout for asker in askers if asker.stdout is not None]
    got = [int(output.readline()) for output in outputs]
    for asker in askers:
        asker.communicate("\n", timeout=20)
    assert len(set(got)) == len(got)
    assert got.count(wanted) == 1


def test_a_process_gets_its_own_port_again() -> None:
    """A server that it starts anew is found where it was."""
    wanted = free_port()
    assert free_port(wanted) == wanted
    assert free_port(wanted) == wanted


def test_a_port_that_is_served_is_passed_over() -> None:
    """Also by the process that serves it."""
    with socket.socket() as listener:
        listener.bind((LOOPBACK, 0))
        listener.listen()
        assert free_port(listener.getsockname()[1]) != listener.getsockname()[1]
