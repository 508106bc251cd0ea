"""Ctrl-C, for real, at many moments: exit code 130, one line, and order."""

import asyncio
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.commands.stacks import alive, provided, without_leftovers
from tests.commands.terminal import ROOT, Command, on_pipes, on_terminal
from tests.workflows.world import World

REFUNDED = "tests/histories/refunded-at-once.json"
MAIL = "samples/tickets/01-broken-mugs.eml"


def one_line(command: Command) -> str:
    """The only line on standard error."""
    (line,) = command.errors.splitlines()
    assert line.startswith("starter: stopped")
    return line


def before_the_program(errors: str) -> bool:
    """Whether Python itself was interrupted, while it imports what a program begins with, and says so."""
    frames = re.findall(r'^  File "([^"]+)", line \d+, in (.+)$', errors, re.MULTILINE)
    ours = {where for file, where in frames if file.startswith(str(ROOT)) and "/.venv/" not in file}
    return any(file.startswith("<frozen importlib") for file, _ in frames) and ours <= {"<module>"}


@pytest.mark.parametrize("after_s", [0.2, 0.5, 0.9])
@pytest.mark.parametrize(
    "arguments",
    [
        ["replay", *["tests/histories"] * 12],
        ["explain", REFUNDED, "--verify"],
        ["run", "resolve-ticket", *[MAIL] * 50],
        ["doctor"],
    ],
    ids=lambda words: words[0],
)
def test_at_any_moment_it_is_one_line(after_s: float, arguments: list[str], tmp_path: Path) -> None:
    """While modules load, while it works, or when it has just ended: never a traceback of ours."""
    with on_pipes(*arguments, home=tmp_path) as command:
        time.sleep(after_s)
        command.interrupt()
        code = command.ended()
    if "Traceback" in command.errors:
        assert before_the_program(command.errors), command.errors
    elif code == 130:
        one_line(command)
    else:
        # It had ended before, or Python had not even begun to listen.
        assert code in {0, 1, 3, -signal.SIGINT}


@pytest.mark.parametrize("processes", ["1", "2"])
def test_while_histories_are_replayed(processes: str, tmp_path: Path) -> None:
    """The loop's own thread replays, so what comes of it comes when nobody waits for it any more."""
    arguments = ["replay", *["tests/histories"] * 12, "--parallel", processes]
    with on_terminal(*arguments, home=tmp_path) as command:
        command.until("replaying")
        command.interrupt()
        assert command.ended() == 130
    assert "Traceback" not in command.output
    assert "starter: stopped" in command.output


def test_while_a_silent_server_is_waited_for(tmp_path: Path) -> None:
    """Something listens and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = f"127.0.0.1:{listener.getsockname()[1]}"
        with on_pipes("list", home=tmp_path, changed={"TEMPORAL_ADDRESS": address}) as command:
            listener.settimeout(20)
            connection, _ = listener.accept()
            command.interrupt()
            assert command.ended(5) == 130
            connection.close()
    assert one_line(command) == "starter: stopped"


def test_before_anything_was_started_it_says_so(tmp_path: Path) -> None:
    """A server that never answers: the run was not even sent."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        changed = {"TEMPORAL_ADDRESS": f"127.0.0.1:{listener.getsockname()[1]}"}
        with on_pipes("run", "resolve-ticket", MAIL, home=tmp_path, changed=changed) as command:
            listener.settimeout(20)
            connection, _ = listener.accept()
            command.interrupt()
            assert command.ended(5) == 130
            connection.close()
    assert one_line(command) == "starter: stopped; nothing was started"


async def test_a_run_goes_on_without_its_command(temporal: str, tmp_path: Path) -> None:
    """And the line says how to see it again."""
    async with World.opened(temporal, tmp_path) as world:
        changed = {"TEMPORAL_ADDRESS": temporal}
        arguments = ["run", "resolve-ticket", MAIL, "--tenant", "interrupted"]
        with on_pipes(*arguments, home=tmp_path, changed=changed) as command:
            await asyncio.to_thread(command.until, "started resolve-ticket/interrupted/")
            await asyncio.sleep(1)
            command.interrupt()
            assert await asyncio.to_thread(command.ended) == 130
        name = command.errors.partition("started ")[2].split()[0]
        last = command.errors.splitlines()[-1]
        assert last == f"starter: stopped; the run goes on: python starter.py watch {name}"
        handle = world.client.get_workflow_handle(name)
        assert (await handle.describe()).close_time is None
        await handle.terminate()


def test_a_question_can_be_left(tmp_path: Path) -> None:
    """A demo that asks whether to spend money: nothing has been started, and nothing is."""
    changed = {"OPENAI_API_KEY": "sk-none", "TEMPORAL_ADDRESS": ""}
    with on_terminal("demo", "--provider", "openai-small", home=tmp_path, changed=changed) as command:
        command.until("go on? [y/N]")
        command.interrupt()
        assert command.ended() == 130
    assert "starter: stopped; nothing was started" in command.output
    assert alive(tmp_path) == []


@pytest.mark.parametrize("moment", ["UI at", "worker started", "reading", "killed the worker"])
def test_a_demo_ends_what_it_started(moment: str, tmp_path: Path) -> None:
    """While it starts servers, while runs wait for a model, while its worker is dead."""
    with (
        provided(tmp_path, latency=4) as changed,
        without_leftovers(tmp_path),
        on_pipes("demo", "--tickets", "2", home=tmp_path, changed=changed) as command,
    ):
        command.until(moment)
        command.interrupt()
        assert command.ended(60) == 130
        assert alive(tmp_path) == []
    assert one_line(command) == "starter: stopped; the servers that it started have ended"


def test_a_demo_that_keeps_its_servers_leaves_them_running(tmp_path: Path) -> None:
    """And says what ends them; that does."""
    with (
        provided(tmp_path, latency=4) as changed,
        without_leftovers(tmp_path),
    ):
        with on_pipes("demo", "--tickets", "1", "--keep", home=tmp_path, changed=changed) as command:
            command.until("reading")
            command.interrupt()
            assert command.ended(60) == 130
        assert alive(tmp_path) == ["worker", "payments", "temporal"]
        assert "`python starter.py down` ends it" in one_line(command)
        with on_pipes("down", home=tmp_path, changed=changed) as command:
            assert command.ended(60) == 0
        assert alive(tmp_path) == []


@pytest.mark.parametrize("moment", ["Temporal ", "payments ", "ready: "])
def test_a_stack_ends_in_order(moment: str, tmp_path: Path) -> None:
    """The worker first, then what it stands on."""
    with (
        provided(tmp_path) as changed,
        without_leftovers(tmp_path),
        on_pipes("dev", home=tmp_path, changed=changed) as command,
    ):
        command.until(moment)
        command.interrupt()
        assert command.ended(60) == 130
        assert alive(tmp_path) == []
    ended = [line.removeprefix("ended ") for line in command.output.splitlines() if "ended " in line]
    assert ended == [name for name in ("worker", "payments", "temporal") if name in ended]
    assert "temporal" in ended
    one_line(command)


def test_a_second_time_ends_at_once(tmp_path: Path) -> None:
    """The worker would finish an attempt of up to two minutes; nobody has to wait for it."""
    with (
        provided(tmp_path, "read_ticket=hang") as changed,
        without_leftovers(tmp_path),
        on_pipes("dev", home=tmp_path, changed=changed) as command,
    ):
        command.until("ready: ")
        started = subprocess.run(
            [sys.executable, "starter.py", "run", "resolve-ticket", MAIL, "--no-wait"],
            cwd=ROOT,
            env=command.environment,
            capture_output=True,
            text=True,
        )
        assert started.returncode == 0, started.stderr
        time.sleep(3)
        command.interrupt()
        command.until("the worker may finish what is under way")
        time.sleep(2)
        assert alive(tmp_path) == ["worker", "payments", "temporal"]
        command.interrupt()
        assert command.ended(20) == 130
        assert alive(tmp_path) == []
    one_line(command)
