"""`watch`: a run from outside, live, until it ends, whoever is alive meanwhile."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from temporalio.client import WorkflowHandle

from contracts.resolutions import Resolution
from embedded import temporal_server
from embedded.ports import free_port
from embedded.stack import stop_all
from embedded.temporal_server import ensure_temporal
from tests.commands.terminal import STYLE, Command, on_pipes, on_terminal, shown, widest
from tests.fault_server import faults
from tests.workflows.world import World, as_read, sample
from workflows.resolve_ticket import Stage

Handle = WorkflowHandle[Any, Resolution]


@asynccontextmanager
async def waiting_for_approval(temporal: str, folder: Path) -> AsyncIterator[tuple[World, Handle]]:
    """A world with a run that waits for a person, and a worker that can answer."""
    async with World.opened(temporal, folder) as world, world.working():
        world.provider.script(as_read("05"), task="read_ticket")
        handle = await world.start(sample("05"))
        await world.in_stage(handle, Stage.AWAITING_APPROVAL)
        yield world, handle


async def printed(command: Command, text: str) -> None:
    """In a thread: this event loop is the provider and the worker."""
    await asyncio.to_thread(command.until, text)


async def ended(command: Command) -> int:
    return await asyncio.to_thread(command.ended)


async def test_every_change_is_a_line_until_the_end(temporal: str, tmp_path: Path) -> None:
    """What it waits for, until when, and otherwise; then what came of it, and exit code 0."""
    async with waiting_for_approval(temporal, tmp_path) as (world, handle):
        changed = {"TEMPORAL_ADDRESS": temporal}
        with on_pipes("watch", handle.id, home=tmp_path, changed=changed) as command:
            await printed(command, "stage awaiting_approval")
            first = " ".join(command.output.splitlines()[:2])
            assert "read_ticket done" in first
            assert "waits for a person's approval of issue_refund until 20" in first
            assert "otherwise" in first
            assert f"answer with python starter.py approve {handle.id} --by NAME, or deny" in first
            assert " proven, " in first
            assert " free, " in first
            assert " tokens" in first
            await world.approve(handle)
            assert await ended(command) == 0
    assert "refunded" in command.output
    assert "draft_reply done" in command.output
    assert all(text.count("read_ticket done") == 1 for text in [command.output])
    assert "\x1b" not in command.output + command.errors


async def test_a_run_that_is_over_shows_its_end_at_once(temporal: str, tmp_path: Path) -> None:
    """Also for a program: the last object says what came of it."""
    async with World.opened(temporal, tmp_path) as world, world.working():
        handle = await world.start(sample("01"))
        await world.ended(handle)
        changed = {"TEMPORAL_ADDRESS": temporal}
        with on_pipes("watch", handle.id, "--json", home=tmp_path, changed=changed) as command:
            assert await ended(command) == 0
    seen, last = (json.loads(line) for line in command.output.splitlines())
    assert (seen["state"], seen["stage"], seen["source"]) == ("completed", "replying", "from the history")
    assert seen["status"]["balance"]["settled"]["tokens"] > 0
    assert last["ended"]["result"]["path"] == "refunded"


async def test_every_change_is_an_object_for_a_program(temporal: str, tmp_path: Path) -> None:
    """One a line, as it happens: what was seen before the answer was there before it."""
    async with waiting_for_approval(temporal, tmp_path) as (world, handle):
        changed = {"TEMPORAL_ADDRESS": temporal}
        with on_pipes("watch", handle.id, "--json", home=tmp_path, changed=changed) as command:
            await printed(command, "awaiting_approval")
            first = json.loads(command.output.splitlines()[0])
            await world.approve(handle)
            assert await ended(command) == 0
    assert (first["state"], first["source"]) == ("running", "told by a worker")
    (waiting,) = first["status"]["waiting"]
    assert waiting["until"]
    assert waiting["otherwise"]
    assert [json.loads(line) for line in command.output.splitlines()][-1]["ended"]["state"] == "completed"


async def test_without_a_worker_the_history_tells_and_says_so(temporal: str, tmp_path: Path) -> None:
    """Steps, money and the wait are all there; and the run that nobody has touched is not started."""
    async with World.opened(temporal, tmp_path) as world:
        async with world.working():
            world.provider.script(as_read("05"), task="read_ticket")
            handle = await world.start(sample("05"))
            await world.in_stage(handle, Stage.AWAITING_APPROVAL)
        untouched = await world.start(sample("01"))
        changed = {"TEMPORAL_ADDRESS": temporal}
        with on_pipes("watch", handle.id, untouched.id, home=tmp_path, changed=changed) as command:
            await printed(command, "from the history: no worker answers")
            await printed(command, "waits for a person's approval of issue_refund")
            await printed(command, "not started: no worker has completed a task of it")
            command.interrupt()
            assert await ended(command) == 130
        for each in (handle, untouched):
            await each.terminate()
    (line,) = command.errors.splitlines()
    assert line == f"starter: stopped; 2 runs go on: python starter.py watch {handle.id} {untouched.id}"


async def test_attempts_and_unknown_money_are_shown(temporal: str, tmp_path: Path) -> None:
    """A lost call is tried again, and its worst case stays booked as unknown."""
    async with World.opened(temporal, tmp_path) as world, world.working():
        world.provider.script(faults.reset(), *[faults.hang()] * 3, task="read_ticket")
        handle = await world.start(sample("01"))
        changed = {"TEMPORAL_ADDRESS": temporal}
        with on_pipes("watch", handle.id, home=tmp_path, changed=changed) as command:
            await printed(command, "read_ticket running (attempt ")
            await printed(command, " unknown, ")
            await printed(command, " held, ")
            await handle.terminate()
            assert await ended(command) == 1
    assert "terminated" in command.output


async def test_a_server_that_is_restarted_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stopped, and started again on the same address with its database: the watcher goes on to the end."""
    home = tmp_path / "server"
    # One that no other server of this machine takes meanwhile.
    monkeypatch.setattr(temporal_server, "PORT", free_port())
    server = ensure_temporal(home)
    try:
        async with World.opened(server.address, tmp_path) as world, world.working():
            world.provider.script(as_read("05"), task="read_ticket")
            handle = await world.start(sample("05"))
            await world.in_stage(handle, Stage.AWAITING_APPROVAL)
            changed = {"TEMPORAL_ADDRESS": server.address}
            with on_pipes("watch", handle.id, home=tmp_path, changed=changed) as command:
                await printed(command, "awaiting_approval")
                await asyncio.to_thread(stop_all, home)
                await printed(command, "the Temporal server is silent")
                assert (await asyncio.to_thread(ensure_temporal, home)).address == server.address
                await printed(command, "the Temporal server answers again")
                await world.approve(handle)
                assert await ended(command) == 0
    finally:
        await asyncio.to_thread(stop_all, home)
    assert command.errors == ""


@pytest.mark.parametrize("columns", [40, 60, 80, 120])
async def test_on_a_terminal_it_is_redrawn_within_its_width(
    columns: int, temporal: str, tmp_path: Path
) -> None:
    """In place: the first line is overwritten, not printed again below."""
    async with waiting_for_approval(temporal, tmp_path) as (_, handle):
        changed = {"TEMPORAL_ADDRESS": temporal}
        with on_terminal("watch", handle.id, home=tmp_path, columns=columns, changed=changed) as command:
            await printed(command, "otherwise")
            await asyncio.sleep(1.2)
            command.interrupt()
            assert await ended(command) == 130
        await handle.terminate()
    assert len(widest(command.output)) <= columns
    assert "\x1b[1A\x1b[2K" in command.output
    told = " ".join(" ".join(shown(command.output)).split())
    for words in ("free of a cap", "kept for the way out", "the run goes on"):
        assert words in told


async def test_a_terminal_without_colours_gets_none(temporal: str, tmp_path: Path) -> None:
    async with waiting_for_approval(temporal, tmp_path) as (_, handle):
        changed = {"TEMPORAL_ADDRESS": temporal, "NO_COLOR": "1"}
        with on_terminal("watch", handle.id, home=tmp_path, changed=changed) as command:
            await printed(command, "otherwise")
            command.interrupt()
            await ended(command)
        await handle.terminate()
    assert not STYLE.search(command.output)


async def test_several_runs_fit_a_small_terminal(temporal: str, tmp_path: Path) -> None:
    """When not even a few lines of each do, each gets one."""
    async with World.opened(temporal, tmp_path) as world:
        handles = [await world.start(sample("01")) for _ in range(8)]
        names = [handle.id for handle in handles]
        changed = {"TEMPORAL_ADDRESS": temporal}
        with on_terminal("watch", *names, home=tmp_path, columns=60, rows=12, changed=changed) as command:
            await printed(command, names[-1])
            await asyncio.sleep(1)
            command.interrupt()
            assert await ended(command) == 130
        for handle in handles:
            await handle.terminate()
    assert len(widest(command.output)) <= 60


async def test_a_run_that_is_not_there_is_wrong_input(temporal: str, tmp_path: Path) -> None:
    with on_pipes("watch", "nobody/1", home=tmp_path, changed={"TEMPORAL_ADDRESS": temporal}) as command:
        assert await ended(command) == 2
    assert command.errors == (
        "starter: no run 'nobody/1' on this server; `python starter.py list` shows what there is\n"
    )
