"""The three kinds of step, each bounded, each attempt booked before anything else is decided."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, TypeVar

from pydantic import BaseModel
from temporalio import workflow
from temporalio.common import RawValue, RetryPolicy
from temporalio.exceptions import FailureError

from contracts.attempts import Cost, Failure, Fault
from contracts.happenings import StepBegun, StepEnded
from contracts.receipts import Waiting
from contracts.steps import Effect, EffectLookup, ModelTask, Offers, Read, Step
from workflows.kernel.attempts import (
    NEXT_ATTEMPT,
    Next,
    NextFacts,
    cause_of,
    evidence_digest,
    read_failure,
)
from workflows.kernel.decisions import Decision
from workflows.kernel.endings import DeadlineReached, StepFailed, StoryEnded
from workflows.kernel.run import Run
from workflows.kernel.scheduling import Attempt, Attempts, Begun
from workflows.kernel.telling import moment
from workflows.kernel.trail import json_digest

__all__ = ["Steps"]

Request = TypeVar("Request", bound=BaseModel)
Reply = TypeVar("Reply", bound=BaseModel)


class Steps:
    """Runs the steps of one run."""

    def __init__(self, run: Run, renew_lease: Callable[[], Awaitable[None]]) -> None:
        self.run = run
        self._renew_lease = renew_lease
        self._attempts = Attempts(run)

    def effect_key(self, step: Effect[Request, Reply], request: Request) -> str:
        """The same in every attempt, run and reset of a workflow id."""
        return self._attempts.effect_key(step, request)

    def begin(self, step: Step[Request, Reply], request: Request, why: str) -> Begun[Request, Reply]:
        """Take the first hold. Awaits nothing, so steps begun together are held together or not at all."""
        numbers = self.run.sheet.steps[step.name]
        size = len(request.model_dump_json().encode())
        if size > numbers.max_request_bytes:
            reason = f"its request has {size} bytes, of at most {numbers.max_request_bytes}"
            failure = Failure(fault=Fault.OVER_HOLD, cost=Cost.NONE, reason=reason)
            raise StepFailed(step.name, failure, "nothing was scheduled")
        index = self.run.begin_step(step.name, why)
        begun = Begun(step, request, size, numbers, index, why, Attempt(id=""))
        if isinstance(step, Read):
            return begun
        try:
            return replace(begun, first=self._attempts.hold(begun, 1, numbers.max_output_tokens, None))
        except StoryEnded:
            self.run.mark(index, state="failed")
            raise

    def begin_all(
        self, step: Step[Request, Reply], requests: Sequence[Request], why: str
    ) -> list[Begun[Request, Reply]]:
        """Begin every one, or none: when a hold does not fit, those taken are released."""
        begun: list[Begun[Request, Reply]] = []
        try:
            for request in requests:
                begun.append(self.begin(step, request, why))
        except StoryEnded:
            self._give_back(begun)
            raise
        return begun

    def _give_back(self, begun: Sequence[Begun[Request, Reply]]) -> None:
        """What was begun is not scheduled after all."""
        for each in begun:
            if each.first.id:
                self.run.ledger.release(each.first.id)
            self.run.mark(each.index, state="failed")

    async def finish(self, begun: Begun[Request, Reply]) -> Reply:
        """Schedule it and see it through its attempts."""
        number, began_at = begun.index + 1, moment()
        self.run.tell(lambda: StepBegun(step=begun.step.name, step_number=number, why=begun.why))
        try:
            if isinstance(begun.step, Read):
                reply: Reply = await self._read(begun.step, begun.request, begun.why, f"{number}")
            else:
                reply = await self._see_through(begun)
        except BaseException:
            self._end(begun, began_at, done=False)
            raise
        self._end(begun, began_at, done=True)
        return reply

    def _end(self, begun: Begun[Request, Reply], began_at: datetime, *, done: bool) -> None:
        self.run.mark(begun.index, state="done" if done else "failed")
        name, number = begun.step.name, begun.index + 1
        self.run.tell(
            lambda: StepEnded(step=name, step_number=number, why=begun.why, began_at=began_at, done=done)
        )

    async def together(self, begun: Sequence[Begun[Request, Reply]]) -> list[Reply]:
        """Run steps side by side. The first failure cancels the others, in order, before it is raised."""
        tasks = [asyncio.create_task(self.finish(each)) for each in begun]
        try:
            return list(await asyncio.gather(*tasks))
        except BaseException:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            # A task that is cancelled before it begins schedules nothing.
            self._give_back([each for each in begun if self.run.ledger.is_held(each.first.id)])
            raise

    async def _see_through(self, begun: Begun[Request, Reply]) -> Reply:
        attempt, failures = begun.first, list[Failure]()
        for number in range(1, begun.numbers.policy.attempts + 1):
            self.run.mark(begun.index, attempts=number, state="running")
            await self._cover(begun, attempt)
            ended = await self._attempts.make(begun, attempt)
            if not isinstance(ended, Failure):
                return ended
            if (found := await self._look_up(begun, attempt, ended)) is not None:
                return found
            failures.append(ended)
            attempt = await self._next(begun, attempt, failures)
        raise AssertionError("the table fails a step that has no attempt left")

    async def _cover(self, begun: Begun[Request, Reply], attempt: Attempt) -> None:
        """After a reset nothing may be spent before the tenant has leased it to this run, too."""
        if isinstance(begun.step, ModelTask):
            try:
                await self._renew_lease()
            except BaseException:
                self.run.ledger.release(attempt.id)
                raise

    async def _next(
        self, begun: Begun[Request, Reply], attempt: Attempt, failures: Sequence[Failure]
    ) -> Attempt:
        """Decide what follows a failed attempt, wait if need be, and take the next hold."""
        failure, number = failures[-1], len(failures)
        larger = min(attempt.max_output_tokens * 2, self.run.sheet.route.max_output_tokens)
        output, repair = attempt.max_output_tokens, None
        decision = self._decide(begun, failures, larger_possible=larger > output)
        if decision.outcome is Next.LATER and not await self._wait(begun, failure, number):
            decision = self._decide(begun, failures, larger_possible=larger > output)
        match decision.outcome:
            case Next.AGAIN | Next.LATER:
                pass
            case Next.REPAIR:
                repair = failure.repair
            case Next.LARGER:
                output = larger
            case Next.FAIL:
                self.run.check_open()
                raise StepFailed(begun.step.name, failure, decision.because)
        return self._attempts.hold(begun, number + 1, output, repair)

    def _decide(
        self, begun: Begun[Request, Reply], failures: Sequence[Failure], *, larger_possible: bool
    ) -> Decision[Next]:
        fault = failures[-1].fault
        return self.run.decide(
            NEXT_ATTEMPT,
            NextFacts(
                fault=fault,
                offers=begun.numbers.offers,
                may_have_happened=any(failure.cost is Cost.UNKNOWN for failure in failures),
                leaving=self._must_end(),
                attempts_left=begun.numbers.policy.attempts - len(failures),
                seen=sum(failure.fault is fault for failure in failures),
                larger_possible=larger_possible,
            ),
        )

    async def _wait(self, begun: Begun[Request, Reply], failure: Failure, number: int) -> bool:
        """Wait for the next attempt's time; False when the run has to end before it comes."""
        policy = begun.numbers.policy
        # Full jitter spreads the runs that met the same fault at the same moment.
        backoff = min(policy.longest_wait, policy.first_wait * 2 ** (number - 1)) * (
            0.5 + workflow.random().random() / 2
        )
        wait = max(backoff, timedelta(seconds=failure.retry_after_s or 0))
        if wait >= self.run.story_time:
            raise DeadlineReached(f"another attempt of {begun.step.name} could begin only after the deadline")
        self.run.mark(begun.index, state="waiting")
        waiting = Waiting(
            what=f"attempt {number + 1} of {begun.step.name} ({failure.fault.value})",
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
        """The run has to end, or a step beside this one failed and cancelled it."""
        # An activity that is told to stop may still end in another way; then only the task knows.
        task = asyncio.current_task()
        return self.run.must_leave or (task is not None and task.cancelling() > 0)

    async def _read(self, step: Read[Request, Reply], request: Request, why: str, read_id: str) -> Reply:
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
            run.show()
        try:
            raw: RawValue = await start(step.name, request, **options)
        except FailureError as error:
            failure, evidence = read_failure(error), evidence_digest(cause_of(error))
            run.trail.add({**entry, "fault": failure.fault.value, "digest": evidence})
            run.check_open()
            raise StepFailed(step.name, failure, "a read is retried where it runs") from error
        run.trail.add({**entry, "digest": json_digest(raw.payload)})
        reply: Reply = workflow.payload_converter().from_payload(raw.payload, step.reply)
        return reply

    async def _look_up(
        self, begun: Begun[Request, Reply], attempt: Attempt, failure: Failure
    ) -> Reply | None:
        """Ask the other side whether an effect with an unknown outcome happened."""
        step = begun.step
        if not isinstance(step, Effect) or step.lookup is None or failure.cost is not Cost.UNKNOWN:
            return None
        if begun.numbers.offers is not Offers.LOOKUP:
            return None
        question = EffectLookup(key=self._attempts.effect_key(step, begun.request))
        lookup_id = f"{attempt.id}-lookup"
        try:
            found: Reply = await self._read(step.lookup, question, "it may have happened", lookup_id)
        except StepFailed as failed:
            if failed.fault is Fault.NOT_FOUND:
                return None
            raise
        return found
