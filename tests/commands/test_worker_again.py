"""`dev` outlives its worker: killed or failed it is started again, asked to end it ends the stack."""

import json
import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from commands.dev import STARTED_AGAIN
from embedded.stack import Service, stop_all
from operations.code_version import build_id
from tests.commands.stacks import alive, provided, without_leftovers
from tests.commands.terminal import Command, on_pipes


@contextmanager
def stack(home: Path) -> Iterator[Command]:
    """`dev`, ready."""
    with (
        provided(home) as changed,
        without_leftovers(home),
        on_pipes("dev", home=home, changed=changed) as command,
    ):
        command.until("ready: ", 90)
        yield command


def signalled(home: Path, number: signal.Signals) -> None:
    state = Service("worker", home).running()
    assert state is not None
    os.killpg(state.pid, number)


def test_a_killed_worker_is_started_again_some_times(tmp_path: Path) -> None:
    """Each time a line says what ended it; then the stack ends in order."""
    with stack(tmp_path) as command:
        for number in range(1, STARTED_AGAIN + 1):
            signalled(tmp_path, signal.SIGKILL)
            command.until(f"killed by signal 9; it is started again ({number} of {STARTED_AGAIN})")
            over = time.monotonic() + 90
            while command.output.count("the worker works again") < number:
                assert time.monotonic() < over
                time.sleep(0.1)
        signalled(tmp_path, signal.SIGKILL)
        assert command.ended(60) == 1
        assert "the worker was killed by signal 9 once more" in command.output
        assert command.errors.startswith("starter: the worker ended; its log is ")
        assert alive(tmp_path) == []


def test_a_worker_that_was_asked_to_end_ends_the_stack(tmp_path: Path) -> None:
    """By its process alone: no command of ours."""
    with stack(tmp_path) as command:
        signalled(tmp_path, signal.SIGTERM)
        assert command.ended(60) == 1
        assert "started again" not in command.output
        assert alive(tmp_path) == []


@pytest.mark.parametrize("other", ["down", "make stop"])
def test_a_stack_that_another_command_ended_says_so(other: str, tmp_path: Path) -> None:
    """It has not crashed: exit code 0, and nothing is started again."""
    with stack(tmp_path) as command:
        if other == "down":
            with on_pipes("down", home=tmp_path, changed={}) as second:
                assert second.ended(60) == 0
        else:
            stop_all(tmp_path)
        assert command.ended(60) == 0
        assert "ended from elsewhere: `python starter.py down` or `make stop`" in command.output
        assert "started again" not in command.output
        assert command.errors == ""
        assert alive(tmp_path) == []


def test_a_second_stack_names_all_that_runs(tmp_path: Path) -> None:
    with stack(tmp_path) as command, on_pipes("dev", home=tmp_path, changed={}) as second:
        assert second.ended(60) == 1
        assert second.errors == (
            "starter: a stack of this checkout runs already: worker, payments, temporal; "
            "`python starter.py down` ends it\n"
        )
        assert command.process.poll() is None


def test_a_stack_with_pinned_versions_works_at_once(tmp_path: Path) -> None:
    """Nobody has to promote the only build of a machine; its runs are pinned to it."""
    with provided(tmp_path) as given, without_leftovers(tmp_path):
        changed = {**given, "TENUTO_DEPLOYMENT": "one-machine"}
        with on_pipes("dev", home=tmp_path, changed=changed) as command:
            command.until("ready: ", 90)
            mail = "samples/tickets/01-broken-mugs.eml"
            with on_pipes("run", "resolve-ticket", mail, "--json", home=tmp_path, changed=given) as run:
                assert run.ended(90) == 0, run.errors
            with on_pipes("builds", "--json", home=tmp_path, changed=given) as builds:
                assert builds.ended() == 0, builds.errors
            (build,) = json.loads(builds.output)["builds"]
            assert (build["build"], build["current"], build["open_runs"]) == (build_id(), True, 0)
            with on_pipes("list", "--json", home=tmp_path, changed=given) as listed:
                assert listed.ended() == 0, listed.errors
            assert [each["build"] for each in json.loads(listed.output)] == [build_id()]
            command.interrupt()
            command.ended(60)
