"""A bundle is a history in one file: the same to the last byte, with what is said about it."""

import json
import re
from pathlib import Path

import pytest

from operations.bundles import FORMAT, Bundle, read_bundle, written
from operations.code_version import code_version
from operations.histories import HistoryError, load
from operations.payload_text import decoded
from operations.recording import corpus_file
from tests.operations.recorded import HISTORIES, recorded
from worker import WORKFLOWS

MACHINE = ("stackTrace", "identity", "requestId")
# A folder in a folder, from the root on; ids and addresses have something before their first stroke.
ABSOLUTE = re.compile(r"(?<![\w./:<>-])/\w+/\w+")


@pytest.mark.parametrize("file", HISTORIES, ids=lambda file: file.stem)
def test_a_recorded_run_says_what_happened_and_names_no_machine(file: Path) -> None:
    """Small, with its payloads in plain words, and a line that a person can choose by."""
    text = file.read_text()
    bundle = read_bundle(file)
    assert len(bundle.description) > 10
    assert "\n" not in bundle.description
    assert bundle.code
    assert [each for each in MACHINE if each in text] == []
    assert ABSOLUTE.findall(text) == []
    assert len(text) < 70_000


def test_what_is_written_is_read_again_to_the_last_byte(tmp_path: Path) -> None:
    """Payloads are decoded only when the same bytes come of it."""
    history = recorded("refunded-in-spite-of-faults")
    path = tmp_path / "bundle.json"
    path.write_text(written(Bundle(history, "in spite of faults", {"sources": "0f"}, "")))
    assert [event.SerializeToString(deterministic=True) for event in load(path).events] == [
        event.SerializeToString(deterministic=True) for event in history.events
    ]
    content = json.loads(path.read_text())
    assert content["sheet"]["thresholds"]["refund_days"] == "30"
    assert read_bundle(path).description == "in spite of faults"


@pytest.mark.parametrize("data", ["eyJhIjogMX0=", "/w==", "MWU1", "Ilx1ZDgwMCI=", ""])
def test_a_payload_that_would_be_written_otherwise_stays_encoded(data: str) -> None:
    """Other spacing, no text, a float in other letters, half of a surrogate pair, nothing."""
    payload = {"metadata": {"encoding": "anNvbi9wbGFpbg=="}, "data": data}
    assert decoded(payload) == payload


def test_a_bundle_of_another_format_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "bundle.json"
    content = json.loads(written(Bundle(recorded("replied-too-late"))))
    path.write_text(json.dumps(content | {"bundle": FORMAT + 1}))
    with pytest.raises(HistoryError, match="a bundle of format 2; this code reads 1"):
        read_bundle(path)


async def test_only_a_run_that_has_ended_is_recorded() -> None:
    history = recorded("refunded-at-once")
    open_run = type(history)(history.workflow_id, history.events[:12])
    with pytest.raises(HistoryError, match="only a run that has ended is recorded"):
        await corpus_file(open_run, "open", WORKFLOWS)


def test_the_code_is_named_by_its_commit_or_else_by_its_sources(tmp_path: Path) -> None:
    """A folder with no git has a digest that any change of a workflow changes."""
    assert code_version().keys() in ({"commit", "dirty"}, {"sources"})
    module = tmp_path / "workflows" / "one.py"
    module.parent.mkdir()
    module.write_text("A = 1\n")
    before = code_version(tmp_path)
    module.write_text("A = 2\n")
    assert before.keys() == {"sources"}
    assert code_version(tmp_path) != before
