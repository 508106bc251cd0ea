"""What a workflow holds in its hand: one case, within its terms."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any, TypeVar

from pydantic import BaseModel
from temporalio import workflow
from temporalio.common import RawValue, RetryPolicy
from temporalio.exceptions import ApplicationError, FailureError, is_cancelled_exception

from contracts.certificates import MOST_EVENTS
from contracts.happenings import RunEnded, RunOpened
from contracts.receipts import Ending, Receipt, Result, Status
from contracts.sheet import Sheet, resolve_sheet
from contracts.steps import Effect, ModelTask, Step
from contracts.terms import Terms
from contracts.values import plain
from workflows.kernel.approvals import Approval, Approvals
from workflows.kernel.attempts import cause_of
from workflows.kernel.certificate import certificate
from workflows.kernel.decisions import Facts, Outcome, Table
from workflows.kernel.endings import Cancelled, DeadlineReached, StoryEnded
from workflows.kernel.gathering import Gathered, gather
from workflows.kernel.leases import RunLease, heard_out
from workflows.kernel.ledger import room_for
from workflows.kernel.parking import Parking
from workflows.kernel.plan import MOST_AT_ONCE, Plan, least_cap
from workflows.kernel.run import Run
from workflows.kernel.scheduling import effect_key
from workflows.kernel.steps import Steps
from workflows.kernel.trail import input_digest, json_digest

__all__ = ["DEADLINE", "PENDING_TRAIL", "STATUS", "Case"]

STATUS = "status"
PENDING_TRAIL = "pending_trail"
"""The query for the entries that ride with the next link: while a run waits, its history lacks them."""
DEADLINE = "deadline, less the time for the way out"
"""The summary of the timer that every story runs under."""

Request = TypeVar("Request", bound=BaseModel)
Reply = TypeVar("Reply", bound=BaseModel)
Part = TypeVar("Part")
Outcomes = TypeVar("Outcomes", bound=Result)


class Case:
    """Made in `@workflow.init`, so that queries and answers are handled from the first task on."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._run: Run | None = None
        self._approvals = Approvals()
        self._parking = Parking()
        workflow.set_query_handler(STATUS, self._status)
        workflow.set_query_handler(PENDING_TRAIL, self._pending_trail)

    async def run(
        self,
        terms: Terms,
        story: Coroutine[Any, Any, Outcomes],
        leave: Callable[[Ending], Coroutine[Any, Any, Outcomes]],
    ) -> Outcomes:
        """Run the story within its terms. When it cannot reach its end, take the way out instead.

        `leave` runs with the escrow opened and outside of any cancellation. The result carries the receipt.
        """
        try:
            run = await self._open(terms)
        except BaseException:
            story.close()
            raise
        try:
            result = await self._see_through(run, story, leave)
        except ApplicationError:
            await heard_out(self._finish())
            self._end(run, failed=True)
            raise
        await heard_out(self._finish())
        run.show()
        self._end(run, failed=False)
        receipt = Receipt(trail=run.trail.link(run.ledger.balance()))
        return result.model_copy(update={"receipt": receipt, "ending": run.ending})

    async def step(self, step: Step[Request, Reply], request: Request, *, why: str) -> Reply:
        """Make one bounded call; raises StoryEnded (StepFailed when it finally fails)."""
        return await self._steps.finish(self._steps.begin(step, request, why))

    async def ask_again(self, task: ModelTask[Request, Reply], request: Request, *, why: str) -> Reply:
        """Make one model call on the profile's second route, where it has one: another opinion."""
        return await self._steps.finish(self._steps.begin(task, request, why, another_route=True))

    async def gather(
        self,
        task: ModelTask[Request, Reply],
        requests: Sequence[Request],
        take: Callable[[int, Reply], Part],
        *,
        why: str,
        at_once: int = MOST_AT_ONCE,
    ) -> Gathered[Part]:
        """Make the calls of one piece of work side by side, at most so many at a time.

        Every first hold is taken before anything is scheduled, or none. A call that finally fails leaves a
        gap, and a table says whether the others go on. Of each reply is kept what `take` makes of it, as soon
        as it is there: to work on hundreds of them at the end would take longer than a workflow task may.
        """
        run = self.opened
        run.gathered[task.name] += 1
        run.plan.check_gathered(task.name, run.gathered[task.name], at_once)
        return await gather(self._steps, self._steps.begin_all(task, requests, why), take, at_once)

    def room(self, task: ModelTask[Request, Any]) -> int:
        """How many bytes of a stranger's text one call of it can take on the profile's first route."""
        return room_for(self.opened.sheet.steps[task.name], self.opened.sheet.routes[0])

    def affordable(self, task: ModelTask[Request, Reply], requests: Sequence[Request]) -> int:
        """How many of these calls, from the first on, could be held together now."""
        return self._steps.affordable(task, requests)

    def decide(self, table: Table[Facts, Outcome], facts: Facts) -> Outcome:
        """Let a table decide on recorded facts."""
        return self.opened.decide(table, facts).outcome

    def enter(self, stage: StrEnum) -> None:
        """Enter a stage along a declared transition."""
        self.opened.enter(stage)

    async def approval(
        self,
        effect: Effect[Request, Any],
        request: Request,
        *,
        worst_usd: Decimal,
        policy: str,
        within: timedelta,
    ) -> Approval:
        """Ask a person for one exact action."""
        return await self._approvals.ask(
            self.opened, effect.name, request, worst_usd=worst_usd, policy=policy, within=within
        )

    def key_of(self, effect: Effect[Request, Any], request: Request) -> str:
        """The idempotency key under which an effect is or will be asked for."""
        return effect_key(effect, request)

    def limit(self, name: str) -> Decimal:
        """A threshold of the run's sheet."""
        return self.opened.sheet.thresholds[name]

    @property
    def today(self) -> date:
        """The day on which the run was opened, the same in every replay."""
        return self.opened.opened_at.date()

    @property
    def opened(self) -> Run:
        """The run's state, once its sheet is known."""
        if self._run is None:
            raise AssertionError("the story begins after the sheet")
        return self._run

    async def _open(self, terms: Terms) -> Run:
        policy = resolve_sheet.policy
        try:
            raw: RawValue = await workflow.execute_local_activity(
                resolve_sheet.name,
                self._plan.sheet_request(terms.profile),
                activity_id="sheet",
                result_type=RawValue,
                start_to_close_timeout=policy.attempt_timeout,
                retry_policy=RetryPolicy(
                    initial_interval=policy.first_wait, maximum_attempts=policy.attempts
                ),
            )
        except FailureError as error:
            if is_cancelled_exception(error):
                raise  # nothing was begun, so there is no way out to take
            raise ApplicationError(str(cause_of(error)), type="no_sheet", non_retryable=True) from error
        sheet = workflow.payload_converter().from_payload(raw.payload, Sheet)
        least = least_cap(self._plan, sheet)
        if not least.fits(terms.cap):
            raise ApplicationError(
                f"the cap ({plain(terms.cap.usd)} USD, {terms.cap.tokens} tokens, {terms.cap.calls} calls, "
                f"{terms.cap.steps} steps) is below escrow plus the first hold ({plain(least.usd)} USD, "
                f"{least.tokens} tokens, {least.calls} calls, {least.steps} steps)",
                type="cap_too_small",
                non_retryable=True,
            )
        if terms.deadline <= sheet.escrow.time:
            raise ApplicationError(
                f"the deadline leaves no time: the way out alone keeps {sheet.escrow.time}",
                type="deadline_too_short",
                non_retryable=True,
            )
        if (events := certificate(self._plan, sheet, terms).events) > MOST_EVENTS:
            raise ApplicationError(
                f"its history could come to {events} events; at most {MOST_EVENTS} are allowed",
                type="certificate_too_large",
                non_retryable=True,
            )
        self._run = Run(self._plan, terms, sheet)
        self._run.trail.add({"input": input_digest(), "sheet": json_digest(raw.payload)})
        self._lease = RunLease(self._run)
        self._steps = Steps(self._run, self._parking, self._lease.renew)
        self._run.describe()
        run = self._run
        run.tell(lambda: RunOpened(stage=run.stage.value, cap_usd=terms.cap.usd, deadline_at=run.deadline_at))
        return run

    async def _see_through(
        self,
        run: Run,
        story: Coroutine[Any, Any, Outcomes],
        leave: Callable[[Ending], Coroutine[Any, Any, Outcomes]],
    ) -> Outcomes:
        try:
            await self._take_lease(story)
            return await self._tell(run, story)
        except StoryEnded as ended:
            return await self._leave(run, ended.ending, leave)
        except asyncio.CancelledError:
            return await self._leave(run, run.closing or Cancelled().ending, leave)

    async def _take_lease(self, story: Coroutine[Any, Any, Outcomes]) -> None:
        try:
            await self._lease.open()
        except BaseException:
            story.close()
            raise

    async def _finish(self) -> None:
        """What people sent last is answered; then the rest of the money goes back."""
        await workflow.wait_condition(workflow.all_handlers_finished)
        await self._lease.close()

    def _end(self, run: Run, *, failed: bool) -> None:
        run.tell(
            lambda: RunEnded(
                began_at=run.started_at,
                stage=run.stage.value,
                ending=run.ending.kind if run.ending is not None else None,
                failed=failed,
                balance=run.ledger.balance(),
                moments=tuple(run.tell.moments),
            )
        )

    async def _tell(self, run: Run, story: Coroutine[Any, Any, Outcomes]) -> Outcomes:
        """The story, until it ends, or a timer or a cancellation ends it."""
        telling = asyncio.ensure_future(story)
        deadline = asyncio.ensure_future(workflow.sleep(run.story_time, summary=DEADLINE))
        with suppress(asyncio.CancelledError):
            await workflow.wait([telling, deadline], return_when=asyncio.FIRST_COMPLETED)
        if not telling.done():
            if deadline.done():
                run.closing = DeadlineReached(f"the deadline is {run.deadline_at:%Y-%m-%d %H:%M:%SZ}").ending
            telling.cancel()
        try:
            # A story that reached its end leaves its timer to the server, which forgets it with the run:
            # cancelling it would be one more event in every history.
            return await telling
        except BaseException:
            deadline.cancel()
            raise

    async def _leave(
        self, run: Run, ending: Ending, leave: Callable[[Ending], Coroutine[Any, Any, Outcomes]]
    ) -> Outcomes:
        run.ending, run.leaving = ending, True
        run.ledger.open_escrow()
        run.trail.add({"ending": ending.kind.value, "reason": ending.reason})
        try:
            return await heard_out(leave(ending))
        except StoryEnded as failed:
            raise ApplicationError(
                f"the way out failed: {failed.ending.reason} (left because {ending.reason})",
                Receipt(trail=run.trail.link(run.ledger.balance())),
                type="way_out_failed",
                non_retryable=True,
            ) from failed

    def _status(self) -> Status | None:
        return self._run.status() if self._run is not None else None

    def _pending_trail(self) -> list[dict[str, Any]]:
        return self._run.trail.pending if self._run is not None else []
