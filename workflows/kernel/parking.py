"""Parking: a step that finally failed waits, durably, for a person to repair it."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, ValidationError
from temporalio import workflow
from temporalio.common import RawValue
from temporalio.exceptions import ApplicationError

from contracts.attempts import Failure
from contracts.receipts import Waiting
from contracts.repairs import Abort, Repair, Retry, Supply
from contracts.sheet import Route, RoutesRequest, resolve_routes
from contracts.steps import ModelTask
from contracts.values import Value, plain
from workflows.kernel.attempts import Next
from workflows.kernel.decisions import Decision
from workflows.kernel.endings import StepFailed, StoryEnded
from workflows.kernel.ledger import first_output
from workflows.kernel.reads import Reads
from workflows.kernel.run import Run
from workflows.kernel.scheduling import Attempt, Attempts, Begun
from workflows.kernel.trail import json_digest
from workflows.kernel.updates import first_wrong, read_update

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


@dataclass(frozen=True)
class Answered:
    """The repair that ended the wait."""

    by: str
    do: str
    entry: dict[str, str]
    """Its Update, for the trail."""
    outcome: Retried | Supplied[Any] | None
    """None when it was aborted."""


@dataclass
class Parked:
    """One step that waits."""

    run: Run
    attempts: Attempts
    reads: Reads
    begun: Begun[Any, Any]
    gave_up: GaveUp
    waiting: Waiting
    routes: Routes
    answer: Answered | None = None


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
        self._run: Run | None = None
        workflow.set_update_handler(REPAIR, self._repair, validator=self._validate)

    def takes(self, run: Run, begun: Begun[Any, Any]) -> bool:
        """Whether the workflow and the terms let this step wait. The way out never does."""
        return begun.numbers.parks and run.terms.park > timedelta(0) and not run.leaving

    async def wait(
        self,
        run: Run,
        attempts: Attempts,
        reads: Reads,
        begun: Begun[Request, Reply],
        gave_up: GaveUp,
        routes: Routes,
    ) -> Retried | Supplied[Reply]:
        """Wait for a repair; raises StepFailed when a person aborts it, or when none comes in time."""
        name, self._run = begun.step.name, run
        waiting = Waiting(
            what=f"a person to repair {name} ({gave_up.failure.fault.value})",
            until=min(run.now + run.terms.park, run.leaves_at),
            otherwise="the run takes its way out",
            parked=gave_up.attempt.id,
            details=details_of(begun, gave_up, routes),
        )
        parked = self._parked[gave_up.attempt.id] = Parked(
            run, attempts, reads, begun, gave_up, waiting, routes
        )
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
            if parked.answer is not None and isinstance(parked.answer.outcome, Retried):
                run.ledger.release(parked.answer.outcome.attempt.id)
            raise
        finally:
            # Also when the run is cancelled: a repair that changes nothing must not be accepted.
            del self._parked[gave_up.attempt.id]
        run.tick()
        answer = parked.answer
        if answer is None:
            run.trail.add({"parked": gave_up.attempt.id, "outcome": "expired"})
            raise StepFailed(name, gave_up.failure, "nobody repaired it in time")
        run.trail.add({"parked": gave_up.attempt.id, "outcome": answer.do, "by": answer.by, **answer.entry})
        if answer.outcome is None:
            raise StepFailed(name, gave_up.failure, f"{answer.by} gave it up")
        return answer.outcome

    def _validate(self, raw: RawValue) -> None:
        """Runs before the Update is in the history, and never in replay."""
        try:
            repair = read_update(raw, Repair, "a repair")
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
        repair, entry = read_update(raw, Repair, "a repair"), update_entry(raw)
        try:
            # Another repair may have come between the validator and here.
            parked = self._find(repair)
            outcome = await self._outcome(parked, repair, entry)
        except (ValueError, StoryEnded) as refusal:
            # The Update is in the history by now, so what came of it belongs into the trail.
            if self._run is not None:
                self._run.trail.add({"refused": repair.parked, "reason": str(refusal), **entry})
            raise refused(str(refusal)) from refusal
        parked.answer = Answered(repair.by, repair.action.do, entry, outcome)
        worst = parked.run.ledger.line(outcome.attempt.id).hold if isinstance(outcome, Retried) else None
        return Taken(
            do=repair.action.do, by=repair.by, at_most_usd=None if worst is None else plain(worst.usd)
        )

    async def _outcome(
        self, parked: Parked, repair: Repair, entry: dict[str, str]
    ) -> Retried | Supplied[Any] | None:
        match repair.action:
            case Retry():
                routes = await self._routes(parked, repair, repair.action, entry)
                return retried(parked, repair.action, routes)
            case Supply():
                return supplied(parked.begun, repair.action)
            case Abort():
                return None

    async def _routes(self, parked: Parked, repair: Repair, action: Retry, entry: dict[str, str]) -> Routes:
        """The step's own, or those of another profile as configuration has them now, recorded."""
        if action.profile is None:
            return parked.routes
        if not isinstance(parked.begun.step, ModelTask):
            raise ValueError(f"{parked.begun.step.name} asks no model, so it has no profile")
        found = await parked.reads.read(
            resolve_routes,
            RoutesRequest(profile=action.profile),
            f"{repair.by} chose {action.profile}",
            f"{parked.gave_up.attempt.id}-{entry['digest']}",
        )
        self._find(repair)  # in the meantime its time may have ended, or another repair came
        return found.routes


def retried(parked: Parked, action: Retry, routes: Routes) -> Retried:
    """Take the next attempt's hold. Raises ValueError above what was agreed to, BudgetSpent above the cap."""
    begun, route = parked.begun, routes[0]
    output = first_output(begun.numbers, route)
    if action.max_output_tokens is not None and route is not None:
        output = min(action.max_output_tokens, route.max_output_tokens)
    worst = parked.attempts.worst(begun, route, output, None)
    if worst.usd > action.at_most_usd:
        agreed = plain(action.at_most_usd)
        raise ValueError(f"an attempt could cost {plain(worst.usd)} USD; agreed to were {agreed}")
    attempt = parked.attempts.hold(begun, route, output, None)
    return Retried(replace(attempt, insist=route is not None), routes)


def supplied(begun: Begun[Any, Any], action: Supply) -> Supplied[Any]:
    """The reply that a person gave. Raises ValueError when it is none of its type, or breaks its check."""
    try:
        reply = begun.step.reply.model_validate(action.output)
    except ValidationError as error:
        raise ValueError(f"no {begun.step.reply.__name__}: {first_wrong(error)}") from None
    wrong = begun.step.check(begun.request, reply) if isinstance(begun.step, ModelTask) else None
    if wrong is not None:
        raise ValueError(wrong)
    return Supplied(reply)


def update_entry(raw: RawValue) -> dict[str, str]:
    """What the trail says of the Update that is being handled."""
    info = workflow.current_update_info()
    if info is None:
        raise AssertionError("asked outside of an Update")
    return {"update": info.id, "digest": json_digest(raw.payload)}


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
        output = first_output(numbers, first)
        worst = first.price.of(input_tokens, output)
        details |= {
            "route": first.name,
            "price": first.price.model_dump(mode="json"),
            "route_output_tokens": first.max_output_tokens,
            "input_tokens": input_tokens,
            "max_output_tokens": output,
            "worst_usd": plain(worst),
        }
    return details | {"options": ["retry", "supply", "abort"]}
