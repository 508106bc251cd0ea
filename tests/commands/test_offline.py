"""What needs no server works without one, on exported histories."""

import json
import re
import subprocess
import sys
import time
import tomllib
from pathlib import Path

import pytest

from tests.commands.test_bad_input import ROOT, starter

HISTORIES = ROOT / "tests" / "histories"
REFUNDED = str(HISTORIES / "refunded-at-once.json")


def test_help_teaches_and_is_as_fast_as_its_imports(tmp_path: Path) -> None:
    """Nothing heavy is imported for it: no server's client, no model's client, no tables."""
    started = time.monotonic()
    done = starter("--help", home=tmp_path)
    took = time.monotonic() - started
    assert done.returncode == 0
    assert "exit codes:" in done.stdout
    assert "examples:" in done.stdout
    assert took < 2.0
    heavy = "{'temporalio', 'openai', 'rich', 'pydantic', 'asyncio', 'argcomplete'}"
    probe = "import sys, starter\ntry: starter.main(['--help'])\nexcept SystemExit: pass\n"
    probe += f"print(sorted(sys.modules.keys() & {heavy}))"
    loaded = subprocess.run(
        [sys.executable, "-c", probe], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert loaded.stdout.splitlines()[-1] == "[]"


@pytest.mark.parametrize(
    "command",
    [
        "demo",
        "dev",
        "down",
        "evaluate",
        "run",
        "status",
        "explain",
        "export",
        "list",
        "approve",
        "replay",
        "policy",
        "why-not",
        "map",
        "backtest",
        "flips",
        "new-key",
        "new",
    ],
)
def test_every_command_has_help(command: str, tmp_path: Path) -> None:
    assert starter(command, "--help", home=tmp_path).returncode == 0


def test_a_history_is_explained_and_verified_without_a_server(tmp_path: Path) -> None:
    done = starter("explain", REFUNDED, "--verify", home=tmp_path)
    assert done.returncode == 0, done.stdout
    assert "→   8. refund" in done.stdout
    assert "verified: " in done.stdout
    assert "\x1b" not in done.stdout


def test_a_story_as_json_can_be_read_by_a_program(tmp_path: Path) -> None:
    told = json.loads(starter("explain", REFUNDED, "--json", home=tmp_path).stdout)
    assert told["result"]["path"] == "refunded"
    assert {item["kind"] for item in told["items"]} >= {"stage", "attempt", "read", "decision"}


def test_a_status_is_recomputed_from_a_file(tmp_path: Path) -> None:
    done = starter("status", REFUNDED, home=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "completed (from the history)" in done.stdout
    assert "stage replying" in done.stdout


def test_an_edited_history_is_found(tmp_path: Path) -> None:
    """Exit code 4, and the event that disagrees."""
    edited = tmp_path / "edited.json"
    history = json.loads(Path(REFUNDED).read_text())
    timer = next(e for e in history["events"] if "activityTaskScheduledEventAttributes" in e)
    timer["activityTaskScheduledEventAttributes"]["startToCloseTimeout"] = "77s"
    edited.write_text(json.dumps(history))
    done = starter("replay", str(edited), REFUNDED, home=tmp_path)
    assert done.returncode == 4
    assert "1 of 2 hold" in done.stdout
    assert f"event {timer['eventId']}" in done.stdout
    assert starter("explain", str(edited), "--verify", home=tmp_path).returncode == 4


def test_an_export_of_a_file_is_the_same_history(tmp_path: Path) -> None:
    copy = tmp_path / "copy.json"
    assert starter("export", REFUNDED, "--output", str(copy), home=tmp_path).returncode == 0
    first, second = (starter("explain", name, home=tmp_path).stdout for name in (REFUNDED, str(copy)))
    assert first == second


def test_a_new_key_is_made_once(tmp_path: Path) -> None:
    done = starter("new-key", "alice", home=tmp_path)
    assert done.returncode == 0
    assert (tmp_path / "approvers" / "alice.pub").exists()
    again = starter("new-key", "alice", home=tmp_path)
    assert again.returncode == 2
    assert "exists" in again.stderr


def test_nothing_running_is_nothing_to_end(tmp_path: Path) -> None:
    assert starter("down", home=tmp_path).stdout == "nothing was running\n"


def test_the_version_names_the_release_and_the_state_of_the_code(tmp_path: Path) -> None:
    """As pyproject.toml has it."""
    done = starter("--version", home=tmp_path)
    assert done.returncode == 0, done.stderr
    release = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert re.fullmatch(
        rf"tenuto {re.escape(release)} \((commit|sources) [0-9a-f]{{12}}(, changed)?\)\n", done.stdout
    )
