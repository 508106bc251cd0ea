"""A run's lease on its tenant's money: taken before the run spends, given back at its end."""

from datetime import timedelta
from decimal import Decimal

from pydantic import Field

from contracts.attempts import Fault
from contracts.receipts import AttemptEnd
from contracts.sheet import Price
from contracts.steps import Read, StepPolicy
from contracts.values import Usd, Value

__all__ = [
    "BOOKKEEPING",
    "CloseLease",
    "CloseLeft",
    "Lease",
    "LeaseClosed",
    "LeaseRequest",
    "LeftClosed",
    "Settlement",
    "close_lease",
    "close_left_leases",
    "open_lease",
]


class LeaseRequest(Value):
    """Asked for once by every run; asked again under the same id it is answered with the same lease."""

    lease: str = Field(min_length=1, max_length=80)
    """The id of the run that spends on it."""
    workflow: str
    workflow_id: str
    tenant: str
    profile: str
    amount: Usd
    """The most that the run may spend."""


class Lease(Value):
    """Granted, or denied with the reason."""

    lease: str
    granted: bool
    reason: str = Field(default="", max_length=400)
    """One line for a person; empty when granted."""
    free: Usd | None = None
    """What the tenant may still lease after this; None without a cap."""
    period: str
    """The day whose budget it counts in, and with it the month."""


class Settlement(Value):
    """What one attempt of a model task came to."""

    attempt_id: str
    step: str
    step_number: int = Field(ge=1)
    route: str
    model: str
    end: AttemptEnd
    """`settled`, `unknown` (booked at its hold) or `released`."""
    usd: Usd = Decimal(0)
    tokens: int = Field(default=0, ge=0)
    calls: int = Field(default=0, ge=0)
    fault: Fault | None = None
    price: Price | None = None
    """The sheet's, so that tokens which are proven later cost the same; None when no longer known."""


class CloseLease(Value):
    """The run has ended: what it spent, attempt by attempt; the rest is free again."""

    lease: str
    settlements: list[Settlement]


class LeaseClosed(Value):
    """What is booked on the lease now, over all of its attempts."""

    lease: str
    settled: Usd
    unknown: Usd
    returned: Usd
    """What this call gave back; zero when the lease was closed before."""


class CloseLeft(Value):
    """Close what runs have left open."""

    patience: timedelta
    """Of leases that were opened within this time nobody asks."""


class LeftClosed(Value):
    """How many leases were open for longer, and what became of them."""

    running: int
    """Their runs go on."""
    closed: int
    """From the history of a run that has ended."""
    forfeited: int
    """Booked as unknown altogether: no history is left."""


# A database that is away must cost a run seconds, not its deadline.
BOOKKEEPING = StepPolicy(
    attempt_timeout=timedelta(seconds=5),
    attempts=3,
    first_wait=timedelta(milliseconds=200),
    longest_wait=timedelta(seconds=1),
)

open_lease = Read(name="open_lease", request=LeaseRequest, reply=Lease, policy=BOOKKEEPING)

close_lease = Read(name="close_lease", request=CloseLease, reply=LeaseClosed, policy=BOOKKEEPING)

close_left_leases = Read(
    name="close_left_leases",
    request=CloseLeft,
    reply=LeftClosed,
    local=False,
    # A history takes milliseconds; thousands may be left when a ledger was away for long.
    policy=StepPolicy(attempt_timeout=timedelta(minutes=10), attempts=3, heartbeat=timedelta(seconds=30)),
)
