"""Whatever goes wrong, the command line says it in a clear line and ends with the right code."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MAIL = "samples/tickets/01-broken-mugs.eml"
# A port that nobody listens on.
NOBODY = "127.0.0.1:1"


def starter(*arguments: str, home: Path, **environment: str) -> "subprocess.CompletedProcess[str]":
    """The command line as a person runs it."""
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(("TENUTO_", "TEMPORAL_"))
    }
    return subprocess.run(
        [sys.executable, "starter.py", *arguments],
        cwd=ROOT,
        env={**kept, "TENUTO_HOME": str(home), "TEMPORAL_ADDRESS": NOBODY, **environment},
        capture_output=True,
        text=True,
        timeout=60,
    )


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["run", "resolve-ticket", "missing.eml"], 2, "missing.eml: no such file or folder"),
        (["run", "resolve-ticket", "{empty}"], 2, "no .eml file in this folder"),
        (["run", "resolve-ticket", "{broken}"], 2, "not a mail"),
        (["run", "resolve-ticket", MAIL, "--profile", "nope"], 2, "no profile 'nope'; known: "),
        (
            ["run", "resolve-ticket", MAIL, "--tokens", "100"],
            2,
            "the cap is below escrow plus the first hold",
        ),
        (["run", "resolve-ticket", MAIL, "--deadline", "soon"], 2, "write for example 30m, 2h or 2d"),
        (["run", "resolve-ticket", MAIL, "--deadline", "10s"], 2, "the deadline leaves no time"),
        (["run", "resolve-ticket", MAIL, "--usd", "much"], 2, "--usd 'much' is no amount"),
        (["run", "resolve-ticket", MAIL, "--usd=-1"], 2, "--usd"),
        (["run", "resolve-ticket", MAIL, "--tenant", "a/b"], 2, "--tenant 'a/b'"),
        (["run", "resolve-ticket", MAIL, MAIL, "--id", "x"], 2, "--id names one run, but there are 2 inputs"),
        (["run", "no-such-workflow", MAIL], 2, "known: resolve-ticket"),
        (["run", "resolve-ticket", MAIL], 3, "no Temporal server answers at 127.0.0.1:1"),
        (["status", "some-id"], 3, "no Temporal server answers"),
        (["status", "missing.json"], 2, "missing.json: no such file"),
        (["explain", MAIL], 2, "not an exported workflow history"),
        (["list"], 3, "no Temporal server answers"),
        (["approve", "some-id", "--by", "nobody"], 2, "`python starter.py new-key NAME` makes one"),
        (["approve", "some-id"], 2, "say whose with --by NAME"),
        (["cancel", "some-id"], 3, "no Temporal server answers"),
        (["new-key", "../evil"], 2, "not a name for an approver"),
        (["replay"], 2, "replay needs history files or folders, or --query"),
        (["replay", "{empty}"], 2, "no .json file in this folder"),
        (["demo", "--tickets", "0"], 2, "there are 1 to "),
        (["demo", "--provider", "nope"], 2, "no profile 'nope'; known: "),
    ],
)
def test_a_wrong_command_is_told_in_one_clear_line(
    arguments: list[str], code: int, says: str, tmp_path: Path
) -> None:
    """No traceback, nothing on standard output, and the exit code that `--help` promises."""
    (tmp_path / "empty").mkdir()
    (tmp_path / "broken.eml").write_bytes(b"\0\0\0 no mail")
    places = {"{empty}": str(tmp_path / "empty"), "{broken}": str(tmp_path / "broken.eml")}
    done = starter(*(places.get(each, each) for each in arguments), home=tmp_path / "home")
    assert done.returncode == code, done.stderr
    (line,) = done.stderr.splitlines()
    assert line.startswith("starter: ")
    assert says in line
    assert done.stdout == ""


def test_every_bad_input_is_named_before_anything_starts(tmp_path: Path) -> None:
    """One line for each, and the good one among them is not started either."""
    done = starter("run", "resolve-ticket", "one.eml", MAIL, "two.eml", home=tmp_path)
    assert done.returncode == 2
    assert [line.split(":")[1].strip() for line in done.stderr.splitlines()] == ["one.eml", "two.eml"]


def test_a_wrong_option_is_a_usage_error(tmp_path: Path) -> None:
    done = starter("run", "--no-such-option", home=tmp_path)
    assert done.returncode == 2
    assert "usage: " in done.stderr


def test_a_wrong_models_file_is_named_with_its_line(tmp_path: Path) -> None:
    models = tmp_path / "models.toml"
    models.write_text('[profiles.x]\naddress = "embedded"\nmodel = 7\n')
    done = starter("run", "resolve-ticket", MAIL, home=tmp_path, TENUTO_MODELS=str(models))
    assert done.returncode == 2
    assert "models.toml:" in done.stderr
