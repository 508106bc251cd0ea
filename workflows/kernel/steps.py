"""The three kinds of step, each bounded, each attempt booked before anything else is decided."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, Generic, TypeVar

from pydantic import BaseModel
from temporalio import workflow
from temporalio.common import RawValue, RetryPolicy
from temporalio.exceptions import ActivityError

from contracts.attempts import Cost, EffectCall, Failure, Fault, ModelCall, ModelReply, Repair
from contracts.receipts import Waiting
from contracts.sheet import StepNumbers
from contracts.steps import Effect, EffectLookup, ModelTask, Offers, Read, Step
from contracts.terms import Amount
from contracts.values import plain
from workflows.kernel.attempts import NEXT_ATTEMPT, Next, NextFacts, evidence_digest, failure_of, read_failure
from workflows.kernel.endings import DeadlineReached, StepFailed, StoryEnded
from workflows.kernel.ledger import cost_of, worst_case
from workflows.kernel.run import Run
from workflows.kernel.trail import OUTGOING, json_digest

__all__ = ["Begun", "Steps"]

Request = TypeVar("Request", bound=BaseModel)
Reply = TypeVar("Reply", bound=BaseModel)

ONE_SERVER_ATTEMPT = RetryPolicy(maximum_attempts=1)


@dataclass(frozen=True)
class Attempt:
    """One try of a step, its hold taken."""

    id: str
    max_output_tokens: int = 0
    max_input_bytes: int = 0
    repair: Repair | None = None


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


class Steps:
    """Runs the steps of one run."""

    def __init__(self, run: Run) -> None:
        self.run = run

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
        return replace(begun, first=self._hold(begun, 1, numbers.max_output_tokens, None))

    def begin_all(
        self, step: Step[Request, Reply], requests: Sequence[Request], why: str
    ) -> list[Begun[Request, Reply]]:
        """Begin every one, or none: when a hold does not fit, those taken are released."""
        begun: list[Begun[Request, Reply]] = []
        try:
            for request in requests:
                begun.append(self.begin(step, request, why))
        except StoryEnded:
            for each in begun:
                if each.first.id:
                    self.run.ledger.release(each.first.id)
                self.run.mark(each.index, state="failed")
            raise
        return begun

    async def finish(self, begun: Begun[Request, Reply]) -> Reply:
        """Schedule it and see it through its attempts."""
        try:
            if isinstance(begun.step, Read):
                reply: Reply = await self._read(begun.step, begun.request, begun.why, f"{begun.index + 1}")
            else:
                reply = await self._attempts(begun)
        except BaseException:
            self.run.mark(begun.index, state="failed")
            raise
        self.run.mark(begun.index, state="done")
        return reply

    async def together(self, begun: Sequence[Begun[Request, Reply]]) -> list[Reply]:
        """Run steps side by side. The first failure cancels the others, in order, before it is raised."""
        tasks = [asyncio.create_task(self.finish(each)) for each in begun]
        try:
            return list(await asyncio.gather(*tasks))
        except BaseException:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            raise

    def _hold(
        self, begun: Begun[Request, Reply], number: int, max_output_tokens: int, repair: Repair | None
    ) -> Attempt:
        attempt_id = f"{begun.index + 1}.{number}-{workflow.uuid4().hex[:16]}"
        if not isinstance(begun.step, ModelTask):
            self.run.ledger.hold(attempt_id, begun.step.name, Amount())
            return Attempt(id=attempt_id)
        size = begun.request_bytes + (len(repair.model_dump_json().encode()) if repair else 0)
        hold = worst_case(begun.numbers, self.run.sheet.route, size, max_output_tokens)
        self.run.ledger.hold(attempt_id, begun.step.name, hold)
        return Attempt(attempt_id, max_output_tokens, size + begun.numbers.overhead_bytes, repair)

    async def _attempts(self, begun: Begun[Request, Reply]) -> Reply:
        attempt = begun.first
        seen: dict[Fault, int] = {}
        allowed = begun.numbers.policy.attempts
        for number in range(1, allowed + 1):
            self.run.mark(begun.index, attempts=number, state="running")
            ended = await self._attempt(begun, attempt)
            if not isinstance(ended, Failure):
                return ended
            self.run.check_open()
            if (found := await self._look_up(begun, attempt, ended)) is not None:
                return found
            seen[ended.fault] = seen.get(ended.fault, 0) + 1
            attempt = await self._next(begun, attempt, ended, number, seen[ended.fault])
        raise AssertionError("the table fails a step that has no attempt left")

    async def _attempt(self, begun: Begun[Request, Reply], attempt: Attempt) -> Reply | Failure:
        """Schedule one attempt and book what it proves."""
        ledger, trail = self.run.ledger, self.run.trail
        entry: dict[str, Any] = {"attempt": attempt.id, "step": begun.step.name}
        try:
            raw = await self._schedule(begun, attempt)
        except ActivityError as error:
            self.run.tick()
            failure = failure_of(error)
            self._book_failure(attempt, failure)
            evidence = evidence_digest(error.cause)
            trail.add({**entry, "fault": failure.fault.value, "digest": evidence, **self._booked(attempt)})
            return failure
        except asyncio.CancelledError:
            # Completed and cancelled in the same moment: the SDK keeps the result to itself.
            self.run.tick()
            ledger.lose(attempt.id, Fault.CANCELLED)
            trail.add({**entry, "fault": Fault.CANCELLED.value, **self._booked(attempt)})
            raise
        self.run.tick()
        reply = self._take(begun, attempt, raw)
        trail.add({**entry, "digest": json_digest(raw.payload), **self._booked(attempt)})
        return reply

    def _take(self, begun: Begun[Request, Reply], attempt: Attempt, raw: RawValue) -> Reply:
        converter, ledger = workflow.payload_converter(), self.run.ledger
        if not isinstance(begun.step, ModelTask):
            ledger.settle(attempt.id, Amount())
            plain_reply: Reply = converter.from_payload(raw.payload, begun.step.reply)
            return plain_reply
        answer = converter.from_payload(raw.payload, ModelReply[begun.step.reply])  # type: ignore[name-defined]
        if answer.usage is None:
            ledger.lose(attempt.id)
            self.run.notices.append(f"{attempt.id}: the provider's usage was not believable")
        else:
            ledger.settle(attempt.id, cost_of(answer.usage, self.run.sheet.route))
        reply: Reply = answer.reply
        return reply

    def _book_failure(self, attempt: Attempt, failure: Failure) -> None:
        ledger = self.run.ledger
        if failure.fault is Fault.NOT_STARTED:
            ledger.release(attempt.id, failure.fault)
        elif failure.cost is Cost.UNKNOWN:
            ledger.lose(attempt.id, failure.fault)
        elif failure.usage is not None:
            ledger.settle(attempt.id, cost_of(failure.usage, self.run.sheet.route), failure.fault)
        else:
            calls = 1 if attempt.max_output_tokens else 0
            ledger.settle(attempt.id, Amount(calls=calls), failure.fault)

    def _booked(self, attempt: Attempt) -> dict[str, Any]:
        line = next(line for line in reversed(self.run.ledger.lines) if line.attempt_id == attempt.id)
        actual = (
            line.actual.model_dump(mode="json", exclude_defaults=True) if line.actual is not None else None
        )
        return {"end": line.end.value, "actual": actual}

    def _schedule(self, begun: Begun[Request, Reply], attempt: Attempt) -> workflow.ActivityHandle[RawValue]:
        """One server attempt: what may have cost money comes back to the workflow, always."""
        run, policy = self.run, begun.numbers.policy
        args, task_queue, summary = self._arguments(begun, attempt)
        token = OUTGOING.set(run.trail.link(run.ledger.balance()))
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
                attempt_id=attempt.id, key=self.effect_key(begun.step, begun.request), timeout_s=patience
            )
            return [begun.request, call], None, f"because {begun.why}; once: {call.key}"[:400]
        route = self.run.sheet.route
        model_call = ModelCall(
            attempt_id=attempt.id,
            profile=route.profile,
            model=route.model,
            max_output_tokens=attempt.max_output_tokens,
            max_input_bytes=attempt.max_input_bytes,
            temperature=route.temperature,
            timeout_s=min(route.timeout.total_seconds(), patience),
            repair=attempt.repair,
        )
        hold = route.price.of(attempt.max_input_bytes, attempt.max_output_tokens)
        summary = f"because {begun.why}; {route.profile}, at most ${plain(hold)}"[:400]
        return [begun.request, model_call], route.task_queue, summary

    def effect_key(self, step: Effect[Request, Reply], request: Request) -> str:
        """The same in every attempt, run and reset of a workflow id."""
        return f"{workflow.info().workflow_id}/{step.name}/{step.key(request)}"

    async def _next(
        self, begun: Begun[Request, Reply], attempt: Attempt, failure: Failure, number: int, seen: int
    ) -> Attempt:
        """Decide what follows a failed attempt, wait if need be, and take the next hold."""
        route, policy = self.run.sheet.route, begun.numbers.policy
        # Full jitter spreads the runs that met the same fault at the same moment.
        backoff = min(policy.longest_wait, policy.first_wait * 2 ** (number - 1)) * (
            0.5 + workflow.random().random() / 2
        )
        wait = max(backoff, timedelta(seconds=failure.retry_after_s or 0))
        larger = min(attempt.max_output_tokens * 2, route.max_output_tokens)
        decision = self.run.decide(
            NEXT_ATTEMPT,
            NextFacts(
                fault=failure.fault,
                cost=failure.cost,
                offers=begun.numbers.offers,
                attempts_left=policy.attempts - number,
                seen=seen,
                larger_possible=larger > attempt.max_output_tokens,
            ),
        )
        output, repair = attempt.max_output_tokens, None
        match decision.outcome:
            case Next.AGAIN:
                pass
            case Next.LATER:
                await self._wait(begun, failure, number, wait)
            case Next.REPAIR:
                repair = failure.repair
            case Next.LARGER:
                output = larger
            case Next.FAIL:
                raise StepFailed(begun.step.name, failure, decision.because)
        return self._hold(begun, number + 1, output, repair)

    async def _wait(
        self, begun: Begun[Request, Reply], failure: Failure, number: int, wait: timedelta
    ) -> None:
        if wait >= self.run.story_time:
            raise DeadlineReached(f"another attempt of {begun.step.name} could begin only after the deadline")
        self.run.mark(begun.index, state="waiting")
        waiting = Waiting(
            what=f"attempt {number + 1} of {begun.step.name} ({failure.fault.value})",
            until=min(self.run.now + wait, self.run.leaves_at),
            otherwise="the attempt begins",
        )
        with self.run.waiting(waiting):
            await workflow.sleep(wait, summary=f"{begun.step.name} again after {failure.fault.value}")
        self.run.tick()

    async def _read(self, step: Read[Request, Reply], request: Request, why: str, read_id: str) -> Reply:
        """Free and repeatable, so the server (or, when local, the worker) may retry it."""
        run, policy = self.run, self.run.sheet.steps[step.name].policy
        entry: dict[str, Any] = {"read": read_id, "step": step.name}
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
        try:
            raw: RawValue = await start(step.name, request, **options)
        except ActivityError as error:
            failure = read_failure(error)
            run.trail.add({**entry, "fault": failure.fault.value, "digest": evidence_digest(error.cause)})
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
        question = EffectLookup(key=self.effect_key(step, begun.request))
        lookup_id = f"{attempt.id}-lookup"
        try:
            found: Reply = await self._read(step.lookup, question, "it may have happened", lookup_id)
        except StepFailed as failed:
            if failed.fault is Fault.NOT_FOUND:
                return None
            raise
        return found
