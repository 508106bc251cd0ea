"""Parking: a step that finally failed waits, durably, for a person to repair it."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, ValidationError
from temporalio import workflow
from temporalio.common import RawValue, RetryPolicy
from temporalio.exceptions import ActivityError, ApplicationError

from contracts import sheet
from contracts.attempts import Failure
from contracts.receipts import Waiting
from contracts.repairs import Abort, Repair, Retry, Supply
from contracts.sheet import Route, RoutesRequest, resolve_routes
from contracts.steps import ModelTask
from contracts.values import Value, plain
from workflows.kernel.attempts import Next
from workflows.kernel.decisions import Decision
from workflows.kernel.endings import BudgetSpent, StepFailed
from workflows.kernel.run import Run
from workflows.kernel.scheduling import Attempt, Attempts, Begun
from workflows.kernel.trail import canonical, digest, json_digest

__all__ = ["MOST_PARKED", "REPAIR", "GaveUp", "Parking", "Retried", "Routes", "Supplied"]

REPAIR = "repair"
MOST_PARKED = 3
"""How often one step may be parked: what three repairs did not mend, a fourth will not."""

Request = TypeVar("Request", bound=BaseModel)
Reply = TypeVar("Reply", bound=BaseModel)

Routes = Sequence[Route | None]
"""Of a model task those that its profile maps to; of an effect one None."""


@dataclass(frozen=True)
class GaveUp:
    """The last attempt on a route failed."""

    attempt: Attempt
    failure: Failure
    decision: Decision[Next]
    lack: str | None
    """What is missing from the budget for another attempt; None when nothing is."""


@dataclass(frozen=True)
class Retried:
    """The next attempt, its hold taken, and the routes from it on."""

    attempt: Attempt
    routes: Routes


@dataclass(frozen=True)
class Supplied(Generic[Reply]):
    """A person gave the reply."""

    reply: Reply


@dataclass
class Parked:
    """One step that waits."""

    run: Run
    attempts: Attempts
    begun: Begun[Any, Any]
    gave_up: GaveUp
    waiting: Waiting
    routes: Routes
    answer: tuple[Repair, Retried | Supplied[Any] | None] | None = None
    """None in its second place: aborted."""


class Taken(Value):
    """The Update's result: what the run took note of."""

    do: str
    by: str
    at_most_usd: str | None = None
    """The worst case of the attempt that follows; None when none does."""


class Parking:
    """The parked steps of a run. Its handler exists before the first task runs."""

    def __init__(self) -> None:
        self._parked: dict[str, Parked] = {}
        workflow.set_update_handler(REPAIR, self._repair, validator=self._validate)

    def takes(self, run: Run, begun: Begun[Any, Any]) -> bool:
        """Whether the workflow and the terms let this step wait. The way out never does."""
        return begun.numbers.parks and run.terms.park > timedelta(0) and not run.leaving

    async def wait(
        self, run: Run, attempts: Attempts, begun: Begun[Request, Reply], gave_up: GaveUp, routes: Routes
    ) -> Retried | Supplied[Reply]:
        """Wait for a repair; raises StepFailed when a person aborts it, or when none comes in time."""
        name = begun.step.name
        waiting = Waiting(
            what=f"a person to repair {name} ({gave_up.failure.fault.value})",
            until=min(run.now + run.terms.park, run.leaves_at),
            otherwise="the run takes its way out",
            parked=gave_up.attempt.id,
            details=details_of(begun, gave_up, routes),
        )
        parked = self._parked[gave_up.attempt.id] = Parked(run, attempts, begun, gave_up, waiting, routes)
        run.mark(begun.index, state="parked")
        try:
            with run.waiting(waiting):
                await workflow.wait_condition(
                    lambda: parked.answer is not None,
                    timeout=run.terms.park,
                    timeout_summary=f"repair of {name} ({gave_up.failure.fault.value}) is given up",
                )
        except TimeoutError:
            pass
        except asyncio.CancelledError:
            if parked.answer is not None and isinstance(parked.answer[1], Retried):
                run.ledger.release(parked.answer[1].attempt.id)
            raise
        finally:
            # Also when the run is cancelled: a repair that changes nothing must not be accepted.
            del self._parked[gave_up.attempt.id]
        run.tick()
        if parked.answer is None:
            run.trail.add({"parked": gave_up.attempt.id, "outcome": "expired"})
            raise StepFailed(name, gave_up.failure, "nobody repaired it in time")
        repair, answer = parked.answer
        run.trail.add(
            {
                "parked": gave_up.attempt.id,
                "outcome": repair.action.do,
                "by": repair.by,
                "digest": digest(canonical(repair.model_dump(mode="json"))),
            }
        )
        if answer is None:
            raise StepFailed(name, gave_up.failure, f"{repair.by} gave it up")
        return answer

    def _validate(self, raw: RawValue) -> None:
        """Runs before the Update is in the history, and never in replay."""
        try:
            repair = read(raw)
            parked = self._find(repair)
            if workflow.now() >= parked.waiting.until:  # noqa: TID251 - never in replay
                raise ValueError("the time for a repair is over")
            if isinstance(repair.action, Supply):
                supplied(parked.begun, repair.action)
        except ValueError as refusal:
            workflow.logger.warning("repair refused: %s", refusal)
            raise refused(str(refusal)) from refusal

    def _find(self, repair: Repair) -> Parked:
        parked = self._parked.get(repair.parked)
        if parked is None:
            waits = ", ".join(self._parked) or "nothing"
            raise ValueError(f"{repair.parked} does not wait for a repair; {waits} does")
        if parked.answer is not None:
            raise ValueError(f"{repair.parked} was repaired before")
        return parked

    async def _repair(self, raw: RawValue) -> Taken:
        repair = read(raw)
        parked, action = self._find(repair), repair.action
        match action:
            case Retry():
                return await self._retry(parked, repair, action)
            case Supply():
                parked.answer = repair, supplied(parked.begun, action)
            case Abort():
                parked.answer = repair, None
        return Taken(do=action.do, by=repair.by)

    async def _retry(self, parked: Parked, repair: Repair, action: Retry) -> Taken:
        routes = parked.routes
        if action.profile is not None and isinstance(parked.begun.step, ModelTask):
            routes = await resolved(parked.run, parked.begun, action.profile)
            # In the meantime its time may have ended, or another person repaired it.
            try:
                self._find(repair)
            except ValueError as late:
                raise refused(str(late)) from late
        begun, route = parked.begun, routes[0]
        output = begun.numbers.max_output_tokens
        if action.max_output_tokens is not None and route is not None:
            output = min(action.max_output_tokens, route.max_output_tokens)
        worst = parked.attempts.worst(begun, route, output, None)
        if worst.usd > action.at_most_usd:
            raise refused(
                f"an attempt could cost {plain(worst.usd)} USD; agreed to were {plain(action.at_most_usd)}"
            )
        try:
            attempt = parked.attempts.hold(begun, route, output, None)
        except BudgetSpent as spent:
            raise refused(spent.ending.reason) from spent
        parked.answer = repair, Retried(attempt, routes)
        return Taken(do=action.do, by=repair.by, at_most_usd=plain(worst.usd))


async def resolved(run: Run, begun: Begun[Any, Any], profile: str) -> Routes:
    """The routes of a profile as configuration has them now, recorded. Raises ApplicationError."""
    policy = resolve_routes.policy
    try:
        raw: RawValue = await workflow.execute_local_activity(
            resolve_routes.name,
            RoutesRequest(profile=profile),
            result_type=RawValue,
            start_to_close_timeout=policy.attempt_timeout,
            retry_policy=RetryPolicy(initial_interval=policy.first_wait, maximum_attempts=policy.attempts),
        )
    except ActivityError as error:
        raise refused(str(error.cause)) from error
    run.trail.add({"routes": profile, "digest": json_digest(raw.payload)})
    found = workflow.payload_converter().from_payload(raw.payload, sheet.Routes)
    return found.routes


def read(raw: RawValue) -> Repair:
    """The repair that somebody sent; ValueError says in one line why it is none."""
    try:
        return Repair.model_validate_json(raw.payload.data)
    except ValidationError as error:
        raise ValueError(f"not a repair: {first_of(error)}") from None


def supplied(begun: Begun[Any, Any], action: Supply) -> Supplied[Any]:
    """The reply that a person gave. Raises ValueError when it is none of its type, or breaks its check."""
    try:
        reply = begun.step.reply.model_validate(action.output)
    except ValidationError as error:
        raise ValueError(f"no {begun.step.reply.__name__}: {first_of(error)}") from None
    wrong = begun.step.check(begun.request, reply) if isinstance(begun.step, ModelTask) else None
    if wrong is not None:
        raise ValueError(wrong)
    return Supplied(reply)


def first_of(error: ValidationError) -> str:
    wrong = error.errors(include_url=False, include_input=False)[0]
    where = ".".join(str(part)[:40] for part in wrong["loc"]) or "argument"
    return f"{where}: {wrong['msg']}"[:300]


def refused(reason: str) -> ApplicationError:
    return ApplicationError(reason[:1_000], type="repair_refused", non_retryable=True)


def details_of(begun: Begun[Any, Any], gave_up: GaveUp, routes: Routes) -> dict[str, Any]:
    """What a person needs to know to choose, and what an attempt is priced by."""
    first, numbers = routes[0], begun.numbers
    input_tokens = begun.request_bytes + numbers.overhead_bytes
    details: dict[str, Any] = {
        "step": begun.step.name,
        "fault": gave_up.failure.fault.value,
        "reason": gave_up.failure.reason,
        "because": gave_up.decision.because,
        "reply": begun.step.reply.__name__,
    }
    if first is not None:
        worst = first.price.of(input_tokens, numbers.max_output_tokens)
        details |= {
            "route": first.name,
            "input_tokens": input_tokens,
            "max_output_tokens": numbers.max_output_tokens,
            "worst_usd": plain(worst),
        }
    return details | {"options": ["retry", "supply", "abort"]}
