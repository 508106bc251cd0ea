"""What a run asks a person is said with the command that answers; the end of an id is enough for it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from io import StringIO
from pathlib import Path

import pytest_asyncio
from rich.console import Console
from temporalio.service import RPCError

from commands.asking import Questions
from commands.watching import Board, Watched, watch
from tests.commands.terminal import CONTROL, on_pipes, on_terminal
from tests.fault_server import faults
from tests.workflows.world import World, as_read, models_toml, sample
from workflows.resolve_ticket import Stage

TENANT = "asking"


class Asked:
    """A world with a run that waits for a person."""

    def __init__(self, world: World, address: str, workflow_id: str, run_id: str) -> None:
        self.world = world
        self.changed = {"TEMPORAL_ADDRESS": address}
        self.id = workflow_id
        self.run_id = run_id

    async def says(self, *arguments: str, code: int = 0, typed: str | None = None) -> str:
        """What a command prints, in one line; on a terminal where something is typed."""
        home = self.world.folder
        opened = (
            on_pipes(*arguments, home=home, changed=self.changed)
            if typed is None
            else on_terminal(*arguments, home=home, columns=200, changed=self.changed, typed=typed)
        )
        with opened as command:
            assert await asyncio.to_thread(command.ended) == code, command.output + command.errors
        return " ".join(CONTROL.sub("", command.output + command.errors).split())


@pytest_asyncio.fixture
async def asked(temporal: str, tmp_path: Path) -> AsyncIterator[Asked]:
    async with World.opened(temporal, tmp_path) as world, world.working():
        world.provider.script(as_read("05"), task="read_ticket")
        handle = await world.start(sample("05"), tenant=TENANT)
        await world.in_stage(handle, Stage.AWAITING_APPROVAL)
        described = await handle.describe()
        for _ in range(100):  # visibility is a moment behind
            if [each async for each in world.client.list_workflows(f"WorkflowId = '{handle.id}'")]:
                break
            await asyncio.sleep(0.1)
        yield Asked(world, temporal, handle.id, described.run_id)
        with suppress(RPCError):  # it may have ended, or be about to
            await handle.terminate()


async def test_whoever_watches_is_told_once_how_to_answer(asked: Asked) -> None:
    """However often it is asked for, and whatever else happens."""
    out = StringIO()
    board = Board(Console(file=out, width=400))
    watched = Watched("05-wrong-lamp.eml", asked.id, asked.run_id)
    client = asked.world.client
    watching = asyncio.create_task(watch(client, [watched], board, details=Questions(board)))
    await asyncio.sleep(2)
    await asked.world.approve(client.get_workflow_handle(asked.id))
    await asyncio.wait_for(watching, 40)
    (line,) = [each for each in out.getvalue().splitlines() if "answer with" in each]
    assert line.startswith("05-wrong-lamp.eml waits for a person's approval of issue_refund until 20")
    assert line.endswith(f"; answer with python starter.py approve {asked.id} --by NAME, or deny")


async def test_the_end_of_an_id_is_enough(asked: Asked) -> None:
    """For looking at a run, for answering it and for ending it."""
    end = asked.id[5:]
    assert f"{asked.id}: running" in await asked.says("status", end)
    assert f"{asked.id} run {asked.run_id}" in await asked.says("explain", end)
    assert f"asked {asked.id} to end" in await asked.says("cancel", end)
    assert "handed_over (cancelled)" in await asked.says("watch", end)


async def test_an_end_that_several_ids_have_names_them(asked: Asked) -> None:
    other = await asked.world.start(sample("06"), tenant=TENANT)
    listed = [asked.id, other.id]
    common = "/twin-of-two"
    twins = [f"{each}{common}" for each in listed]
    for name in twins:
        await asked.world.client.start_workflow("nothing", id=name, task_queue="nobody")
    try:
        for _ in range(100):
            said = await asked.says("status", common, code=2)
            if "several" in said:
                break
        assert said == f"starter: {common!r} is the end of several ids: {', '.join(sorted(twins))}"
        assert "no run 'two' on this server" in await asked.says("status", "two", code=2)
    finally:
        for name in (*twins, other.id):
            await asked.world.client.get_workflow_handle(name).terminate()


async def test_at_a_terminal_an_answer_is_asked_for_first(asked: Asked) -> None:
    """What would be approved stands above the question; without a yes nothing is signed."""
    arguments = ["approve", asked.id, "--by", "ada"]
    said = await asked.says(*arguments, typed="n\n", code=1)
    assert "approve issue_refund of" in said
    assert "approve it? [y/N]" in said
    assert "not answered; the run goes on waiting" in said
    assert "accepted, as ada" in await asked.says(*arguments, typed="y\n")


async def test_without_a_key_the_command_that_makes_one_is_named(asked: Asked, tmp_path: Path) -> None:
    for key in (asked.world.folder / "approvers").iterdir():
        key.unlink()
    said = await asked.says("approve", asked.id, code=2)
    assert said.endswith("; make one: python starter.py new-key NAME")


async def test_an_attempt_that_nobody_has_taken_is_queued(temporal: str, tmp_path: Path) -> None:
    """The route has one slot, and its provider hangs: the second run is not at work."""
    async with World.opened(temporal, tmp_path) as world:
        catalogue = tmp_path / "models.toml"
        catalogue.write_text(models_toml(world.profile, world.provider.address, slots=1, timeout=60))
        world.provider.script(faults.hang(), faults.hang())
        async with world.working():
            first = await world.start(sample("01"))
            await world.asked()
            second = await world.start(sample("02"))
            await world.in_stage(second, Stage.READING)
            changed = {"TEMPORAL_ADDRESS": temporal}
            said = {}
            for each in (first, second):
                with on_pipes("status", each.id, home=tmp_path, changed=changed) as command:
                    assert await asyncio.to_thread(command.ended) == 0, command.errors
                said[each.id] = command.output
            for each in (first, second):
                await each.terminate()
    assert "running: read_ticket, because" in said[first.id]
    assert "  queued " in said[second.id]
    assert f": read_ticket (waits for a free slot of {world.profile})" in " ".join(said[second.id].split())
