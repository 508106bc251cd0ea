"""A program that ends by `process.run` tells what went wrong, and ends with the code that means it."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def program(body: str, folder: Path, line: str = '"$@"') -> "subprocess.CompletedProcess[str]":
    """A script of one's own, as a process."""
    script = folder / "mine.py"
    body = "".join(f"    {line}\n" for line in body.splitlines())
    script.write_text(f"from process import run\n\nasync def main():\n{body}\nrun(main())\n")
    return subprocess.run(
        ["/bin/bash", "-o", "pipefail", "-c", line, "bash", sys.executable, str(script)],
        cwd=ROOT,
        env={"PYTHONPATH": str(ROOT), "TEMPORAL_ADDRESS": "127.0.0.1:1", "TENUTO_HOME": str(folder)},
        capture_output=True,
        text=True,
        timeout=60,
    )


@pytest.mark.parametrize(("body", "code"), [("pass", 0), ("return 0", 0), ("return 7", 7)])
def test_the_code_that_it_returns_is_the_programs(body: str, code: int, tmp_path: Path) -> None:
    assert program(body, tmp_path).returncode == code


@pytest.mark.parametrize(
    ("body", "code", "says"),
    [
        ("from connection import connect\nawait connect()", 3, "mine: no Temporal server answers at "),
        ("from operations.inbox import InboxError\nraise InboxError('no mail')", 2, "mine: no mail"),
        ("raise BrokenPipeError('a pipe of its own')", 1, "mine: input or output: a pipe of its own"),
        ("open('missing')", 1, "mine: missing: No such file or directory"),
    ],
)
def test_what_is_understood_is_one_line(body: str, code: int, says: str, tmp_path: Path) -> None:
    """With the exit codes of the command line."""
    done = program(body, tmp_path)
    assert done.returncode == code
    (line,) = done.stderr.splitlines()
    assert line.startswith(says)


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ("1 / 0", "ZeroDivisionError"),
        ("import asyncio\nawait asyncio.wait_for(asyncio.sleep(9), 0.01)", "TimeoutError"),
    ],
)
def test_a_defect_keeps_its_traceback(body: str, error: str, tmp_path: Path) -> None:
    """So does a limit of the program's own that nobody has put into words."""
    done = program(body, tmp_path)
    assert done.returncode == 1
    assert done.stderr.startswith("Traceback")
    assert error in done.stderr


def test_a_reader_that_has_seen_enough_is_no_failure(tmp_path: Path) -> None:
    done = program("for number in range(100_000): print(number)", tmp_path, line='"$@" | head -n 1')
    assert (done.returncode, done.stdout, done.stderr) == (0, "0\n", "")
