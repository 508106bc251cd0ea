"""A test run that is killed leaves no server behind."""

import subprocess
import sys
import time
from pathlib import Path

from embedded.stack import CHECKOUT, Launch, Service
from tests.leftovers import servers_ending_with_this_process

KILLED = """
import os, signal, sys
from pathlib import Path
from embedded.stack import Launch, Service
from tests.leftovers import servers_ending_with_this_process

folder = Path(sys.argv[1])
with servers_ending_with_this_process(folder):
    Service("sleeper", folder / "some" / "home", lambda: Launch(["sleep", "100"], {})).ensure()
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_server_ends_when_the_process_of_its_tests_is_killed(tmp_path: Path) -> None:
    killed = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path)], cwd=CHECKOUT)
    assert killed.returncode == -9
    left = Service("sleeper", tmp_path / "some" / "home")
    until = time.monotonic() + 20
    while left.running() and time.monotonic() < until:
        time.sleep(0.05)
    assert left.forgotten()


def test_a_block_that_ends_by_itself_stops_nothing(tmp_path: Path) -> None:
    """Whoever started a server in it ends it."""
    sleeper = Service("sleeper", tmp_path, lambda: Launch(["sleep", "100"], {}))
    with servers_ending_with_this_process(tmp_path):
        sleeper.ensure()
    assert sleeper.running()
    assert sleeper.stop()
