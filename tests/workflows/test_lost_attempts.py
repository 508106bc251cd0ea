"""Attempts that end without an account of their own: they come back to the run, and are booked unknown."""

from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from activities.model_requests import Prompted
from activities.models import ModelActivities
from contracts.attempts import Fault, ModelCall, ModelReply
from contracts.receipts import AttemptEnd
from contracts.resolutions import Path as Way
from tests.workflows.world import World, sample
from worker import build, workers


class Forgetful(ModelActivities):
    """Asks the provider; at the first answer it breaks as code with a defect does."""

    asked: list[str]

    async def attempt(self, prompted: Prompted, request: BaseModel, call: ModelCall) -> ModelReply[Any]:
        reply = await super().attempt(prompted, request, call)
        self.asked.append(call.attempt_id)
        if len(self.asked) == 1:
            raise RuntimeError("a defect")
        return reply


async def test_an_attempt_that_ends_without_proof_is_never_repeated_by_the_server(
    temporal: str, tmp_path: Path
) -> None:
    """It may have cost money, so what is next is the run's decision: another attempt, with another hold."""
    async with World.opened(temporal, tmp_path) as world, AsyncExitStack() as running:
        parts = build(world.settings, {})
        forgetful = Forgetful(parts.catalogue)
        forgetful.asked = []
        running.push_async_callback(forgetful.close)
        running.push_async_callback(parts.refunds.close)
        for worker in workers(world.client, replace(parts, models=forgetful), world.task_queue):
            await running.enter_async_context(worker)
        handle = await world.start(sample("12"))
        assert (await world.ended(handle)).path is Way.ASKED_ORDER_NUMBER
        status = await world.status(handle)
    assert status is not None
    lost, *rest = [line for line in status.attempts if line.hold.calls]
    assert (lost.end, lost.fault) == (AttemptEnd.UNKNOWN, Fault.WORKER_LOST)
    assert [line.end for line in rest] == [AttemptEnd.SETTLED] * 2
    assert status.balance.unknown == lost.hold
    assert forgetful.asked == [line.attempt_id for line in (lost, *rest)]
    assert [entry.request_id for entry in world.provider.entries] == forgetful.asked
