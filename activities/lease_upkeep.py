"""Closing the leases of runs that have ended and did not close them, from what their histories prove."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from temporalio import activity

from activities.tenant_ledger import OpenLease, TenantLedger
from contracts.leases import CloseLeft, LeftClosed, Settlement, close_left_leases

__all__ = ["LeaseUpkeep", "RunAccount", "RunState"]


class RunState(StrEnum):
    """What the server knows of a run."""

    OPEN = "open"
    ENDED = "ended"
    GONE = "gone"
    """There is no history of it any more, or none that can be read."""


@dataclass(frozen=True)
class RunAccount:
    """Of one run: its state, and for an ended one what its history proves of each attempt of a model."""

    state: RunState
    settlements: Sequence[Settlement] = ()


class LeaseUpkeep:
    """`account_of` reads a run's account from its history; histories are not this package's business."""

    def __init__(
        self, ledger: TenantLedger, account_of: Callable[[OpenLease], Awaitable[RunAccount]]
    ) -> None:
        self._ledger = ledger
        self._account_of = account_of

    def activities(self) -> list[Callable[..., Any]]:
        """What a worker registers."""
        return [self.close_left_leases]

    @activity.defn(name=close_left_leases.name)
    async def close_left_leases(self, request: CloseLeft) -> LeftClosed:
        """Every lease is one transaction, so a round that is cut off has done what it did."""
        before = datetime.now(UTC) - request.patience
        left = await asyncio.to_thread(self._ledger.open_leases, before)
        states = []
        for lease in left:
            activity.heartbeat()
            states.append(await self._close(lease))
        counts = {state: states.count(state) for state in RunState}
        return LeftClosed(
            running=counts[RunState.OPEN], closed=counts[RunState.ENDED], forfeited=counts[RunState.GONE]
        )

    async def _close(self, lease: OpenLease) -> RunState:
        account = await self._account_of(lease)
        now = datetime.now(UTC)
        match account.state:
            case RunState.OPEN:
                pass
            case RunState.ENDED:
                await asyncio.to_thread(self._ledger.close, lease.lease, account.settlements, now)
            case RunState.GONE:
                logging.getLogger("leases").warning(
                    "no history of run %s of %s is left: its whole lease is booked as unknown",
                    lease.lease,
                    lease.workflow_id,
                )
                await asyncio.to_thread(self._ledger.forfeit, lease.lease, now)
        return account.state
