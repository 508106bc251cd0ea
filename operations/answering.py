"""What a person is asked, and a person's answer: for bots, desks and scripts."""

import asyncio
from datetime import timedelta
from typing import Any

from temporalio.client import (
    Client,
    WorkflowQueryFailedError,
    WorkflowUpdateFailedError,
    WorkflowUpdateRPCTimeoutOrCancelledError,
)
from temporalio.service import RPCError, RPCStatusCode

from contracts.approvals import Answer
from contracts.receipts import Status, Waiting
from contracts.repairs import Repair
from contracts.values import Value
from workflows.kernel.approvals import ANSWER
from workflows.kernel.case import STATUS
from workflows.kernel.parking import REPAIR

__all__ = ["NobodyWorks", "NotAnswered", "question_of", "send_answer", "send_repair"]

# A worker answers in milliseconds; without one the server waits as long as it may.
QUERY_PATIENCE = timedelta(seconds=2)
ANSWER_PATIENCE_S = 15.0


class NotAnswered(Exception):
    """The question could not be read, or the answer was not taken. One line, with the reason."""


class NobodyWorks(NotAnswered):
    """No worker took it, so nobody can say whether one will."""


async def question_of(client: Client, workflow_id: str) -> Waiting | None:
    """The action that a run asks a person for; None when it asks nobody. Raises NotAnswered."""
    try:
        told = await client.get_workflow_handle(workflow_id).query(STATUS, rpc_timeout=QUERY_PATIENCE)
    except RPCError as error:
        raise unreachable(workflow_id, error) from error
    except WorkflowQueryFailedError as error:
        raise NotAnswered(f"{workflow_id}: its worker cannot say where it is ({error})") from error
    waiting = Status.model_validate(told).waiting if told is not None else []
    return next((each for each in waiting if each.action is not None), None)


async def send_answer(client: Client, workflow_id: str, answer: Answer) -> str:
    """Send a signed answer and return who gave it. Raises NotAnswered with the reason of a refusal."""
    return str((await updated(client, workflow_id, ANSWER, answer))["by"])


async def send_repair(client: Client, workflow_id: str, repair: Repair) -> None:
    """Mend what is parked. Raises NotAnswered with the reason of a refusal."""
    await updated(client, workflow_id, REPAIR, repair)


async def updated(client: Client, workflow_id: str, update: str, argument: Value) -> dict[str, Any]:
    handle = client.get_workflow_handle(workflow_id)
    try:
        async with asyncio.timeout(ANSWER_PATIENCE_S):
            accepted: dict[str, Any] = await handle.execute_update(update, argument)
    except WorkflowUpdateFailedError as error:
        raise NotAnswered(f"{workflow_id}: refused: {error.cause or error}") from error
    except (TimeoutError, WorkflowUpdateRPCTimeoutOrCancelledError) as error:
        raise NobodyWorks(
            f"{workflow_id}: no worker took the answer within {ANSWER_PATIENCE_S:.0f} s; start one "
            "(`python worker.py`), and look with `status` before you answer again"
        ) from error
    except RPCError as error:
        raise unreachable(workflow_id, error) from error
    return accepted


def unreachable(workflow_id: str, error: RPCError) -> Exception:
    """What the server's refusal means for this run; itself where it means nothing for it."""
    match error.status:
        case RPCStatusCode.NOT_FOUND:
            return NotAnswered(f"{workflow_id}: no such run that goes on")
        case RPCStatusCode.DEADLINE_EXCEEDED | RPCStatusCode.CANCELLED:
            return NobodyWorks(f"{workflow_id}: no worker answers; start one with `python worker.py`")
        case _:
            return error
