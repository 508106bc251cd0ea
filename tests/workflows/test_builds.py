"""Two builds of the code side by side on a real server: each run ends on the build that it began with."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Set
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from temporalio.client import Client, WorkflowHandle

from connection import TASK_QUEUE
from contracts.resolutions import Resolution
from embedded.stack import CHECKOUT
from operations.builds import Build, build_of, builds_at
from operations.code_version import build_id
from operations.upkeep import SCHEDULE
from tests.checkouts import Edit, copied, edit
from tests.commands.terminal import on_pipes
from tests.workflows.world import World, as_read, sample

DEPLOYMENT = "builds-test"
WORKER_PATIENCE_S = 60.0
CHANGED = Edit(
    "workflows/resolve_ticket.py",
    'why="the customer is told what was decided"',
    'why="so says the other build"',
)
UPKEEP = "WorkflowType = 'close-leases'"
WHY_THEN, WHY_NOW = "the customer is told what was decided", "so says the other build"


@dataclass
class Process:
    """A worker of one checkout."""

    process: asyncio.subprocess.Process

    async def stop(self) -> None:
        """As an orchestrator does it."""
        with suppress(ProcessLookupError):
            self.process.send_signal(signal.SIGTERM)
        await asyncio.wait_for(self.process.wait(), 60)


@asynccontextmanager
async def worker(world: World, address: str, checkout: Path, *options: str) -> AsyncIterator[Process]:
    """worker.py of a checkout, ready; killed at the end if nobody did it before."""
    log = world.folder / f"worker-{checkout.name}.log"
    environment = {
        **os.environ,
        "TEMPORAL_ADDRESS": address,
        "TENUTO_HOME": str(world.folder),
        "TENUTO_MODELS": str(world.settings.models),
        "TENUTO_PAYMENTS_URL": world.payments.url,
        "TENUTO_DEPLOYMENT": DEPLOYMENT,
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    with log.open("ab") as lines:
        process = await asyncio.create_subprocess_exec(
            sys.executable, str(checkout / "worker.py"), *options, cwd=checkout, env=environment, stderr=lines
        )
    try:
        async with asyncio.timeout(WORKER_PATIENCE_S):
            while "working on" not in log.read_text():
                assert process.returncode is None, log.read_text()
                await asyncio.sleep(0.05)
        yield Process(process)
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()


@dataclass(frozen=True)
class Stage:
    """A server of its own, a world on it, and another state of the sources beside this one."""

    address: str
    world: World
    other: Path

    async def told(self, *arguments: str, code: int = 0) -> str:
        """What the command line of this checkout says, on both of its outputs."""
        changed = {"TEMPORAL_ADDRESS": self.address, "COLUMNS": "200"}
        with on_pipes(*arguments, home=self.world.folder, changed=changed) as command:
            assert await asyncio.to_thread(command.ended) == code, command.output + command.errors
        return command.output + command.errors

    async def waits_for_a_person(self) -> WorkflowHandle[Any, Resolution]:
        self.world.provider.script(as_read("05"), task="read_ticket")
        handle = await self.world.start(sample("05"))
        await self.world.waiting(handle)
        return handle


@pytest.fixture
async def stage(untouched_temporal: str, tmp_path: Path) -> AsyncIterator[Stage]:
    other = copied(tmp_path / "other")
    edit(other, [CHANGED])
    async with World.opened(untouched_temporal, tmp_path) as world:
        world.task_queue = TASK_QUEUE
        yield Stage(untouched_temporal, world, other)


async def reasons(handle: WorkflowHandle[Any, Any]) -> str:
    """Why its steps were made, as its history says."""
    history = await handle.fetch_history()
    return b" ".join(event.user_metadata.summary.data for event in history.events).decode()


async def made_by(handle: WorkflowHandle[Any, Any]) -> set[int]:
    """The processes that made its activities, on whatever queue."""
    history = await handle.fetch_history()
    started = (event.activity_task_started_event_attributes.identity for event in history.events)
    return {int(identity.partition("@")[0]) for identity in started if identity}


async def working(client: Client, build: Build, *, there: bool = True) -> None:
    """Return when the server knows, or has forgotten, the workers of a build."""
    for _ in range(600):
        if (build in (await builds_at(client, TASK_QUEUE)).working) is there:
            return
        await asyncio.sleep(0.2)
    raise AssertionError(f"workers of {build}: {not there}")


@pytest.mark.timeout(300)
async def test_a_run_ends_on_the_build_that_it_began_with(stage: Stage) -> None:
    """It waits for an approval while another build becomes the current one; a new run is that one's."""
    world, client = stage.world, stage.world.client
    mine, others = Build(DEPLOYMENT, build_id()), Build(DEPLOYMENT, build_id(stage.other))
    async with worker(world, stage.address, CHECKOUT) as first:
        assert "new runs wait for a worker without a build, and there is none" in await stage.told(
            "builds", code=4
        )
        assert mine.id in await stage.told("promote")
        old = await stage.waits_for_a_person()
        assert build_of(await old.describe()) == mine
        async with worker(world, stage.address, stage.other):
            said = await stage.told("promote", others.id[:6])
            assert said == f"new runs go to build {others}; open runs stay with the build that began them\n"
            rows = {row["build"]: row for row in json.loads(await stage.told("builds", "--json"))["builds"]}
            assert (rows[others.id]["current"], rows[others.id]["open_runs"]) == (True, 0)
            assert (rows[mine.id]["current"], rows[mine.id]["open_runs"]) == (False, 1)
            new = await world.start(sample("01"))
            await world.ended(new)
            assert build_of(await new.describe()) == others
            assert WHY_NOW in await reasons(new)
            await world.approve(old)
            await world.ended(old)
            assert WHY_THEN in await reasons(old)
            assert WHY_NOW not in await reasons(old)
            # Its model is asked on another queue, which both builds poll.
            assert await made_by(old) == {first.process.pid}
            # What schedules start is worked on too, by the current build.
            before = {each.id async for each in client.list_workflows(UPKEEP)}
            await client.get_schedule_handle(SCHEDULE).trigger()
            await upkeep_ends(client, others, before)
        await first.stop()


async def upkeep_ends(client: Client, build: Build, before: Set[str]) -> None:
    """One that began later than `before`: the schedule may have begun one by itself."""
    for _ in range(200):
        async for each in client.list_workflows(UPKEEP):
            if each.id not in before and each.close_time is not None:
                assert build_of(each) == build
                return
        await asyncio.sleep(0.1)
    raise AssertionError("the scheduled run has not ended")


@pytest.mark.timeout(300)
async def test_a_run_whose_build_has_no_worker_says_which_it_waits_for(stage: Stage) -> None:
    """It waits, whoever else works; each command names the build that is missing."""
    world, client = stage.world, stage.world.client
    mine, others = Build(DEPLOYMENT, build_id()), Build(DEPLOYMENT, build_id(stage.other))
    async with worker(world, stage.address, stage.other, "--current") as first:
        run = await stage.waits_for_a_person()
        await first.stop()
    async with worker(world, stage.address, CHECKOUT, "--current"):
        assert (await builds_at(client, TASK_QUEUE)).current == mine
        said = await stage.told("status", run.id)
        assert f"waits for build {others}, of which no worker answers" in said
        assert f"this checkout is build {mine.id}" in said
        assert json.loads(await stage.told("status", run.id, "--json"))["build"] == others.id
        await working(client, others, there=False)
        missing = f"1 open run waiting for build {others}, which has no worker"
        for command, code in (("list", 0), ("builds", 4), ("doctor", 0)):
            assert missing in await stage.told(command, code=code)
    async with worker(world, stage.address, stage.other):
        await world.approve(run)
        await world.ended(run)
        assert WHY_NOW in await reasons(run)


@pytest.mark.timeout(200)
async def test_workers_without_a_build_get_new_runs_again(stage: Stage) -> None:
    """After pinned versions were tried; the worker of a local stack sees to it itself."""
    world = stage.world
    async with worker(world, stage.address, CHECKOUT, "--current") as first:
        await first.stop()
    async with worker(world, stage.address, CHECKOUT, "--deployment", "", "--current"):
        run = await world.start(sample("01"))
        await world.ended(run)
        assert build_of(await run.describe()) is None
