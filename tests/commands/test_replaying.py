"""`replay`, `export` and `record`: what CI and a person are told, from files, with no server."""

import asyncio
import json
import os
import re
import shutil
import signal
import sys
from pathlib import Path

import pytest

from tests.commands.terminal import on_pipes, on_terminal
from tests.commands.test_bad_input import ROOT, starter
from tests.workflows.world import World, sample

HISTORIES = ROOT / "tests" / "histories"
REFUNDED = HISTORIES / "refunded-at-once.json"


@pytest.fixture
def differing(tmp_path: Path) -> Path:
    """A folder with a run as it is recorded, and one that waited for an approval an hour longer."""
    folder = tmp_path / "runs"
    folder.mkdir()
    shutil.copy(REFUNDED, folder)
    history = json.loads((HISTORIES / "refunded-after-approval.json").read_text())
    timer = [each for each in history["events"] if "timerStartedEventAttributes" in each][1]
    timer["timerStartedEventAttributes"]["startToFireTimeout"] = "90000s"
    (folder / "longer.json").write_text(json.dumps(history))
    return folder


def test_a_divergence_names_gate_event_line_and_remedy(differing: Path, tmp_path: Path) -> None:
    """What Temporal's own replay would pass: the length of a timer."""
    done = starter("replay", str(differing), home=tmp_path)
    assert done.returncode == 4
    said = " ".join(done.stdout.split())
    assert "resolve-ticket: longer.json" in said
    assert "Temporal's own replay passes this" in said
    assert re.search(r"event event \d+ \(TimerStarted\)", said)
    assert "recorded start_to_fire_timeout: 90000s" in said
    assert "the code 86400s" in said
    (line,) = re.findall(r"line workflows/resolve_ticket\.py:(\d+)", said)
    source = (ROOT / "workflows" / "resolve_ticket.py").read_text().splitlines()[int(line) - 1]
    assert "await self.case.approval(" in source
    assert "take its length from the sheet, use workflow.patched, or revert" in said
    assert said.endswith("1 of 2 hold")


def test_a_program_is_told_the_same_as_json_by_any_number_of_processes(
    differing: Path, tmp_path: Path
) -> None:
    """In the order of the files, with both gates for each."""
    one, two = (
        starter("replay", str(differing), "--json", "--parallel", number, home=tmp_path) for number in "12"
    )
    assert (one.returncode, one.stderr) == (two.returncode, two.stderr) == (4, "")
    assert one.stdout == two.stdout
    found = json.loads(one.stdout)
    assert [each["history"] for each in found["histories"]] == ["longer.json", "refunded-at-once.json"]
    longer, refunded = found["histories"]
    assert longer["gates"] == {"evidence": True, "commands": True, "content": False}
    assert longer["findings"][0]["source"].startswith("workflows/resolve_ticket.py:")
    assert (refunded["holds"], refunded["findings"], found["holds"]) == (True, [], False)


def test_coverage_names_what_no_recorded_run_reaches(tmp_path: Path) -> None:
    done = starter("replay", str(REFUNDED), "--coverage", home=tmp_path)
    assert done.returncode == 0, done.stderr
    assert re.search(r"resolve-ticket +stages +4 of 6 +awaiting_approval; handing_over", done.stdout)
    assert "refunding → handing_over" in done.stdout
    assert "1. no single order is known" in done.stdout


def test_a_terminal_sees_how_far_it_is(tmp_path: Path) -> None:
    with on_terminal("replay", str(REFUNDED), home=tmp_path) as command:
        assert command.ended() == 0
    assert "replaying" in command.output
    assert "1 of 1 hold" in command.output


@pytest.mark.skipif(sys.platform != "linux", reason="asks /proc for a command's children")
def test_a_killed_process_of_its_own_is_a_line(tmp_path: Path) -> None:
    """As the system kills one when memory runs out."""
    arguments = ["replay", *[str(HISTORIES)] * 12, "--parallel", "2"]
    with on_terminal(*arguments, home=tmp_path, columns=120) as command:
        command.until("replaying")
        number = command.process.pid
        (child,) = Path(f"/proc/{number}/task/{number}/children").read_text().split()
        os.kill(int(child), signal.SIGKILL)
        assert command.ended() == 1
    assert "starter: a process that replays was killed" in command.output
    assert "Traceback" not in command.output


def test_a_broken_file_is_a_finding_beside_the_others(differing: Path, tmp_path: Path) -> None:
    """One bad file of a hundred must not hide the other ninety-nine."""
    (differing / "broken.json").write_text("{}")
    done = starter("replay", str(differing), home=tmp_path)
    assert done.returncode == 4
    assert "not an exported workflow history" in done.stdout
    assert "1 of 3 hold" in done.stdout


def test_a_redacted_export_is_explained_and_proven_and_says_that_it_is_redacted(tmp_path: Path) -> None:
    bundle = tmp_path / "bundle.json"
    done = starter("export", str(REFUNDED), "--redact", "--output", str(bundle), home=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "its digests are made anew" in done.stderr
    text = bundle.read_text()
    assert "kafor" not in text
    assert "broken" not in text
    told = starter("explain", str(bundle), "--verify", home=tmp_path)
    assert told.returncode == 0, told.stdout
    assert told.stdout.startswith("redacted: ")
    assert "→   8. refund" in told.stdout
    assert starter("replay", str(bundle), home=tmp_path).returncode == 0
    as_json = json.loads(starter("explain", str(bundle), "--json", home=tmp_path).stdout)
    assert "placeholders" in as_json["redacted"]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["record", str(REFUNDED), "Refunded Again"], "'Refunded Again' is no name"),
        (["record", str(REFUNDED), "../refunded"], "'../refunded' is no name"),
        (
            ["record", str(REFUNDED), "refunded-at-once"],
            "tests/histories/refunded-at-once.json is there already, and nothing was recorded: take another "
            "name, or first `rm tests/histories/refunded-at-once.json`",
        ),
        (["replay", str(REFUNDED), "--parallel", "0"], "--parallel: at least 1 process"),
        (["replay", "no-such-folder"], "no-such-folder: no such file or folder"),
    ],
)
def test_what_cannot_be_done_is_one_line(arguments: list[str], says: str, tmp_path: Path) -> None:
    done = starter(*arguments, home=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert says in done.stderr


def test_a_run_is_recorded_under_a_name_with_what_it_is_kept_for(tmp_path: Path) -> None:
    """The file is replayed like any other, and holds nothing of the machine."""
    words = ["record", str(REFUNDED), "kept-by-a-test", "--because", "a test\nkept it"]
    done = starter(*words, "--into", str(tmp_path / "kept"), home=tmp_path)
    assert done.returncode == 0, done.stderr
    recorded = tmp_path / "kept" / "kept-by-a-test.json"
    assert done.stdout == f"recorded {recorded}: a test kept it\n"
    kept = json.loads(recorded.read_text())
    assert kept["description"] == "a test kept it"
    assert len(kept["events"]) == len(json.loads(REFUNDED.read_text())["events"])
    assert "identity" not in json.dumps(kept)
    assert starter("replay", str(recorded), home=tmp_path).returncode == 0


async def test_a_run_of_the_server_is_replayed_by_the_end_of_its_id(temporal: str, tmp_path: Path) -> None:
    """As every other command finds it; an end that no run has is said with what it could have been."""
    async with World.opened(temporal, tmp_path) as world, world.working():
        handle = await world.start(sample("01"))
        await world.ended(handle)
        for name in (handle.id, handle.id[2:]):
            with on_pipes("replay", name, home=tmp_path, changed={"TEMPORAL_ADDRESS": temporal}) as command:
                assert await asyncio.to_thread(command.ended) == 0, command.errors
            assert "1 of 1 hold" in command.output
        with on_pipes("replay", "no-such", home=tmp_path, changed={"TEMPORAL_ADDRESS": temporal}) as command:
            assert await asyncio.to_thread(command.ended) == 2
        assert (
            "no-such: no such file or folder, and no run: no run 'no-such' on this server" in command.errors
        )
