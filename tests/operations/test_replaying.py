"""Many runs at once are told as one after the other."""

import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from embedded.stack import CHECKOUT
from operations.replaying import CHUNK, Recorded, replayed
from tests.operations.recorded import HISTORIES
from workflows.resolve_ticket import ResolveTicket

TELLS_THREADS = """
import threading
from operations.replaying import only_thread

print(only_thread())
over = threading.Event()
threading.Thread(target=over.wait).start()
print(only_thread())
over.set()
"""


async def test_runs_come_in_their_order_whichever_process_replays_them(tmp_path: Path) -> None:
    """More than another process takes before it is ready, so this one replays too."""
    number = 5 * CHUNK + 1
    there = {0: HISTORIES[0], 3 * CHUNK: HISTORIES[1], number - 1: HISTORIES[2]}

    async def runs() -> AsyncIterator[Recorded]:
        for each in range(number):
            yield Recorded(str(each), there.get(each, tmp_path / "missing.json"))

    done = [each async for each in replayed(runs(), [ResolveTicket], 2)]
    assert [each.label for each in done] == [str(each) for each in range(number)]
    assert [int(each.label) for each in done if each.verification.holds] == list(there)


@pytest.mark.skipif(sys.platform != "linux", reason="threads of every language are told on Linux only")
def test_a_command_forks_before_it_has_a_thread_and_spawns_after() -> None:
    """A fork takes no other thread along: what one of them held stays held."""
    told = subprocess.run(
        [sys.executable, "-c", TELLS_THREADS], cwd=CHECKOUT, capture_output=True, text=True, check=True
    )
    assert told.stdout.split() == ["True", "False"]
