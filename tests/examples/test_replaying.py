"""replay_in_ci: green when everything holds, red with the event that disagrees, never green for nothing."""

import json
import shutil
from pathlib import Path

import pytest

from tests.examples.shell import ROOT, Shell
from tests.operations.recorded import TICKETS

REFUNDED = ROOT / "tests" / "histories" / "refunded-at-once.json"


async def test_the_recorded_tickets_hold(nowhere: Shell, tmp_path: Path) -> None:
    """The example names one workflow."""
    for file in TICKETS:
        shutil.copy(file, tmp_path)
    done = await nowhere.run("replay_in_ci", tmp_path)
    assert done.code == 0, done.out
    assert done.out.splitlines()[-1] == f"{len(TICKETS)} of {len(TICKETS)} hold"


async def test_a_history_that_the_code_would_not_write_is_named_with_its_event(
    nowhere: Shell, tmp_path: Path
) -> None:
    """Here the deadline of one step is another; Temporal's own replay would not see it."""
    history = json.loads(REFUNDED.read_text())
    event = next(each for each in history["events"] if "activityTaskScheduledEventAttributes" in each)
    event["activityTaskScheduledEventAttributes"]["startToCloseTimeout"] = "77s"
    (tmp_path / "edited.json").write_text(json.dumps(history))
    shutil.copy(REFUNDED, tmp_path)
    done = await nowhere.run("replay_in_ci", tmp_path)
    assert done.code == 1
    edited, good, sum_line = done.out.splitlines()
    assert edited.startswith(f"edited.json: event {event['eventId']} (ActivityTaskScheduled): ")
    assert "start_to_close_timeout" in edited
    assert (good, sum_line) == ("refunded-at-once.json: holds", "1 of 2 hold")


@pytest.mark.parametrize("content", ["{}", "no JSON", '{"events": []}'])
async def test_a_file_that_is_no_history_is_red(nowhere: Shell, tmp_path: Path, content: str) -> None:
    (tmp_path / "broken.json").write_text(content)
    done = await nowhere.run("replay_in_ci", tmp_path)
    assert done.code == 1
    assert "broken.json: not an exported workflow history" in done.out


@pytest.mark.parametrize("folder", [".", "missing"])
async def test_nothing_to_verify_is_not_green(nowhere: Shell, tmp_path: Path, folder: str) -> None:
    done = await nowhere.run("replay_in_ci", tmp_path / folder)
    assert (done.code, done.out) == (2, "")
    assert "nothing is verified" in done.err
