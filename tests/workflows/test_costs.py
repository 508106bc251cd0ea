"""Real runs that lose calls: once the provider's bill is read, `cost` says exactly what it billed."""

import asyncio
import csv
import json
from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from activities.tenant_books import Budget
from contracts.values import plain
from tests.commands.terminal import on_pipes
from tests.fault_server import faults
from tests.workflows.test_leases import books, upkeep
from tests.workflows.world import World, as_read, sample


@pytest.fixture
async def shared(temporal: str, tmp_path: Path, database_url: str) -> AsyncIterator[World]:
    """A world with a worker, its ledger on each kind of database."""
    async with World.opened(temporal, tmp_path, database_url=database_url) as opened, opened.working():
        yield opened


async def said(world: World, *arguments: str, code: int = 0) -> Any:
    """By the command line, in a process of its own, with the database and nothing else."""
    changed = {"TENUTO_DATABASE_URL": world.settings.database_url}
    with on_pipes(*arguments, "--json", home=world.folder, changed=changed) as command:
        assert await asyncio.to_thread(command.ended) == code, command.errors
    return json.loads(command.output)


def exported(world: World) -> Path:
    """What the provider would bill, request by request, out of its own journal."""
    file = world.folder / "usage.csv"
    with file.open("w", newline="") as text:
        writer = csv.writer(text)
        writer.writerow(["attempt_id", "model", "input_tokens", "output_tokens"])
        for entry in world.provider.entries:
            writer.writerow([entry.request_id, entry.body["model"], entry.input_tokens, entry.output_tokens])
    return file


async def test_after_the_bill_is_read_cost_says_what_was_billed(shared: World) -> None:
    """Connections reset before and in the middle of an answer, and half a body: some billed, some not."""
    losses = [faults.reset(), faults.reset_in_body(), faults.half_body()]
    for loss, name in zip(losses, ("01", "07", "09"), strict=True):
        shared.provider.script(loss, as_read(name), task="read_ticket")
        assert (await shared.resolve(sample(name))).ending is None
    before = (await said(shared, "cost"))["total"]
    assert before["unknown_attempts"] == len(losses)
    assert Decimal(before["proven_usd"]) < shared.spent()
    assert Decimal(before["proven_usd"]) + Decimal(before["unknown_usd"]) > shared.spent()

    file = str(exported(shared))
    dry = await said(shared, "reconcile", file, "--dry-run")
    assert (await said(shared, "cost"))["total"] == before
    outcome = await said(shared, "reconcile", file)
    assert outcome["proven"] == dry["proven"]
    assert (len(outcome["proven"]), outcome["findings"]) == (len(losses), [])
    assert len(outcome["proven"]) + outcome["proven_before"] == len(shared.provider.entries)

    after = await said(shared, "cost", "--by", "task")
    assert after["total"]["proven_usd"] == plain(shared.spent())
    assert (after["total"]["unknown_usd"], after["total"]["held_usd"]) == ("0", "0")
    assert after["total"]["attempts"] == len(shared.provider.entries)
    for row in after["rows"]:
        billed = [each for each in shared.provider.entries if each.task == row["task"]]
        assert row["proven_tokens"] == sum(each.input_tokens + each.output_tokens for each in billed)
    assert books(shared) == Budget(settled=shared.spent())
    again = await said(shared, "reconcile", file)
    assert (again["proven"], again["proven_before"]) == ([], len(shared.provider.entries))


async def test_a_terminated_run_is_priced_from_its_history(shared: World) -> None:
    """Its lease is closed by maintenance, which knows the sheet's price, too."""
    shared.provider.script(faults.hang(), task="read_ticket")
    handle = await shared.start(sample("01"))
    await shared.asked()
    await handle.terminate("a test")
    await upkeep(shared)
    assert books(shared).unknown > 0
    (entry,) = shared.provider.entries
    file = shared.folder / "usage.csv"
    file.write_text(f"attempt_id,model,input_tokens,output_tokens\n{entry.request_id},scripted,300,20\n")
    outcome = await said(shared, "reconcile", str(file))
    billed = (Decimal("0.15") * 300 + Decimal("0.60") * 20) / 1_000_000
    assert outcome["proven_usd"] == plain(billed)
    assert books(shared) == Budget(settled=billed)
