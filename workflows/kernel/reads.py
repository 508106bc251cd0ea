"""Reads: free and repeatable, so they are retried where they run and booked nowhere."""

from typing import Any, TypeVar

from pydantic import BaseModel
from temporalio import workflow
from temporalio.common import RawValue, RetryPolicy
from temporalio.exceptions import FailureError

from contracts.attempts import Cost, Failure, Fault
from contracts.steps import Effect, EffectLookup, Offers, Read
from workflows.kernel.attempts import cause_of, evidence_digest, never_sent, read_failure
from workflows.kernel.endings import StepFailed
from workflows.kernel.run import Run
from workflows.kernel.scheduling import Attempt, Begun, effect_key
from workflows.kernel.trail import json_digest

__all__ = ["Reads"]

Request = TypeVar("Request", bound=BaseModel)
Reply = TypeVar("Reply", bound=BaseModel)


class Reads:
    """Of one run."""

    def __init__(self, run: Run) -> None:
        self.run = run

    async def read(self, step: Read[Request, Reply], request: Request, why: str, read_id: str) -> Reply:
        """Free and repeatable, so the server (or, when local, the worker) may retry it."""
        run, policy = self.run, self.run.sheet.steps[step.name].policy
        entry: dict[str, Any] = {"read": read_id}
        options: dict[str, Any] = {
            "activity_id": read_id,
            "result_type": RawValue,
            "start_to_close_timeout": policy.attempt_timeout,
            "retry_policy": RetryPolicy(
                initial_interval=policy.first_wait,
                maximum_interval=policy.longest_wait,
                maximum_attempts=policy.attempts,
            ),
            "summary": f"because {why}"[:400],
        }
        start = workflow.execute_local_activity if step.local else workflow.execute_activity
        if step.local:
            run.describe()  # over in a moment, as a rule, so lists need not show it
        else:
            options["heartbeat_timeout"] = policy.heartbeat
            run.show()
        try:
            raw: RawValue = await start(step.name, request, **options)
        except FailureError as error:
            failure, evidence = read_failure(error), evidence_digest(cause_of(error))
            if step.local or not never_sent(error):
                run.trail.add({**entry, "fault": failure.fault.value, "digest": evidence})
            run.check_open()
            raise StepFailed(step.name, failure, "a read is retried where it runs") from error
        run.trail.add({**entry, "digest": json_digest(raw.payload)})
        reply: Reply = workflow.payload_converter().from_payload(raw.payload, step.reply)
        return reply

    async def look_up(self, begun: Begun[Request, Reply], attempt: Attempt, failure: Failure) -> Reply | None:
        """Ask the other side whether an effect with an unknown outcome happened."""
        step = begun.step
        if not isinstance(step, Effect) or step.lookup is None or failure.cost is not Cost.UNKNOWN:
            return None
        if begun.numbers.offers is not Offers.LOOKUP:
            return None
        question = EffectLookup(key=effect_key(step, begun.request))
        lookup_id = f"{attempt.id}-lookup"
        try:
            found: Reply = await self.read(step.lookup, question, "it may have happened", lookup_id)
        except StepFailed as failed:
            if failed.fault is Fault.NOT_FOUND:
                return None
            raise
        return found
