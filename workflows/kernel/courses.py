"""The course of a step: attempts on its route, then the next route, then perhaps a person who repairs it.

Two tables decide: NEXT_ATTEMPT what follows on the same route, OTHERWISE what follows when it is given up.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from typing import TypeVar

from pydantic import BaseModel
from temporalio import workflow

from contracts.attempts import Cost, Failure
from contracts.receipts import Waiting
from contracts.steps import ModelTask
from workflows.kernel.attempts import (
    NEXT_ATTEMPT,
    OTHERWISE,
    Next,
    NextFacts,
    Otherwise,
    OtherwiseFacts,
)
from workflows.kernel.decisions import Decision
from workflows.kernel.endings import BudgetSpent, DeadlineReached, StepFailed, StoryEnded
from workflows.kernel.ledger import first_output
from workflows.kernel.parking import MOST_PARKED, GaveUp, Parking, Routes, Supplied
from workflows.kernel.reads import Reads
from workflows.kernel.run import Run
from workflows.kernel.scheduling import Attempt, Attempts, Begun

__all__ = ["Courses"]

Request = TypeVar("Request", bound=BaseModel)
Reply = TypeVar("Reply", bound=BaseModel)


class Courses:
    """Sees the model tasks and effects of one run through."""

    def __init__(
        self,
        run: Run,
        attempts: Attempts,
        reads: Reads,
        parking: Parking,
        renew_lease: Callable[[], Awaitable[None]],
    ) -> None:
        self.run = run
        self._attempts = attempts
        self._reads = reads
        self._parking = parking
        self._renew_lease = renew_lease

    async def see_through(self, begun: Begun[Request, Reply]) -> Reply:
        """Along the routes, and again from where a person repaired it, until there is a reply."""
        attempt, routes = begun.first, begun.routes
        routes = routes[routes.index(attempt.route) :]
        for repaired in range(MOST_PARKED + 1):
            ended = await self._along(begun, attempt, routes, parks=repaired < MOST_PARKED)
            if not isinstance(ended, GaveUp):
                return ended
            repair = await self._parking.wait(self.run, self._attempts, self._reads, begun, ended, routes)
            if isinstance(repair, Supplied):
                reply: Reply = repair.reply
                return reply
            attempt, routes = repair.attempt, repair.routes
        raise AssertionError("the table fails a step that was repaired too often")

    def first(self, begun: Begun[Request, Reply]) -> Attempt:
        """Hold the first attempt; a route that is too dear by now is passed over as one that failed."""
        routes = begun.routes
        for number, route in enumerate(routes, start=1):
            output = first_output(begun.numbers, route)
            if len(routes) == 1 or self._attempts.affordable(begun, route, output, None):
                break
            if self._otherwise(begun, Next.NO_MONEY, routes[number:]) is not Otherwise.NEXT_ROUTE:
                break
        return self._attempts.hold(begun, route, output, None)

    async def _along(
        self, begun: Begun[Request, Reply], attempt: Attempt, routes: Routes, *, parks: bool
    ) -> Reply | GaveUp:
        """From route to route. What comes back without a reply is to be parked."""
        for number, _ in enumerate(routes, start=1):
            following = routes[number:]
            ended = await self._on_route(begun, attempt, following)
            if not isinstance(ended, GaveUp):
                return ended
            match self._otherwise(begun, ended.decision.outcome, following, parks=parks):
                case Otherwise.NEXT_ROUTE:
                    output = first_output(begun.numbers, following[0])
                    attempt = self._attempts.hold(begun, following[0], output, None)
                case Otherwise.PARK:
                    return ended
                case Otherwise.FAIL:
                    raise self._reason(begun, ended)
        raise AssertionError("the table goes to no route that is not left")

    def _otherwise(
        self, begun: Begun[Request, Reply], given_up: Next, following: Routes, *, parks: bool = False
    ) -> Otherwise:
        decision = self.run.decide(
            OTHERWISE,
            OtherwiseFacts(
                given_up=given_up,
                leaving=self._must_end(),
                routes_left=len(following),
                next_affordable=self._elsewhere(begun, following),
                parks=parks and self._parking.takes(self.run, begun),
            ),
        )
        return decision.outcome

    def _elsewhere(self, begun: Begun[Request, Reply], following: Routes) -> bool:
        """Whether there is a next route, and what is free covers an attempt on it."""
        if not following:
            return False
        output = first_output(begun.numbers, following[0])
        return self._attempts.affordable(begun, following[0], output, None)

    def _reason(self, begun: Begun[Request, Reply], ended: GaveUp) -> StoryEnded:
        """How the story ends for a step that finally failed."""
        name, number = begun.step.name, self.run.steps[begun.index].attempts + 1
        match ended.decision.outcome:
            case Next.NO_MONEY if ended.lack is not None:
                return BudgetSpent(ended.lack)
            case Next.NO_TIME:
                return DeadlineReached(f"attempt {number} of {name} could begin only after the deadline")
        self.run.check_open()
        return StepFailed(name, ended.failure, ended.decision.because)

    async def _on_route(
        self, begun: Begun[Request, Reply], attempt: Attempt, following: Routes
    ) -> Reply | GaveUp:
        """Every attempt that the policy allows on one route."""
        failures = list[Failure]()
        for _ in range(begun.numbers.policy.attempts):
            number = self.run.steps[begun.index].attempts + 1
            self.run.mark(begun.index, attempts=number, state="running")
            await self._cover(begun, attempt)
            ended = await self._attempts.make(begun, attempt)
            if not isinstance(ended, Failure):
                return ended
            if (found := await self._reads.look_up(begun, attempt, ended)) is not None:
                return found
            failures.append(ended)
            another = await self._next(begun, attempt, failures, self._elsewhere(begun, following))
            if isinstance(another, GaveUp):
                return another
            attempt = another
        raise AssertionError("the table gives up a route that has no attempt left")

    async def _cover(self, begun: Begun[Request, Reply], attempt: Attempt) -> None:
        """After a reset nothing may be spent before the tenant has leased it to this run, too."""
        if isinstance(begun.step, ModelTask):
            try:
                await self._renew_lease()
            except BaseException:
                self.run.ledger.release(attempt.id)
                raise

    async def _next(
        self, begun: Begun[Request, Reply], attempt: Attempt, failures: Sequence[Failure], elsewhere: bool
    ) -> Attempt | GaveUp:
        """Decide what follows a failed attempt, wait if need be, and take the next hold."""
        failure, route, output = failures[-1], attempt.route, attempt.max_output_tokens
        larger = min(output * 2, route.max_output_tokens) if route is not None else output
        wait = self._patience(begun, failures)
        decision = self._decide(begun, attempt, failures, larger, wait, elsewhere)
        if decision.outcome is Next.LATER and not await self._wait(begun, failure, wait):
            decision = self._decide(begun, attempt, failures, larger, wait, elsewhere)
        match decision.outcome:
            case Next.AGAIN | Next.LATER:
                return self._attempts.hold(begun, route, output, None)
            case Next.REPAIR:
                return self._attempts.hold(begun, route, output, failure.repair)
            case Next.LARGER:
                return self._attempts.hold(begun, route, larger, None)
            case Next.GIVE_UP | Next.NO_MONEY | Next.NO_TIME:
                worst = self._attempts.worst(begun, route, output, failure.repair)
                return GaveUp(attempt, failure, decision, self.run.ledger.lack(begun.step.name, worst))

    def _decide(
        self,
        begun: Begun[Request, Reply],
        attempt: Attempt,
        failures: Sequence[Failure],
        larger: int,
        wait: timedelta,
        elsewhere: bool,
    ) -> Decision[Next]:
        failure, output = failures[-1], attempt.max_output_tokens
        affordable = self._attempts.affordable
        return self.run.decide(
            NEXT_ATTEMPT,
            NextFacts(
                fault=failure.fault,
                offers=begun.numbers.offers,
                may_have_happened=any(each.cost is Cost.UNKNOWN for each in failures),
                leaving=self._must_end(),
                attempts_left=begun.numbers.policy.attempts - len(failures),
                seen=sum(each.fault is failure.fault for each in failures),
                larger_possible=larger > output and affordable(begun, attempt.route, larger, None),
                affordable=affordable(begun, attempt.route, output, failure.repair),
                in_time=wait < self.run.story_time,
                elsewhere=elsewhere,
            ),
        )

    def _patience(self, begun: Begun[Request, Reply], failures: Sequence[Failure]) -> timedelta:
        """How long to wait if the fault may pass. Full jitter spreads the runs that met it together.

        On the way out nobody is waited for longer than that: its time is what the escrow keeps.
        """
        policy = begun.numbers.policy
        longest = min(policy.longest_wait, policy.first_wait * 2 ** (len(failures) - 1))
        backoff: timedelta = longest * (0.5 + workflow.random().random() / 2)
        if self.run.leaving:
            return backoff
        return max(backoff, timedelta(seconds=failures[-1].retry_after_s or 0))

    async def _wait(self, begun: Begun[Request, Reply], failure: Failure, wait: timedelta) -> bool:
        """Wait for the next attempt's time; False when the run has to end before it comes."""
        number = self.run.steps[begun.index].attempts + 1
        self.run.mark(begun.index, state="waiting")
        waiting = Waiting(
            what=f"attempt {number} of {begun.step.name} ({failure.fault.value})",
            until=min(self.run.now + wait, self.run.leaves_at),
            otherwise="the attempt begins",
        )
        try:
            with self.run.waiting(waiting):
                await workflow.sleep(wait, summary=f"{begun.step.name} again after {failure.fault.value}")
        except asyncio.CancelledError:
            if not self._must_end():
                raise
        self.run.tick()
        return not self._must_end()

    def _must_end(self) -> bool:
        """The run has to end, or another part stopped this one."""
        # An activity that is told to stop may still end in another way; then only the task knows.
        task = asyncio.current_task()
        return self.run.must_leave or (task is not None and task.cancelling() > 0)
