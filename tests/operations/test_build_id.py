"""A build's id says which code decides what runs do: the same wherever the same sources lie."""

import os
import py_compile
import subprocess
import sys
from pathlib import Path

import pytest

from operations.builds import BuildError, build_here
from operations.code_version import build_id
from tests.checkouts import CHECKOUT, Edit, copied, edit


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return copied(tmp_path_factory.mktemp("elsewhere") / "copy")


def test_a_copy_is_the_same_build_whenever_it_was_written_and_compiled(copy: Path) -> None:
    """Paths, times and compiled files make no difference."""
    for file in (copy / "workflows").rglob("*.py"):
        os.utime(file, (1, 1))
    py_compile.compile(str(copy / "workflows" / "resolve_ticket.py"))
    assert build_id(copy) == build_id(CHECKOUT)


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("workflows/resolve_ticket.py", '"the reply is written"', '"the customer waits"'),
        ("workflows/kernel/scheduling.py", "maximum_attempts=1", "maximum_attempts=2"),
        ("contracts/tickets.py", "attempts=4, heartbeat", "attempts=5, heartbeat"),
    ],
)
def test_what_decides_a_run_makes_another_build(copy: Path, file: str, old: str, new: str) -> None:
    before, text = build_id(copy), (copy / file).read_text()
    edit(copy, [Edit(file, old, new)])
    assert build_id(copy) != before
    (copy / file).write_text(text)
    assert build_id(copy) == before


def test_a_prompt_or_a_command_makes_no_other_build(copy: Path) -> None:
    """Results are recorded: any of them may change under an open run."""
    before = build_id(copy)
    for file in ("activities/prompts/draft_reply.py", "commands/looking.py", "worker.py"):
        with (copy / file).open("a") as lines:
            lines.write("# other\n")
    assert build_id(copy) == before


def test_the_worker_prints_the_build_of_its_own_checkout(copy: Path) -> None:
    """From whatever folder it is called; so an image can be tagged with it."""
    done = subprocess.run(
        [sys.executable, str(copy / "worker.py"), "--print-build"],
        cwd="/",
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert done.stdout == f"{build_id(copy)}\n"


@pytest.mark.parametrize("name", ["a.b", "a:b", "a b", "x" * 65])
def test_a_name_that_the_server_would_take_apart_is_refused(name: str) -> None:
    with pytest.raises(BuildError, match="is no name"):
        build_here(name)
