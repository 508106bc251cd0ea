"""`parked` and `repair`: what a person sees of a failed step, and what it takes to mend it."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from temporalio.client import WorkflowHandle

from contracts.resolutions import Path as Way
from contracts.resolutions import Resolution
from operations.decision_rows import tables_of
from tests.commands.terminal import Command, on_pipes, on_terminal, shown
from tests.fault_server import faults
from tests.workflows.world import TRUTH, World, as_read, sample
from worker import WORKFLOWS

READING = {**TRUTH["01-broken-mugs.eml"]["reading"], "summary": "Broken mugs."}


@pytest.fixture
async def world(temporal: str, tmp_path: Path) -> AsyncIterator[World]:
    async with World.opened(temporal, tmp_path) as opened, opened.working():
        yield opened


@pytest.fixture
async def run(world: World) -> WorkflowHandle[Any, Resolution]:
    """One whose provider refused the key; it would take another one by now."""
    world.provider.script(faults.status(401), as_read("01"), task="read_ticket")
    handle = await world.start(sample("01"), park=timedelta(hours=4), tenant=world.profile)
    await world.waiting(handle, parked=True)
    return handle


async def called(world: World, temporal: str, *words: str, status: int = 0) -> Command:
    """The command on pipes, ended with that exit status."""
    changed = {"TEMPORAL_ADDRESS": temporal, "TENUTO_MODELS": str(world.settings.models)}
    with on_pipes(*words, home=world.folder, changed=changed) as command:
        assert await asyncio.to_thread(command.ended) == status, (command.output, command.errors)
    return command


async def test_parked_shows_the_cause_and_what_a_retry_can_cost(
    world: World, temporal: str, run: WorkflowHandle[Any, Resolution]
) -> None:
    """For a person and for a program; and says so when nothing is parked."""
    words = ("parked", "--tenant", world.profile)
    for _ in range(100):  # visibility is a moment behind
        told = json.loads((await called(world, temporal, *words, "--json")).output)
        if told:
            break
    assert [(each["workflow_id"], each["cause"]) for each in told] == [(run.id, "read_ticket unauthorised")]
    assert told[0]["waiting"]["parked"].startswith("1.1-")
    line = (await called(world, temporal, *words)).output.splitlines()[1]
    assert line.startswith(f"{run.id}  read_ticket unauthorised  1.1-")
    assert "$0.00" in line
    waiting = await called(world, temporal, "list", "--waiting", "--tenant", world.profile, "--json")
    assert [each["workflow_id"] for each in json.loads(waiting.output)] == [run.id]
    nothing = await called(world, temporal, "parked", "--tenant", "nobody")
    assert "no run waits for a repair" in nothing.errors


async def test_a_retry_is_agreed_to_before_it_is_sent(
    world: World, temporal: str, run: WorkflowHandle[Any, Resolution]
) -> None:
    """On a terminal by an answer; a script has to say it, and is told how."""
    unasked = await called(world, temporal, "repair", run.id, "--retry", status=2)
    assert "nobody is here to be asked: --at-most 0.00" in unasked.errors
    changed = {"TEMPORAL_ADDRESS": temporal, "TENUTO_MODELS": str(world.settings.models)}
    for answer, status in (("n", 1), ("y", 0)):
        words, typed = ("repair", run.id, "--retry"), f"{answer}\n"
        with on_terminal(*words, home=world.folder, typed=typed, changed=changed) as command:
            assert await asyncio.to_thread(command.ended) == status
    assert any("accepted: retry" in line for line in shown(command.output))
    assert (await world.ended(run)).path is Way.REFUNDED


async def test_an_output_comes_from_a_file(
    world: World, temporal: str, run: WorkflowHandle[Any, Resolution]
) -> None:
    """Refused with the reason when it is not of the reply's type."""
    reading = world.folder / "reading.json"
    for content, says in (("[1]", "not a JSON object"), ("{", "Expecting"), ("{}", "wish: Field required")):
        reading.write_text(content)
        refused = await called(
            world, temporal, "repair", run.id, "--supply", str(reading), status=1 if content == "{}" else 2
        )
        assert says in refused.errors
    reading.write_text(json.dumps(READING))
    end = f"{world.profile}/{run.id.rpartition('/')[2]}"  # the end of an id is enough
    sent = await called(world, temporal, "repair", end, "--supply", str(reading), "--by", "ada")
    assert "accepted: supply, by ada" in sent.output
    assert (await world.ended(run)).path is Way.REFUNDED
    story = await called(world, temporal, "explain", run.id, "--verify")
    assert "ada sent a repair: supply" in story.output
    assert "verified:" in story.output


async def test_what_cannot_be_repaired_is_said(
    world: World, temporal: str, run: WorkflowHandle[Any, Resolution]
) -> None:
    """Another attempt, an unknown profile, and a run that waits for nothing by now."""
    other = await called(world, temporal, "repair", run.id, "--abort", "--attempt", "9.9-x", status=1)
    assert "attempt 9.9-x waits for a repair" in other.errors
    gone = await called(world, temporal, "repair", run.id, "--retry", "--profile", "gone", status=2)
    assert "no profile 'gone'" in gone.errors
    await called(world, temporal, "repair", run.id, "--abort", "--because", "handled by phone")
    await world.ended(run)
    late = await called(world, temporal, "repair", run.id, "--abort", status=1)
    assert "nothing waits for a repair" in late.errors


async def test_every_table_is_printed_with_its_rows(world: World, temporal: str) -> None:
    """With no server; one that nobody knows is named."""
    every = json.loads((await called(world, temporal, "policy", "--json")).output)
    assert {table["table"] for table in every} >= {"remedy", "next_attempt", "otherwise"}
    one = (await called(world, temporal, "policy", "otherwise")).output
    assert "4. park: a person may repair it" in one
    unknown = await called(world, temporal, "policy", "nothing", status=2)
    assert f"no table 'nothing'; known: {', '.join(tables_of(WORKFLOWS))}" in unknown.errors
