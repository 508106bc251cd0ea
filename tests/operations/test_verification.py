"""A recorded run can be proven again, and one that was tampered with cannot."""

import re
from pathlib import Path

import pytest

from operations.histories import load
from operations.verification import verify
from tests.operations.recorded import HISTORIES, edits, recorded
from worker import WORKFLOWS


def test_there_is_a_corpus() -> None:
    """The tests below are about something."""
    assert len(HISTORIES) >= 14


@pytest.mark.parametrize("file", HISTORIES, ids=lambda file: file.stem)
async def test_a_recorded_run_is_proven_by_the_current_code(file: Path) -> None:
    """Every history of the corpus: replayed, its trail and every command compared."""
    verification = await verify(load(file), WORKFLOWS)
    assert verification.findings == []
    assert verification.links >= 2


@pytest.mark.timeout(600)
@pytest.mark.parametrize("file", HISTORIES, ids=lambda file: file.stem)
async def test_any_single_edit_is_refused_and_names_its_event(file: Path) -> None:
    """Each leaf of each input, result, failure, answer, timer, search attribute and trail entry in turn."""
    history = load(file)
    tried, unnamed = 0, []
    for what, event_id, edited in edits(history):
        tried += 1
        verification = await verify(edited, WORKFLOWS)
        named = [int(number) for f in verification.findings for number in re.findall(r"event (\d+)", f.event)]
        if event_id not in named:
            unnamed.append((event_id, what, verification.findings))
    assert unnamed == []
    assert tried > 80


async def test_an_open_run_is_proven_up_to_what_a_worker_has_decided() -> None:
    """Cut after each event: what is there so far agrees with itself."""
    history = recorded("refunded-after-approval")
    for length in range(4, len(history.events) + 1):
        cut = type(history)(history.workflow_id, history.events[:length])
        assert (await verify(cut, WORKFLOWS)).findings == [], f"cut after event {length}"
