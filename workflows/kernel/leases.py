"""A run's lease on its tenant's money: no lease, no money; at the end the rest goes back.

Bookkeeping, so it runs beside the workflow. It never makes a run fail: without a database a run leaves by its
way out, and a lease that could not be closed is closed from the run's history by maintenance.
"""

import asyncio
from collections.abc import Coroutine
from contextlib import suppress
from decimal import Decimal
from typing import Any, TypeVar

from pydantic import BaseModel
from temporalio import workflow
from temporalio.common import RawValue, RetryPolicy
from temporalio.exceptions import FailureError, is_cancelled_exception

from contracts.leases import CloseLease, Lease, LeaseRequest, Settlement, close_lease, open_lease
from contracts.receipts import AttemptEnd, AttemptLine, LeaseLine, LeaseState
from contracts.sheet import Price
from contracts.steps import Read
from workflows.kernel.attempts import cause_of, evidence_digest
from workflows.kernel.endings import Cancelled, LeaseDenied
from workflows.kernel.run import Run
from workflows.kernel.trail import json_digest

__all__ = ["RunLease", "heard_out"]

Request = TypeVar("Request", bound=BaseModel)
Reply = TypeVar("Reply", bound=BaseModel)
Returned = TypeVar("Returned")


class RunLease:
    """One at a time; a reset takes a new one for what the run may still spend."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._number = 0
        self._before: frozenset[str] = frozenset()
        """Attempts that ended before this lease: they are on another run's."""
        self._was_reset = False
        """The lease is another run's; until this run is granted one, nothing may be spent."""
        self._denied: str | None = None
        """Why it was denied one after it was reset."""
        self._renewing = asyncio.Lock()
        # A reset run goes on with the history of another, whose lease is closed by that run's end.
        workflow.register_random_seed_callback(lambda _: self._note_reset())

    async def open(self) -> None:
        """Take it; raises LeaseDenied when the tenant's money is leased or spent, or nobody can say."""
        run = self._run
        if run.lease is None:
            run.ledger.withhold()
        self._number += 1
        request = LeaseRequest(
            lease=workflow.info().run_id,
            workflow=run.plan.name,
            workflow_id=workflow.info().workflow_id,
            tenant=run.terms.tenant,
            profile=run.terms.profile,
            # An overrun may have spent more than all of it.
            amount=max(Decimal(0), run.terms.cap.usd - run.spent_usd),
        )
        lease = await self._ask(request)
        state = LeaseState.OPEN if lease.granted else LeaseState.DENIED
        run.lease = LeaseLine(
            lease=lease.lease, usd=request.amount, state=state, free=lease.free, reason=lease.reason
        )
        if not lease.granted:
            run.ledger.withhold()
            self._denied = lease.reason
            raise LeaseDenied(lease.reason)
        run.ledger.grant(run.terms.cap)
        self._was_reset = False

    async def renew(self) -> None:
        """Take a new one when the run was reset; raises LeaseDenied, once it was denied to everybody."""
        if not self._was_reset:
            return
        async with self._renewing:
            if self._denied is not None:
                raise LeaseDenied(self._denied)
            if self._was_reset:
                await self.open()

    async def close(self) -> None:
        """Give the rest back. When that does not work, the run ends all the same."""
        lease = self._run.lease
        if lease is None or lease.state is not LeaseState.OPEN:
            return
        settlements = self._settlements()
        if self._was_reset:
            # The lease is another run's, and closed by that run's end. What was done again is this run's.
            if settlements:
                await self._close_anew()
            return
        request = CloseLease(lease=lease.lease, settlements=settlements)
        try:
            await self._call(close_lease, request, f"lease-closed-{self._number}")
            state = LeaseState.CLOSED
        except FailureError as error:
            state = LeaseState.LEFT_OPEN
            notice = f"the lease is closed later, from the history: {words_of(error)}"
            self._run.notices.append(notice[:400])
        self._run.lease = lease.model_copy(update={"state": state})

    async def _close_anew(self) -> None:
        with suppress(LeaseDenied):
            await self.open()
            await self.close()

    async def _ask(self, request: LeaseRequest) -> Lease:
        try:
            return await self._call(open_lease, request, f"lease-{self._number}")
        except FailureError as error:
            if is_cancelled_exception(error):
                raise Cancelled() from error
            # Nobody can say what is free, so nothing may be spent.
            reason = f"no lease could be taken: {words_of(error)}"[:400]
            return Lease(lease=request.lease, granted=False, reason=reason, period="")

    async def _call(self, step: Read[Request, Reply], request: Request, name: str) -> Reply:
        policy, trail = step.policy, self._run.trail
        try:
            raw: RawValue = await workflow.execute_local_activity(
                step.name,
                request,
                activity_id=name,
                result_type=RawValue,
                start_to_close_timeout=policy.attempt_timeout,
                retry_policy=RetryPolicy(
                    initial_interval=policy.first_wait,
                    maximum_interval=policy.longest_wait,
                    maximum_attempts=policy.attempts,
                ),
            )
        except FailureError as error:
            trail.add({"lease": name, "digest": evidence_digest(cause_of(error))})
            raise
        trail.add({"lease": name, "digest": json_digest(raw.payload)})
        reply: Reply = workflow.payload_converter().from_payload(raw.payload, step.reply)
        return reply

    def _note_reset(self) -> None:
        ended = (line.attempt_id for line in self._run.ledger.lines if line.end is not AttemptEnd.HELD)
        self._before, self._was_reset, self._denied = frozenset(ended), True, None

    def _settlements(self) -> list[Settlement]:
        ledger = self._run.ledger
        lines = [line for line in ledger.lines if line.hold.calls and line.attempt_id not in self._before]
        return [settlement_of(line, ledger.price(line.attempt_id)) for line in lines]


def words_of(error: FailureError) -> str:
    cause = cause_of(error)
    return cause.message if isinstance(cause, FailureError) else str(cause)


def settlement_of(line: AttemptLine, price: Price | None) -> Settlement:
    """What the run's ledger says of one attempt."""
    lost = line.end in (AttemptEnd.UNKNOWN, AttemptEnd.HELD)
    cost = line.hold if line.actual is None else line.actual
    return Settlement(
        attempt_id=line.attempt_id,
        step=line.step,
        step_number=int(line.attempt_id.partition(".")[0]),
        route=line.route or "",
        model=line.model or "",
        end=AttemptEnd.UNKNOWN if lost else line.end,
        usd=cost.usd,
        tokens=cost.tokens,
        calls=cost.calls,
        fault=line.fault,
        price=price,
    )


async def heard_out(way: Coroutine[Any, Any, Returned]) -> Returned:
    """See it to its end; a cancellation meanwhile has been heard, and is what it is for."""
    task = asyncio.ensure_future(way)
    while not task.done():
        with suppress(asyncio.CancelledError):
            await workflow.wait([task])
    return task.result()
