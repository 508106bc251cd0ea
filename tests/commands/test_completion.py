"""Completion in real shells: the script is sourced, a line is typed, and the shell answers."""

import asyncio
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from commands.completing import workflow_names
from tests.commands.terminal import ROOT, environment
from tests.commands.test_bad_input import starter
from tests.workflows.world import World, sample
from worker import WORKFLOWS

# As readline calls it: the line, the cursor, and what it is asked for.
BASH = """
source "$1"
COMP_LINE=$2 COMP_POINT=${#2} COMP_TYPE=9 COMPREPLY=()
read -ra COMP_WORDS <<<"$2"
registered=$(complete -p "${COMP_WORDS[0]##*/}")
function=${registered##*-F }
"${function%% *}" "${COMP_WORDS[0]}" || true
printf '%s\\n' "${COMPREPLY[@]}"
"""


@pytest.fixture(scope="module")
def scripts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the script of each shell."""
    folder = tmp_path_factory.mktemp("completion")
    for shell in ("bash", "zsh", "fish"):
        done = starter("completion", shell, home=folder)
        assert done.returncode == 0, done.stderr
        (folder / shell).write_text(done.stdout)
    return folder


def completed(scripts: Path, line: str, **changed: str) -> list[str]:
    """What bash offers for a line with the cursor at its end."""
    done = subprocess.run(
        ["bash", "--norc", "-c", BASH, "bash", str(scripts / "bash"), line],  # noqa: S607
        cwd=ROOT,
        env=environment(scripts, changed),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("python starter.py li", ["list"]),
        ("python3 starter.py expl", ["explain"]),
        (".venv/bin/python starter.py doc", ["doctor"]),
        ("starter.py comp", ["completion"]),
        ("python starter.py ne", ["new-key", "new"]),
        ("python starter.py completion ", ["bash", "zsh", "fish"]),
        ("python starter.py list --sta", ["--stage", "--state"]),
        ("python starter.py list --state t", ["terminated", "timed-out"]),
        ("python starter.py run ", sorted(each.plan.name for each in WORKFLOWS)),
        ("python starter.py run resolve-ticket models.t", ["models.toml"]),
        ("python starter.py certify ", sorted(each.plan.name for each in WORKFLOWS)),
        ("python starter.py certify resolve-ticket --adv", ["--adversarial"]),
        ("python starter.py run --profile ", ["local", "openai-small", "openai-compatible"]),
        ("python starter.py demo --provider openai-s", ["openai-small"]),
        ("python starter.py demo --profile openai-s", ["openai-small"]),
        ("python starter.py demo --pro", ["--profile"]),
        ("python starter.py explain READ", ["README.md"]),
        ("python starter.py policy next", ["next_attempt"]),
        ("python starter.py why-not README.md remedy say_t", ["say_too_late"]),
        ("python starter.py list --tenant ", []),
        ("python starter.py cost --by t", ["tenant", "task"]),
        ("python starter.py reconcile READ", ["README.md"]),
        ("python starter.py flips --threshold approval_a", ["approval_above_usd="]),
        ("python starter.py backtest READ", ["README.md"]),
        ("python starter.py backtest --ca", ["--calls"]),
        ("python starter.py prom", ["promote"]),
        ("python starter.py promote --n", ["--none"]),
        ("python starter.py map READ", ["README.md"]),
        ("python starter.py map --svg READ", ["README.md"]),
        ("python starter.py explain --ht", ["--html"]),
        ("python other.py li", []),
    ],
)
def test_a_line_is_completed(line: str, offered: list[str], scripts: Path) -> None:
    """Commands, options, choices, workflows, profiles, and files only where files are meant."""
    assert completed(scripts, line) == offered


def test_the_workflows_offered_are_those_of_the_worker() -> None:
    """They are taken from the names of modules; here they are compared."""
    assert workflow_names() == sorted(each.plan.name for each in WORKFLOWS)


def test_a_models_file_that_cannot_be_read_offers_nothing(scripts: Path) -> None:
    line = "python starter.py run --profile "
    assert completed(scripts, line, TENUTO_MODELS=str(scripts / "none.toml")) == []


async def test_recent_runs_are_offered_where_a_run_is_meant(
    temporal: str, scripts: Path, tmp_path: Path
) -> None:
    """By the server, when it answers in time; a silent one offers nothing and is not waited for."""
    async with World.opened(temporal, tmp_path) as world:
        handle = await world.start(sample("01"))
        for command in ("watch", "status", "approve", "explain"):
            line = f"python starter.py {command} {handle.id[:-1]}"
            for _ in range(50):  # visibility is a moment behind
                offered = await asyncio.to_thread(completed, scripts, line, TEMPORAL_ADDRESS=temporal)
                if offered:
                    break
            assert handle.id in offered
        await handle.terminate()
    assert completed(scripts, "python starter.py watch ") == []


@pytest.mark.skipif(shutil.which("fish") is None, reason="no fish here")
def test_fish_completes_and_leaves_other_programs_alone(scripts: Path) -> None:
    def offered(line: str) -> list[str]:
        told = subprocess.run(
            ["fish", "--no-config", "-c", f"source {scripts / 'fish'}; complete -C '{line}'"],  # noqa: S607
            cwd=ROOT,
            env=environment(scripts, {"HOME": str(scripts)}),
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
        return [each.partition("\t")[0] for each in told.stdout.splitlines()]

    assert offered("python starter.py li") == ["list"]
    assert offered("starter.py completion z") == ["zsh"]
    assert "samples/" in offered("python sampl")


@pytest.mark.skipif(shutil.which("zsh") is None, reason="no zsh here")
def test_zsh_can_read_its_script(scripts: Path) -> None:
    """And registers it for Python and for the script itself."""
    read = f"autoload -U compinit; compinit -u -D; source {scripts / 'zsh'}; print $_comps[python]"
    told = subprocess.run(
        ["zsh", "-f", "-c", read],  # noqa: S607
        env=environment(scripts, {}),
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert told.stdout.strip() == "__tenuto_zsh"
    assert told.stderr == ""


def test_completing_is_not_loaded_for_help() -> None:
    probe = "import sys, commands.beginning; print('argcomplete' in sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", probe], cwd=ROOT, capture_output=True, text=True)
    assert loaded.stdout.strip() == "False"
