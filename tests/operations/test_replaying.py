"""Many runs at once are told as one after the other."""

import subprocess
import sys
from collections.abc import AsyncIterator
from copy import deepcopy
from pathlib import Path

import pytest
from temporalio.client import WorkflowHistory

from embedded.stack import CHECKOUT
from operations.replaying import CHUNK, Recorded, replayed
from tests.operations.recorded import HISTORIES, recorded
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


@pytest.mark.parametrize("processes", [1, 2])
async def test_a_history_that_cannot_be_read_is_a_finding_beside_the_others(
    tmp_path: Path, processes: int
) -> None:
    """What its file holds passes for events, and is nothing that a run can have recorded."""
    whole = recorded("refunded-at-once")
    wrong = {
        "no-json": (b"nope", "it cannot be read: JSONDecodeError: Expecting value"),
        "no-text": (b'"\xff"', "it cannot be read: UnicodeDecodeError: "),
        "no-object": (b"[]", "it cannot be read: TypeError: list indices"),
        "no-fields": (b"{}", "it cannot be read: KeyError: 'activity_id'"),
    }
    for name, (data, _) in wrong.items():
        events = [deepcopy(event) for event in whole.events]
        events[4].marker_recorded_event_attributes.details["data"].payloads[0].data = data
        content = WorkflowHistory(whole.workflow_id, events).to_json()
        (tmp_path / f"{name}.json").write_text(content)

    async def runs() -> AsyncIterator[Recorded]:
        for name in wrong:
            yield Recorded(name, tmp_path / f"{name}.json")
            yield Recorded("right", HISTORIES[0])

    done = [each async for each in replayed(runs(), [ResolveTicket], processes)]
    assert [each.label for each in done] == [label for name in wrong for label in (name, "right")]
    assert all(each.verification.holds for each in done[1::2])
    for each, (_, told) in zip(done[::2], wrong.values(), strict=True):
        (finding,) = each.verification.findings
        assert (finding.event, finding.what.startswith(told)) == ("history", True), finding


@pytest.mark.skipif(sys.platform != "linux", reason="threads of every language are told on Linux only")
def test_a_command_forks_before_it_has_a_thread_and_spawns_after() -> None:
    """A fork takes no other thread along: what one of them held stays held."""
    told = subprocess.run(
        [sys.executable, "-c", TELLS_THREADS], cwd=CHECKOUT, capture_output=True, text=True, check=True
    )
    assert told.stdout.split() == ["True", "False"]
