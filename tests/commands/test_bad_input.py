"""Whatever goes wrong, the command line says it in a clear line and ends with the right code."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from embedded.stack import Service

ROOT = Path(__file__).parents[2]
HISTORY = "tests/histories/refunded-at-once.json"
MAIL = "samples/tickets/01-broken-mugs.eml"
OTHER = "samples/tickets/05-wrong-lamp.eml"
# A port that nobody listens on.
NOBODY = "127.0.0.1:1"


def starter(*arguments: str, home: Path, **environment: str) -> "subprocess.CompletedProcess[str]":
    """The command line as a person runs it."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("TENUTO_", "TEMPORAL_", "COLUMNS"))
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
        (["run", "resolve-ticket", "{empty}"], 2, "no .eml, .txt, .jsonl or .mbox file and no Maildir"),
        (["run", "resolve-ticket", "{broken}"], 2, "not a mail"),
        (["run", "resolve-ticket", "{large}"], 2, "large.eml: larger than 10 MB"),
        (["run", "resolve-ticket", "\x1b[31m.eml"], 2, "�[31m.eml: no such file or folder"),
        (["run", "resolve-ticket", MAIL, "--profile", "nope"], 2, "no profile 'nope'; known: "),
        (
            ["run", "resolve-ticket", MAIL, "--tokens", "100"],
            2,
            "the cap is below escrow plus the first hold",
        ),
        (["run", "resolve-ticket", MAIL, "--deadline", "soon"], 2, "write for example 30m, 2h or 2d"),
        (["run", "resolve-ticket", MAIL, "--deadline", "10s"], 2, "the deadline leaves no time"),
        (["run", "resolve-ticket", MAIL, "--usd", "much"], 2, "--usd 'much' is no amount"),
        (["run", "resolve-ticket", MAIL, "--usd=-1"], 2, "--usd '-1' is no amount of US dollars, 0 or more"),
        (["run", "resolve-ticket", MAIL, "--usd", "nan"], 2, "--usd 'nan' is no amount"),
        (
            ["run", "resolve-ticket", MAIL, "--from", "bob"],
            2,
            "--from bob: that is no mail address; write for",
        ),
        (["run", "resolve-ticket", MAIL, "--tenant", "a/b"], 2, "--tenant 'a/b'"),
        (
            ["run", "resolve-ticket", MAIL, OTHER, "--id", "x"],
            2,
            "--id names one run, but there are 2 inputs",
        ),
        (["run", "no-such-workflow", MAIL], 2, "known: resolve-ticket"),
        (["run", "resolve-ticket", MAIL], 3, "no Temporal server answers at 127.0.0.1:1"),
        (["status", "some-id"], 3, "no Temporal server answers"),
        (["status", "missing.json"], 2, "missing.json: no such file"),
        (["explain", MAIL], 2, "not an exported workflow history"),
        (["list"], 3, "or set TEMPORAL_ADDRESS (Connection refused)"),
        (["approve", "some-id", "--by", "nobody"], 2, "`python starter.py new-key NAME` makes one"),
        (["approve", "some-id"], 2, "make one: python starter.py new-key NAME"),
        (["cancel", "some-id"], 3, "no Temporal server answers"),
        (["new-key", "../evil"], 2, "not a name for an approver"),
        (["replay"], 2, "replay needs history files, folders or ids, or --query"),
        (["replay", "{empty}"], 2, "no .json file in this folder"),
        (["backtest"], 2, "backtest needs history files, folders or ids, or --query"),
        (["backtest", HISTORY, "--threshold", "x=1"], 2, "--threshold x: no workflow has it; known: "),
        (["backtest", HISTORY, "--threshold", "refund_days"], 2, "write NAME=VALUE"),
        (["backtest", HISTORY, "--threshold", "refund_days=soon"], 2, "'soon' is no number"),
        (["backtest", HISTORY, "--price", "x=1,2"], 2, "--price x: no run has this route; they have"),
        (["backtest", HISTORY, "--price", "x=1"], 2, "write ROUTE=IN,OUT"),
        (["backtest", HISTORY, "--profile", "nope"], 2, "no profile 'nope'; known: "),
        (["backtest", HISTORY, "--html", "/nowhere/at/all.html"], 2, "cannot be written"),
        (["flips"], 3, "no Temporal server answers"),
        (["demo", "--tickets", "0"], 2, "there are 1 to "),
        (["demo", "--provider", "nope"], 2, "no profile 'nope'; known: "),
        (["evaluate", "--only", "nope"], 2, "--only 'nope': no such sample; shown, held-out, "),
        (["demo", "--profile", "nope"], 2, "no profile 'nope'; known: "),
        (["run", "resolve-ticket", MAIL, "--provider", "nope"], 2, "no profile 'nope'; known: "),
        (["backtest", HISTORY, "--provider", "nope"], 2, "no profile 'nope'; known: "),
        (["evaluate", "--provider", "nope"], 2, "no profile 'nope'; known: "),
    ],
)
def test_a_wrong_command_is_told_in_one_clear_line(
    arguments: list[str], code: int, says: str, tmp_path: Path
) -> None:
    """No traceback, nothing on standard output, and the exit code that `--help` promises."""
    (tmp_path / "empty").mkdir()
    (tmp_path / "broken.eml").write_bytes(b"\0\0\0 no mail")
    (tmp_path / "large.eml").write_bytes((ROOT / MAIL).read_bytes() + b"x" * 20_000_000)
    places = {
        "{empty}": str(tmp_path / "empty"),
        "{broken}": str(tmp_path / "broken.eml"),
        "{large}": str(tmp_path / "large.eml"),
    }
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


@pytest.mark.parametrize(
    ("environment", "code", "says"),
    [
        ({"TENUTO_MODELS": "{file}"}, 2, "file: not TOML"),
        ({"TENUTO_MODELS": "{folder}"}, 2, "folder: cannot be read: Is a directory"),
        ({"TENUTO_MODELS": "{missing}"}, 2, "missing: cannot be read: No such file or directory"),
        ({"TEMPORAL_ADDRESS": "a:b:c"}, 3, "no Temporal server answers at a:b:c"),
        (
            {"TEMPORAL_PROFILE": "nope"},
            3,
            "the TEMPORAL_* variables cannot be used: Profile 'nope' not found",
        ),
        ({"TEMPORAL_CONFIG_FILE": "{file}"}, 3, "the TEMPORAL_* variables cannot be used: "),
        ({"TEMPORAL_TLS_CLIENT_CERT_PATH": "{missing}"}, 3, "the TEMPORAL_* variables cannot be used: "),
    ],
)
def test_a_wrong_environment_is_told_in_one_clear_line(
    environment: dict[str, str], code: int, says: str, tmp_path: Path
) -> None:
    """Also when what is wrong shows only after the arguments were found to be right."""
    (tmp_path / "file").write_text("[neither a table nor a folder\n")
    (tmp_path / "folder").mkdir()
    filled = {
        name: value.format(**{each: tmp_path / each for each in ("file", "folder", "missing")})
        for name, value in environment.items()
    }
    done = starter("run", "resolve-ticket", MAIL, **{"home": tmp_path / "home", **home_in(filled)})
    assert done.returncode == code, done.stderr
    (line,) = done.stderr.splitlines()
    assert line.startswith("starter: ")
    assert says in line
    assert done.stdout == ""


@pytest.mark.parametrize("command", [["new-key", "alice"], ["dev"], ["demo"]], ids=" ".join)
@pytest.mark.parametrize("home", ["/proc/nowhere", "{file}"])
def test_a_home_that_cannot_be_written_is_told_by_whoever_has_to_write_there(
    command: list[str], home: str, tmp_path: Path
) -> None:
    """What only looks needs no home."""
    (tmp_path / "file").write_text("not a folder\n")
    done = starter(*command, home=Path(home.format(file=tmp_path / "file")))
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert "set TENUTO_HOME to a folder that can be written" in line


def home_in(environment: dict[str, str]) -> dict[str, Any]:
    """`starter` takes the home folder by itself."""
    home = environment.pop("TENUTO_HOME", None)
    return {**environment, **({"home": Path(home)} if home else {})}


def test_no_address_and_nothing_running_is_no_server(tmp_path: Path) -> None:
    """As on a fresh checkout; the default port is tried, where somebody else's server may listen."""
    done = starter("list", home=tmp_path, TEMPORAL_ADDRESS="")
    assert "Traceback" not in done.stderr
    assert done.returncode == 0 or "no Temporal server answers at localhost:7233" in done.stderr


@pytest.mark.parametrize("command", [["demo", "--tickets", "1"], ["dev"]])
@pytest.mark.parametrize("weights", ["wrong", "missing"])
def test_weights_of_another_hash_are_refused_and_nothing_is_left_running(
    command: list[str], weights: str, tmp_path: Path
) -> None:
    """What was started before they were needed is ended again."""
    (tmp_path / "wrong").write_bytes(b"GGUF, but not the model")
    done = starter(
        *command,
        home=tmp_path / "home",
        TENUTO_MODEL_PATH=str(tmp_path / weights),
        XDG_CACHE_HOME=str(tmp_path / "cache"),
    )
    assert done.returncode == 1, done.stderr
    (line,) = done.stderr.splitlines()
    says = "has SHA-256" if weights == "wrong" else "is no file; point TENUTO_MODEL_PATH at a GGUF file"
    assert line.startswith(f"starter: {tmp_path / weights} {says}")
    assert "ended payments" in done.stdout
    states = list((tmp_path / "home").glob("*.json"))
    assert not any(Service(state.stem, tmp_path / "home").running() for state in states)


@pytest.mark.parametrize("command", [["demo", "--tickets", "1"], ["dev"]])
def test_a_home_that_cannot_be_written_starts_nothing(command: list[str], tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    done = starter(*command, home=tmp_path / "file")
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert "set TENUTO_HOME to a folder that can be written" in line


def test_a_wrong_models_file_is_named_with_its_line(tmp_path: Path) -> None:
    models = tmp_path / "models.toml"
    models.write_text('[routes.x]\naddress = "embedded"\nmodel = 7\n')
    done = starter("run", "resolve-ticket", MAIL, home=tmp_path, TENUTO_MODELS=str(models))
    assert done.returncode == 2
    assert "models.toml:" in done.stderr
