"""A recorded run can be proven again, and one that was tampered with cannot."""

import random
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from temporalio.api.history.v1 import HistoryEvent
from temporalio.client import WorkflowHistory

from contracts.receipts import Balance, TrailLink
from operations.histories import load
from operations.verification import check_trail, verify
from tests.operations.recorded import HISTORIES, edits, recorded
from worker import WORKFLOWS
from workflows.kernel.trail import Trail


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


@given(sent=st.lists(st.booleans(), max_size=6), order=st.randoms(use_true_random=False))
def test_whichever_commands_of_a_task_were_never_sent_the_trail_holds(
    sent: list[bool], order: random.Random
) -> None:
    """Each took a link, chained to the one before. Every entry is recorded once; no link may be left out."""
    trail, balance = Trail(), Balance()
    recorded, lost = list[TrailLink](), list[tuple[str, TrailLink, str]]()
    for number, each in enumerate(sent):
        trail.add({"stage": f"{number}"})
        before, link = trail.head, trail.link(balance)
        if each:
            recorded.append(link)
        else:
            lost.append((f"{number}.1", link, before))
    order.shuffle(lost)
    for attempt, link, before in lost:
        trail.take_back(attempt, link, before)
    recorded.append(trail.link(balance))
    assert holds(recorded)
    stages = [entry["stage"] for link in recorded for entry in link.entries if "stage" in entry]
    assert sorted(stages) == [f"{number}" for number, _ in enumerate(sent)]
    for link in recorded[:-1]:
        assert not holds([each for each in recorded if each is not link])


def holds(recorded: list[TrailLink]) -> bool:
    history = WorkflowHistory("a-run", [])
    return not list(check_trail(history, [(HistoryEvent(event_id=1), link) for link in recorded]))
