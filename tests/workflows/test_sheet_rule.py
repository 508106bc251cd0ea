"""Numbers are safe to change: an open run goes on with those of its sheet, whatever is deployed."""

import asyncio
import os
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from temporalio.client import WorkflowHandle, WorkflowHistory
from temporalio.service import RPCError

from connection import TASK_QUEUE
from contracts.receipts import AttemptEnd, Status
from contracts.resolutions import Path as Way
from contracts.resolutions import Resolution
from contracts.terms import Amount
from operations.attempt_accounts import json_of
from operations.histories import attributes_of
from tests.chaos.killing import worker
from tests.checkouts import Edit, copied, edit
from tests.fault_server import faults
from tests.fault_server.server import good
from tests.workflows.world import World, as_read, sample

Handle = WorkflowHandle[Any, Resolution]

ASKING = "05-wrong-lamp.eml"
MODEL = """
[routes.{profile}]
address = "{address}"
model = "{model}"
context_tokens = {context}
max_output_tokens = {output}
timeout = {timeout}
slots = {slots}
temperature = {temperature}
price = {{ input = "{price}", output = "{price}" }}
"""


@dataclass(frozen=True)
class Change:
    """Other numbers everywhere: in configuration, in the declared steps and in the workflow's plan."""

    configuration: dict[str, Any]
    code: tuple[Edit, ...]


def of_steps(policy: str, output: int, overhead: int) -> tuple[Edit, ...]:
    """Attempts and limits of the model tasks."""
    return (
        Edit(
            "contracts/tickets.py",
            "StepPolicy(attempt_timeout=timedelta(seconds=120), attempts=4, heartbeat=timedelta(seconds=3))",
            f"StepPolicy({policy})",
        ),
        Edit(
            "contracts/tickets.py",
            "max_output_tokens=400,\n    overhead_bytes=6_000,",
            f"max_output_tokens={output},\n    overhead_bytes={overhead},",
        ),
    )


def of_the_plan(escrow: str, thresholds: str) -> tuple[Edit, ...]:
    """Thresholds and the way out."""
    return (
        Edit(
            "workflows/resolve_ticket.py",
            "escrow=Escrow(amount=Amount(steps=2), time=timedelta(minutes=6))",
            f"escrow=Escrow({escrow})",
        ),
        Edit(
            "workflows/resolve_ticket.py",
            '{"refund_days": Decimal(30), "approval_above_usd": Decimal(50), "approval_hours": Decimal(24)}',
            thresholds,
        ),
    )


CHANGES = {
    # Read anew, the draft would not fit under the cap, would have one attempt and no larger limit.
    "up": Change(
        {
            "model": "other",
            "context": 2_048,
            "output": 400,
            "timeout": 2,
            "slots": 1,
            "temperature": "1.0",
            "price": "1.50",
        },
        (
            *of_steps("attempt_timeout=timedelta(seconds=30), attempts=1", 300, 9_000),
            *of_the_plan(
                "amount=Amount(steps=5), time=timedelta(hours=30)",
                '{"refund_days": Decimal(1), "approval_above_usd": Decimal(0), "approval_hours": Decimal(1)}',
            ),
        ),
    ),
    # Read anew, the draft would cost nearly nothing, and the refund would have needed nobody's approval.
    "down": Change(
        {
            "model": "other",
            "context": 8_192,
            "output": 4_096,
            "timeout": 90,
            "slots": 9,
            "temperature": "0.5",
            "price": "0.000001",
        },
        (
            *of_steps("attempt_timeout=timedelta(seconds=600), attempts=9", 1_000, 5_000),
            *of_the_plan(
                "time=timedelta(minutes=1)",
                '{"refund_days": Decimal(900), "approval_above_usd": Decimal(9999),'
                ' "approval_hours": Decimal(90)}',
            ),
        ),
    ),
}


async def asking(world: World, **cap: Any) -> Handle:
    """A run that waits for its approval; one call of each kind will be lost, and one draft cut short."""
    world.provider.script(faults.body(b""), as_read(ASKING), task="read_ticket")
    cut = faults.choice("length", content='{"te')
    world.provider.script(faults.body(b""), cut, good, task="draft_reply")
    handle = await world.start(sample(ASKING), **cap)
    await world.waiting(handle)
    return handle


async def ended(world: World, handle: Handle) -> tuple[Status, WorkflowHistory]:
    """Approved, and to its own end."""
    await world.approve(handle)
    resolution = await world.ended(handle)
    assert (resolution.path, resolution.ending) == (Way.REFUNDED, None)
    status = await world.status(handle)
    assert status is not None
    return status, await handle.fetch_history()


def new_folder(folder: Path) -> Path:
    folder.mkdir()
    return folder


def exactly(status: Status) -> Amount:
    """The least cap under which a run does the same: everything booked, and the last hold in full."""
    *before, last = [line for line in status.attempts if line.hold.calls]
    booked = [line.actual if line.end is AttemptEnd.SETTLED else line.hold for line in before]
    return sum((each for each in booked if each is not None), start=last.hold)


def numbers(history: WorkflowHistory) -> list[Any]:
    """Everything that each attempt was scheduled with, but for what names the run."""
    return [
        (
            scheduled.activity_type.name,
            scheduled.start_to_close_timeout.ToTimedelta(),
            scheduled.heartbeat_timeout.ToTimedelta(),
            scheduled.retry_policy.maximum_attempts,
            without_names(json_of(scheduled.input.payloads)),
        )
        for event in history.events
        if event.HasField("activity_task_scheduled_event_attributes")
        for scheduled in [attributes_of(event)]
    ]


def without_names(arguments: list[Any]) -> list[Any]:
    request, call = arguments
    names = {"attempt_id", "key", "route"}
    return [request, {name: value for name, value in call.items() if name not in names}]


def booked(status: Status) -> list[Any]:
    return [(line.step, line.end, line.hold, line.actual, line.fault) for line in status.attempts]


async def first_hold(world: World) -> Amount:
    """Of a run that starts now."""
    handle = await world.start(sample(ASKING))
    for _ in range(200):
        status = await world.status(handle)
        if status is not None and status.attempts:
            with suppress(RPCError):  # it may have ended by itself
                await handle.terminate()
            return status.attempts[0].hold
        await asyncio.sleep(0.05)
    raise AssertionError("the run begins nothing")


async def undisturbed(temporal: str, folder: Path) -> tuple[Status, WorkflowHistory]:
    """The same ticket, with a world to itself in which nothing changes."""
    async with World.opened(temporal, folder) as world, world.working():
        return await ended(world, await asking(world))


@pytest.mark.parametrize("direction", CHANGES)
async def test_an_open_run_near_its_cap_keeps_the_numbers_of_its_sheet(
    untouched_temporal: str, tmp_path: Path, direction: str
) -> None:
    """It ends as if nothing had changed: the same holds, bills, limits, timeouts and attempts."""
    change, changed = CHANGES[direction], copied(tmp_path / "changed")
    edit(changed, change.code)
    expected, its_history = await undisturbed(untouched_temporal, new_folder(tmp_path / "undisturbed"))
    cap = exactly(expected)
    async with World.opened(untouched_temporal, tmp_path) as world:
        world.task_queue = TASK_QUEUE
        async with world.working():
            handle = await asking(world, usd=cap.usd, calls=cap.calls)
        where = {"profile": world.profile, "address": world.provider.address}
        world.settings.models.write_text(MODEL.format(**where, **change.configuration))
        async with worker(world, untouched_temporal, changed):
            status, history = await ended(world, handle)
            assert await first_hold(world) != expected.attempts[0].hold, "nothing has changed"
    assert booked(status) == booked(expected)
    assert numbers(history) == numbers(its_history)
    assert (status.cap.usd, status.escrow, status.balance) == (cap.usd, expected.escrow, expected.balance)
    assert verified(history, changed, tmp_path) == 0


def verified(history: WorkflowHistory, checkout: Path, folder: Path) -> int:
    """The exit code of proving a run again with a checkout's code."""
    file = folder / "history.json"
    file.write_text(history.to_json())
    command = [sys.executable, str(checkout / "starter.py"), "explain", str(file), "--verify"]
    environment = {**os.environ, "TENUTO_HOME": str(folder)}
    return subprocess.run(command, env=environment, capture_output=True, timeout=60).returncode
