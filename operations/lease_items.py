"""What a history tells of a run's lease on its tenant's money."""

from typing import Any

from temporalio.api.failure.v1 import Failure

from contracts.leases import Lease, LeaseClosed, close_lease, open_lease
from contracts.receipts import LeaseState

__all__ = ["LEASE_STEPS", "lease_told"]

LEASE_STEPS = frozenset({open_lease.name, close_lease.name})


def lease_told(step: str, reply: Any, failure: Failure | None) -> dict[str, Any]:
    """The fields of a `LeaseNoted`."""
    opening = step == open_lease.name
    if failure is not None:
        state = LeaseState.DENIED if opening else LeaseState.LEFT_OPEN
        return {"state": state, "reason": failure.message}
    if opening:
        lease = Lease.model_validate(reply)
        state = LeaseState.OPEN if lease.granted else LeaseState.DENIED
        return {"state": state, "reason": lease.reason, "free": lease.free}
    closed = LeaseClosed.model_validate(reply)
    booked = {"settled": closed.settled, "unknown": closed.unknown, "returned": closed.returned}
    return {"state": LeaseState.CLOSED, **booked}
