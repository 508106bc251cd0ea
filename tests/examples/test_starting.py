"""start_and_wait and start_many: what they print, what they join, and how they end."""

import asyncio
import json
import re
import signal
from pathlib import Path

import pytest
from temporalio.client import WorkflowExecutionStatus

from contracts.tickets import Ticket
from operations.inbox import read_tickets
from operations.starting import workflow_id_of
from operations.wording import dollars
from tests.examples.shell import Shell, mail
from tests.fault_server import faults
from tests.workflows.world import World, models_toml
from workflows.resolve_ticket import PLAN

# Each is read and answered, so two requests each.
QUICK = ("01", "02", "07", "09")


async def test_one_run_is_started_and_its_cost_is_the_providers_bill(shop: World, shell: Shell) -> None:
    """First what it may cost at most; then what it did."""
    done = await shell.run("start_and_wait", mail(shop.folder / "in", "01"))
    assert done.code == 0, done.err
    lines = dict(line.split(maxsplit=1) for line in done.out.splitlines())
    assert next(iter(lines)) == "at"
    assert lines["at"] == "most   $0.05, 120,000 tokens, 10 model calls, 10 steps, over after 2 days, 0:00:00"
    assert lines["started"].startswith("resolve-ticket/acme/")
    assert lines["path"] == "refunded"
    assert lines["refund"] == "$24.80"
    assert lines["proven"].startswith(f"{dollars(shop.spent())}, ")
    assert lines["unknown"] == "$0, 0 tokens"
    assert shop.refunds() == ["KM-20417"]


async def test_the_same_ticket_joins_the_run_and_pays_nothing_again(shop: World, shell: Shell) -> None:
    """Whether it still goes on or is over."""
    ticket = mail(shop.folder / "in", "01")
    first = await shell.run("start_and_wait", ticket)
    paid = shop.spent()
    again = await shell.run("start_and_wait", ticket)
    assert again.code == 0
    assert again.out == first.out.replace("started   ", "joined   ")
    assert shop.spent() == paid


async def test_a_lost_call_is_told_as_unknown(shop: World, shell: Shell) -> None:
    """It is neither free nor paid."""
    shop.provider.script(faults.reset())
    done = await shell.run("start_and_wait", mail(shop.folder / "in", "01"))
    assert done.code == 0, done.err
    (unknown,) = (line for line in done.out.splitlines() if line.startswith("unknown"))
    assert re.fullmatch(r"unknown   \$0\.00\d+, [\d,]+ tokens, 1 model call", unknown)


@pytest.mark.parametrize("example", ["start_and_wait", "start_many"])
async def test_a_run_that_failed_is_told_with_its_reason(
    closed_shop: World, shell: Shell, example: str
) -> None:
    """Exit status 1; here the worker does not know the profile."""
    closed_shop.settings.models.write_text(models_toml("other", closed_shop.provider.address))
    async with closed_shop.working():
        done = await shell.run(example, mail(closed_shop.folder / "in", "01"))
    assert done.code == 1
    assert "failed" in done.out
    assert "no_sheet: " in done.out
    assert "known: other" in done.out


@pytest.mark.parametrize("example", ["start_and_wait", "start_many"])
async def test_without_a_server_it_says_so_in_one_line(nowhere: Shell, tmp_path: Path, example: str) -> None:
    done = await nowhere.run(example, mail(tmp_path / "in", "01"))
    (line,) = done.err.splitlines()
    assert line.startswith(f"{example}: no Temporal server answers at 127.0.0.1:1; start one with ")
    assert (done.code, done.out) == (3, "")


@pytest.mark.parametrize("example", ["start_and_wait", "start_many"])
async def test_an_input_that_is_not_there_is_named(nowhere: Shell, example: str) -> None:
    done = await nowhere.run(example, "missing.eml")
    assert (done.code, done.err) == (2, f"{example}: missing.eml: no such file or folder\n")


async def test_many_are_started_with_a_line_for_each_and_the_sums(shop: World, shell: Shell) -> None:
    """From a folder, and never more at once than it was told."""
    folder = shop.folder / "in"
    for name in QUICK:
        mail(folder, name)
    shop.provider.latency_s = 0.2
    running = asyncio.create_task(shell.run("start_many", folder, "--at-once", 2))
    most = 0
    while not running.done():
        most = max(most, sum(not entry.settled_at for entry in shop.provider.entries))
        await asyncio.sleep(0.01)
    done = await running
    assert most == 2
    assert done.code == 0, done.err
    *runs, count, proven, unknown = done.out.splitlines()
    assert sorted(line.split("  ")[1] for line in runs) == [
        "refunded",
        "refunded",
        "replied_already_refunded",
        "replied_too_late",
    ]
    assert count == "4 runs, 0 failed"
    assert proven.startswith(f"proven    {dollars(shop.spent())}, ")
    assert unknown == "unknown   $0, 0 tokens"


async def test_json_lines_are_started_too(shop: World, shell: Shell) -> None:
    (ticket,) = read([mail(shop.folder / "in", "01")])
    lines = shop.folder / "tickets.jsonl"
    lines.write_text(json.dumps(ticket.model_dump(mode="json")) + "\n")
    done = await shell.run("start_many", lines)
    assert done.code == 0, done.err
    assert "1 runs, 0 failed" in done.out


async def test_ctrl_c_leaves_the_runs_going_and_the_same_command_joins_them(
    shop: World, shell: Shell
) -> None:
    """Nothing is asked of the model twice, and nothing is refunded twice."""
    folder = shop.folder / "in"
    tickets = read([mail(folder, name) for name in QUICK])
    shop.provider.latency_s = 0.5
    begun = await shell.begin("start_many", folder)
    await asked(shop, len(QUICK))
    begun.send_signal(signal.SIGINT)
    stopped = await shell.end(begun)
    assert stopped.code == 130
    assert stopped.err == "stopped; what was started goes on, and the same command joins it\n"
    ids = [workflow_id_of(PLAN, "acme", ticket) for ticket in tickets]
    described = [await shop.client.get_workflow_handle(each).describe() for each in ids]
    assert {each.status for each in described} <= {
        WorkflowExecutionStatus.RUNNING,
        WorkflowExecutionStatus.COMPLETED,
    }
    done = await shell.run("start_many", folder)
    assert done.code == 0, done.err
    assert {line.split("  ")[0] for line in done.out.splitlines()} >= set(ids)
    assert len(shop.provider.entries) == 2 * len(QUICK)
    assert sorted(shop.refunds()) == ["KM-20417", "KM-20552"]


async def test_a_killed_script_is_started_again_and_joins(shop: World, shell: Shell) -> None:
    """It keeps no record of its own: ids are derived from the tickets."""
    folder = shop.folder / "in"
    for name in QUICK:
        mail(folder, name)
    shop.provider.latency_s = 0.3
    begun = await shell.begin("start_many", folder, "--at-once", 2)
    await asked(shop, 1)
    begun.kill()
    await shell.end(begun)
    done = await shell.run("start_many", folder, "--at-once", 2)
    assert done.code == 0, done.err
    assert "4 runs, 0 failed" in done.out
    assert len(shop.provider.entries) == 2 * len(QUICK)


async def asked(shop: World, times: int) -> None:
    """Return when the provider has that many requests."""
    for _ in range(1_000):
        if len(shop.provider.entries) >= times:
            return
        await asyncio.sleep(0.02)
    raise AssertionError(f"the provider was asked {len(shop.provider.entries)} times")


def read(files: list[Path]) -> list[Ticket]:
    with open("/dev/null", "rb") as nothing:
        return read_tickets([str(file) for file in files], nothing)
