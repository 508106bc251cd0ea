"""Opening and closing leases: bookkeeping of a run's start and end, repeatable at any moment."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from temporalio import activity
from temporalio.exceptions import ApplicationError

from activities.tenant_ledger import NoLease, TenantLedger
from contracts.leases import CloseLease, Lease, LeaseClosed, LeaseRequest, close_lease, open_lease

__all__ = ["LeaseActivities"]


class LeaseActivities:
    """Leases on one ledger. An error of the database is an ordinary one, which the server retries."""

    def __init__(self, ledger: TenantLedger) -> None:
        self._ledger = ledger

    def activities(self) -> list[Callable[..., Any]]:
        """What a worker registers."""
        return [self.open_lease, self.close_lease]

    @activity.defn(name=open_lease.name)
    async def open_lease(self, request: LeaseRequest) -> Lease:
        """The same lease for the same id, however often it is asked for."""
        return await asyncio.to_thread(self._ledger.open, request, datetime.now(UTC))

    @activity.defn(name=close_lease.name)
    async def close_lease(self, request: CloseLease) -> LeaseClosed:
        """Books each attempt once. Fails as `no_lease` when this ledger never granted it."""
        try:
            return await asyncio.to_thread(
                self._ledger.close, request.lease, request.settlements, datetime.now(UTC)
            )
        except NoLease as error:
            raise ApplicationError(str(error), type="no_lease", non_retryable=True) from error
