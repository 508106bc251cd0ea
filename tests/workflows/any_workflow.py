"""A run of any workflow in a test's world, begun on its own terms and proven at its end."""

import asyncio
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from temporalio.client import WorkflowHandle, WorkflowHistory

from contracts.receipts import Balance, Result, Status
from contracts.terms import Amount
from contracts.values import Value
from operations.certificates import exceeded
from operations.starting import start
from operations.verification import verify
from tests.workflows.world import World

__all__ = ["Proven", "begun", "ended", "proven"]

Ended = TypeVar("Ended", bound=Result)


@dataclass
class Proven(Generic[Ended]):
    """All that is left of a run, its history proven by the code."""

    result: Ended
    status: Status
    history: WorkflowHistory

    @property
    def balance(self) -> Balance:
        assert self.result.receipt is not None
        return self.result.receipt.balance


async def begun(
    world: World, workflow: Any, argument: Value, *, again: bool = False, **changes: Any
) -> WorkflowHandle[Any, Any]:
    """A run that is under way, or was before, for a tenant of this world.

    `changes` to the plan's cap, or to other terms.
    """
    measures = {name: changes.pop(name) for name in Amount.model_fields if name in changes}
    cap = workflow.plan.cap.model_copy(update=measures)
    terms = world.terms(deadline=workflow.plan.deadline, tenant=world.profile, **changes)
    terms = terms.model_copy(update={"cap": cap})
    started = await start(world.client, workflow, argument, terms, task_queue=world.task_queue, again=again)
    return world.client.get_workflow_handle_for(workflow.run, started.workflow_id)


async def ended(handle: WorkflowHandle[Any, Any], workflow: Any) -> Any:
    """Its result, after its history was proven by the code and held against the certificate."""
    result = await asyncio.wait_for(handle.result(), 60)
    history = await handle.fetch_history()
    assert (await verify(history, [workflow])).findings == []
    assert exceeded(history, [workflow]) == []
    return result


async def proven(handle: WorkflowHandle[Any, Any], workflow: Any) -> Proven[Any]:
    """As `ended`, with what its ledger and its history say."""
    result = await ended(handle, workflow)
    status = Status.model_validate(await handle.query("status", result_type=Status))
    return Proven(result, status, await handle.fetch_history())
