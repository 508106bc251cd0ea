"""Any Python may be called: a checkout that has its .venv uses it, one that has none says what makes it."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.commands.terminal import ROOT

BARE = [sys.executable, "-S"]
"""A Python without packages."""


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """What a Python without packages reads of the checkout."""
    shutil.copy(ROOT / "starter.py", tmp_path)
    shutil.copytree(ROOT / "commands", tmp_path / "commands")
    return tmp_path


def called(checkout: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [*BARE, str(checkout / "starter.py"), *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=30)


def with_venv(checkout: Path, script: str) -> None:
    python = checkout / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text(f"#!/bin/sh\n{script}\n")
    python.chmod(0o755)


def test_the_checkouts_own_python_goes_on(checkout: Path) -> None:
    """In the same process, with the same arguments; its exit status is the command's."""
    with_venv(checkout, 'for each in "$@"; do echo "$each"; done; exit 7')
    done = called(checkout, "run", "two words", "")
    assert done.stdout.split("\n") == [str(checkout / "starter.py"), "run", "two words", "", ""]
    assert done.returncode == 7


def test_a_signal_reaches_it(checkout: Path) -> None:
    """Who kills the command kills what goes on in its place."""
    with_venv(checkout, "kill -TERM $$; sleep 20")
    assert called(checkout, "list").returncode == -15


def test_without_one_a_line_says_what_makes_it(checkout: Path) -> None:
    done = called(checkout, "list")
    assert (done.returncode, done.stdout) == (1, "")
    (line,) = done.stderr.splitlines()
    assert line.startswith("starter: the packages that it needs are not installed; `make environment` in ")


def test_one_that_lacks_packages_as_well_is_tried_once(checkout: Path) -> None:
    with_venv(checkout, f'exec {" ".join(BARE)} "$@"')
    done = called(checkout, "list")
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
