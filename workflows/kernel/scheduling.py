"""One attempt of a step: held, scheduled once, and booked by what it proves."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from pydantic import BaseModel
from temporalio import workflow
from temporalio.common import RawValue, RetryPolicy
from temporalio.exceptions import ActivityError

from contracts.attempts import Cost, EffectCall, Failure, Fault, ModelCall, Repair, Usage
from contracts.happenings import AttemptBegun, AttemptEnded
from contracts.receipts import AttemptLine, TrailLink
from contracts.sheet import Route, StepNumbers
from contracts.steps import Effect, ModelTask, Step
from contracts.terms import Amount, brief
from contracts.values import plain
from workflows.kernel.attempts import evidence_digest, failure_of, never_sent
from workflows.kernel.ledger import cost_of, worst_case
from workflows.kernel.run import Run
from workflows.kernel.telling import moment
from workflows.kernel.trail import OUTGOING, json_digest

__all__ = ["Attempt", "Attempts", "Begun", "effect_key"]

Request = TypeVar("Request", bound=BaseModel)
Reply = TypeVar("Reply", bound=BaseModel)

ONE_SERVER_ATTEMPT = RetryPolicy(maximum_attempts=1)


@dataclass(frozen=True)
class Attempt:
    """One try of a step, its hold taken."""

    id: str
    route: Route | None = None
    """None for an effect."""
    max_output_tokens: int = 0
    max_input_bytes: int = 0
    repair: Repair | None = None
    insist: bool = False
    """By the word of a person who repaired its step."""


@dataclass(frozen=True)
class Begun(Generic[Request, Reply]):
    """A step that is counted, bounded and held, but not scheduled."""

    step: Step[Request, Reply]
    request: Request
    request_bytes: int
    numbers: StepNumbers
    index: int
    why: str
    first: Attempt
    routes: Sequence[Route | None] = (None,)
    """Of a model task those that it may be sent along, in their order; of an effect one None."""


class Attempts:
    """Makes the attempts of one run."""

    def __init__(self, run: Run) -> None:
        self.run = run

    def hold(
        self, begun: Begun[Request, Reply], route: Route | None, max_output_tokens: int, repair: Repair | None
    ) -> Attempt:
        """Take an attempt's worst case from the budget; raises BudgetSpent."""
        number = self.run.steps[begun.index].attempts + 1
        attempt_id = f"{begun.index + 1}.{number}-{workflow.uuid4().hex[:16]}"
        worst = self.worst(begun, route, max_output_tokens, repair)
        self.run.ledger.hold(attempt_id, begun.step.name, worst, route)
        if route is None:
            return Attempt(id=attempt_id)
        max_input_bytes = size_of(begun, repair) + begun.numbers.overhead_bytes
        return Attempt(attempt_id, route, max_output_tokens, max_input_bytes, repair)

    def worst(
        self, begun: Begun[Request, Reply], route: Route | None, max_output_tokens: int, repair: Repair | None
    ) -> Amount:
        """The most that such an attempt can cost."""
        if route is None:
            return Amount()
        return worst_case(begun.numbers, route, size_of(begun, repair), max_output_tokens)

    def affordable(
        self, begun: Begun[Request, Reply], route: Route | None, max_output_tokens: int, repair: Repair | None
    ) -> bool:
        """Whether its worst case could be held now."""
        worst = self.worst(begun, route, max_output_tokens, repair)
        return self.run.ledger.lack(begun.step.name, worst) is None

    async def make(self, begun: Begun[Request, Reply], attempt: Attempt) -> Reply | Failure:
        """Schedule one attempt and book what it proves."""
        number, began_at = begun.index + 1, moment()
        route = attempt.route.name if attempt.route is not None else None
        self.run.tell(lambda: AttemptBegun(line=self._line(attempt), step_number=number, route=route))
        booked = await self._see_end(begun, attempt)
        self.run.tell(
            lambda: AttemptEnded(
                line=self._line(attempt),
                step_number=number,
                route=route,
                began_at=began_at,
                usage=booked[1],
            )
        )
        return booked[0]

    async def _see_end(
        self, begun: Begun[Request, Reply], attempt: Attempt
    ) -> tuple[Reply | Failure, Usage | None]:
        ledger, trail = self.run.ledger, self.run.trail
        entry: dict[str, Any] = {"attempt": attempt.id}
        before, link = trail.head, trail.link(ledger.balance())
        handle = self._schedule(begun, attempt, link)
        try:
            raw = await end_of(handle)
        except ActivityError as error:
            self.run.tick()
            failure = failure_of(error)
            self._book_failure(attempt, failure)
            if never_sent(error):
                trail.take_back(attempt.id, link, before)
                return failure, failure.usage
            evidence = evidence_digest(error.cause)
            trail.add({**entry, "fault": failure.fault.value, "digest": evidence, **self._booked(attempt)})
            return failure, failure.usage
        except asyncio.CancelledError:
            # Completed and cancelled in the same moment: the SDK keeps the result to itself.
            self.run.tick()
            ledger.lose(attempt.id, Fault.CANCELLED)
            trail.add({**entry, "fault": Fault.CANCELLED.value, **self._booked(attempt)})
            reason = "cancelled in the moment in which it ended"
            return Failure(fault=Fault.CANCELLED, cost=Cost.UNKNOWN, reason=reason), None
        self.run.tick()
        reply, usage = self._take(begun, attempt, raw)
        trail.add({**entry, "digest": json_digest(raw.payload), **self._booked(attempt)})
        return reply, usage

    def _take(
        self, begun: Begun[Request, Reply], attempt: Attempt, raw: RawValue
    ) -> tuple[Reply, Usage | None]:
        converter, ledger, route = workflow.payload_converter(), self.run.ledger, attempt.route
        if route is None or not isinstance(begun.step, ModelTask):
            ledger.settle(attempt.id, Amount())
            plain_reply: Reply = converter.from_payload(raw.payload, begun.step.reply)
            return plain_reply, None
        answer = converter.from_payload(raw.payload, begun.step.result)
        if answer.usage is None:
            ledger.lose(attempt.id)
            self.run.notices.append(f"{attempt.id}: the provider's usage was not believable")
        else:
            ledger.settle(attempt.id, cost_of(answer.usage, route))
        reply: Reply = answer.reply
        return reply, answer.usage

    def _book_failure(self, attempt: Attempt, failure: Failure) -> None:
        ledger = self.run.ledger
        if failure.fault is Fault.NOT_STARTED:
            ledger.release(attempt.id, failure.fault)
        elif failure.cost is Cost.UNKNOWN:
            ledger.lose(attempt.id, failure.fault)
        elif attempt.route is None:
            ledger.settle(attempt.id, Amount(), failure.fault)
        elif failure.usage is not None:
            ledger.settle(attempt.id, cost_of(failure.usage, attempt.route), failure.fault)
        else:
            ledger.settle(attempt.id, Amount(calls=1), failure.fault)

    def _line(self, attempt: Attempt) -> AttemptLine:
        return self.run.ledger.line(attempt.id)

    def _booked(self, attempt: Attempt) -> dict[str, Any]:
        line = self._line(attempt)
        if line.actual is None:
            return {"end": line.end.value}
        return {"end": line.end.value, "actual": brief(line.actual)}

    def _schedule(
        self, begun: Begun[Request, Reply], attempt: Attempt, link: TrailLink
    ) -> workflow.ActivityHandle[RawValue]:
        """One server attempt: what may have cost money comes back to the workflow, always."""
        policy = begun.numbers.policy
        args, task_queue, summary = self._arguments(begun, attempt)
        self.run.show()
        token = OUTGOING.set(link)
        try:
            return workflow.start_activity(
                begun.step.name,
                args=args,
                activity_id=attempt.id,
                task_queue=task_queue,
                result_type=RawValue,
                start_to_close_timeout=policy.attempt_timeout,
                heartbeat_timeout=policy.heartbeat,
                retry_policy=ONE_SERVER_ATTEMPT,
                cancellation_type=workflow.ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
                summary=summary,
            )
        finally:
            OUTGOING.reset(token)

    def _arguments(
        self, begun: Begun[Request, Reply], attempt: Attempt
    ) -> tuple[list[BaseModel], str | None, str]:
        # The activity gives up first, so that its own account arrives and not the server's timeout.
        patience = begun.numbers.policy.attempt_timeout.total_seconds() * 0.95
        if isinstance(begun.step, Effect):
            call = EffectCall(
                attempt_id=attempt.id, key=effect_key(begun.step, begun.request), timeout_s=patience
            )
            return [begun.request, call], None, f"because {begun.why}; once: {call.key}"[:400]
        if (route := attempt.route) is None:
            raise AssertionError("a model task is sent along a route")
        model_call = ModelCall(
            attempt_id=attempt.id,
            route=route.name,
            model=route.model,
            max_output_tokens=attempt.max_output_tokens,
            max_input_bytes=attempt.max_input_bytes,
            temperature=route.temperature,
            top_p=route.top_p,
            seed=route.seed,
            timeout_s=min(route.timeout.total_seconds(), patience),
            repair=attempt.repair,
            insist=attempt.insist or None,
        )
        hold = route.price.of(attempt.max_input_bytes, attempt.max_output_tokens)
        summary = f"because {begun.why}; {route.name}, at most ${plain(hold)}"[:400]
        return [begun.request, model_call], route.task_queue, summary


async def end_of(handle: workflow.ActivityHandle[RawValue]) -> RawValue:
    """What an activity ends with, also when it is cancelled in the task that scheduled it.

    A handle that is cancelled before its first turn never tells what became of its activity.
    """
    try:
        await asyncio.sleep(0)
    except asyncio.CancelledError:
        handle.cancel()
    return await handle


def effect_key(step: Effect[Request, Reply], request: Request) -> str:
    """The idempotency key: the same in every attempt, run and reset of a workflow id."""
    return f"{workflow.info().workflow_id}/{step.name}/{step.key(request)}"


def size_of(begun: Begun[Request, Reply], repair: Repair | None) -> int:
    """Bytes of the request as JSON, and of the invalid reply that is shown with it."""
    return begun.request_bytes + (len(repair.model_dump_json().encode()) if repair else 0)
