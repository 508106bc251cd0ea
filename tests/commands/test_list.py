"""`list`: which runs there are, with filters, on a real server and on terminals of every width."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from tests.commands.terminal import STYLE, on_pipes, on_terminal, shown, widest
from tests.fault_server import faults
from tests.workflows.world import World, as_read, sample
from workflows.resolve_ticket import PLAN, Stage

TENANT = "list-tests"


class Runs:
    """Some runs of one tenant, each ended in its own way, oldest first."""

    def __init__(self, address: str, home: Path) -> None:
        self.address = address
        self.home = home
        self.ids: list[str] = []

    async def listed(self, *options: str) -> list[dict[str, Any]]:
        """As a program sees it."""
        output, _ = await self.printed("--json", *options)
        rows: list[dict[str, Any]] = json.loads(output)
        return rows

    async def printed(self, *options: str) -> tuple[str, str]:
        """Standard output and standard error."""
        changed = {"TEMPORAL_ADDRESS": self.address}
        with on_pipes("list", "--tenant", TENANT, *options, home=self.home, changed=changed) as command:
            assert await asyncio.to_thread(command.ended) == 0, command.errors
        return command.output, command.errors


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def runs(temporal: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Runs]:
    """Completed, terminated, failed for want of a profile, and one that waits for a person."""
    folder = tmp_path_factory.mktemp("runs")
    async with World.opened(temporal, folder) as world, world.working():
        made = Runs(temporal, folder)
        done = await world.start(sample("01"), tenant=TENANT)
        await world.ended(done)
        world.provider.script(faults.hang())
        ended = await world.start(sample("02"), tenant=TENANT)
        await world.in_stage(ended, Stage.READING)
        await ended.terminate()
        failed = await world.start(sample("03"), tenant=TENANT, profile="nobody")
        with pytest.raises(Exception, match="failed"):
            await failed.result()
        world.provider.script(as_read("05"), task="read_ticket")
        waits = await world.start(sample("05"), tenant=TENANT, deadline=PLAN.deadline + timedelta(hours=1))
        await world.in_stage(waits, Stage.AWAITING_APPROVAL)
        made.ids = [handle.id for handle in (done, ended, failed, waits)]
        for _ in range(100):  # visibility is a moment behind
            if [row["workflow_id"] for row in await made.listed("--waiting")]:
                break
            await asyncio.sleep(0.1)
        yield made
        await waits.terminate()


pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_the_newest_is_first_with_what_matters(runs: Runs) -> None:
    rows = await runs.listed()
    assert [row["workflow_id"] for row in rows] == runs.ids[::-1]
    assert [row["state"] for row in rows] == ["running", "failed", "terminated", "completed"]
    done = rows[-1]
    assert (done["stage"], done["tenant"]) == ("replying", TENANT)
    assert 0 < float(done["spent_usd"]) < 0.01
    assert done["took_s"] > 0


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (["--state", "completed"], [0]),
        (["--state", "terminated"], [1]),
        (["--state", "failed"], [2]),
        (["--state", "running"], [3]),
        (["--state", "timed-out"], []),
        (["--state", "cancelled"], []),
        (["--stage", "awaiting_approval"], [3]),
        (["--waiting"], [3]),
        (["--since", "2h"], [3, 2, 1, 0]),
        (["--since", "2h", "--state", "failed"], [2]),
        (["--limit", "2"], [3, 2]),
    ],
)
async def test_filters_narrow_it(options: list[str], expected: list[int], runs: Runs) -> None:
    found = [row["workflow_id"] for row in await runs.listed(*options)]
    assert found == [runs.ids[number] for number in expected]


async def test_more_than_shown_is_said(runs: Runs) -> None:
    """And how to see all; with everything shown nothing is said."""
    output, errors = await runs.printed("--limit", "3")
    assert len(output.splitlines()) == 4
    assert errors.startswith("3 of 4 runs; --limit 4 shows all")
    assert (await runs.printed())[1] == ""


async def test_nothing_found_is_a_clear_line(runs: Runs) -> None:
    assert await runs.printed("--state", "timed-out") == ("", "no run passes these filters\n")
    output, errors = await runs.printed("--stage", "nowhere")
    assert output == ""
    assert errors.startswith("no run passes these filters; no workflow has a stage 'nowhere': known are ")
    assert "awaiting_approval" in errors
    assert await runs.listed("--stage", "nowhere") == []


async def test_in_a_pipe_every_run_is_one_line(runs: Runs) -> None:
    """So that `grep` and `cut` find whole ids."""
    output, _ = await runs.printed()
    head, *lines = output.splitlines()
    assert head.split() == ["workflow", "id", "state", "stage", "tenant", "spent", "started", "took"]
    assert [line.split()[0] for line in lines] == runs.ids[::-1]
    assert not STYLE.search(output)


@pytest.mark.parametrize("columns", [40, 60, 80, 120])
async def test_every_terminal_shows_whole_words(columns: int, runs: Runs) -> None:
    """A table where it fits; else each run in lines of its own, and no id is broken by a column."""
    with on_terminal(
        "list",
        "--tenant",
        TENANT,
        home=runs.home,
        columns=columns,
        changed={"TEMPORAL_ADDRESS": runs.address},
    ) as command:
        assert await asyncio.to_thread(command.ended) == 0
    assert len(widest(command.output)) <= columns
    words = " ".join(shown(command.output)).split()
    for word in (*runs.ids, "awaiting_approval", "terminated"):
        assert word in words


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--since", "yesterday"], "--since 'yesterday' is no length of time"),
        (["--limit", "0"], "at least 1"),
        (["--stage", "a'b"], "holds a quote"),
    ],
)
async def test_a_wrong_filter_is_wrong_input(options: list[str], says: str, runs: Runs) -> None:
    with on_pipes("list", *options, home=runs.home, changed={"TEMPORAL_ADDRESS": runs.address}) as command:
        assert await asyncio.to_thread(command.ended) == 2
    assert says in command.errors
