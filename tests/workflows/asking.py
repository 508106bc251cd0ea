"""A run that asks a person, and what becomes of the answers that anybody sends to it."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from temporalio.api.common.v1 import Payload
from temporalio.api.enums.v1 import EventType
from temporalio.client import WorkflowHandle, WorkflowUpdateFailedError
from temporalio.common import RawValue
from temporalio.exceptions import ApplicationError

from contracts.resolutions import Path as Way
from contracts.resolutions import Resolution
from tests.workflows.forgeries import right_answer
from tests.workflows.world import World, as_read, sample
from workflows.kernel.approvals import ANSWER

__all__ = [
    "ASKING",
    "NOTHING_WAITS",
    "Handle",
    "asking",
    "is_approved",
    "keys",
    "question",
    "refused",
    "sent",
    "still_asks",
]

Handle = WorkflowHandle[Any, Resolution]
ASKING = "05-wrong-lamp.eml"
NOTHING_WAITS = "nothing waits for an answer"


async def asking(world: World) -> tuple[Handle, str]:
    """A run that bob requested and that waits for the approval of a refund, and the action's digest."""
    world.provider.script(as_read(ASKING), task="read_ticket")
    handle = await world.start(sample(ASKING))
    return handle, await question(world, handle)


async def question(world: World, handle: Handle) -> str:
    return (await world.waiting(handle)).action or ""


def keys(world: World) -> Path:
    return world.folder / "approvers"


def sent(content: object) -> RawValue:
    """An argument as any client could send it, well-formed or not."""
    data = content if isinstance(content, bytes) else json.dumps(content).encode()
    return RawValue(Payload(metadata={"encoding": b"json/plain"}, data=data))


async def refused(handle: Handle, content: object, reason: str, *, at_rest: bool = True) -> None:
    """Refused for this reason, without a trace in the history; a run that is not at rest writes its own."""
    before = await events_of(handle, all_of_them=at_rest)
    with pytest.raises(WorkflowUpdateFailedError) as caught:
        await handle.execute_update(ANSWER, sent(content))
    cause = caught.value.cause
    assert isinstance(cause, ApplicationError)
    assert cause.type == "answer_refused"
    assert re.search(reason, cause.message), cause.message
    assert await events_of(handle, all_of_them=at_rest) == before


async def events_of(handle: Handle, *, all_of_them: bool) -> int:
    """How many events the history has, or how many that speak of Updates."""
    names = [EventType.Name(event.event_type) for event in (await handle.fetch_history()).events]
    return len([name for name in names if all_of_them or "UPDATE" in name])


async def still_asks(world: World, handle: Handle, action: str) -> None:
    """As if nothing had been sent: nothing is paid, and the same question is open."""
    assert world.payments.book.refunds() == []
    assert await question(world, handle) == action


async def is_approved(world: World, handle: Handle, action: str) -> None:
    """The right answer counts, once, and no workflow task has failed."""
    await handle.execute_update(ANSWER, sent(right_answer(keys(world), action)))
    assert (await world.ended(handle)).path is Way.REFUNDED
    assert len(world.payments.book.refunds()) == 1
    events = (await handle.fetch_history()).events
    assert not any(event.HasField("workflow_task_failed_event_attributes") for event in events)
