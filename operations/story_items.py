"""What can happen in a run, as a history records it: one value for each kind of item."""

from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import Field

from contracts.receipts import AttemptEnd, LeaseState
from contracts.sheet import Price
from contracts.terms import Amount
from contracts.values import Value

__all__ = [
    "ApprovalEnded",
    "AttemptMade",
    "Booked",
    "CancelAsked",
    "Decided",
    "Item",
    "LeaseNoted",
    "LeftEarly",
    "ParkingEnded",
    "PersonAnswered",
    "PersonRepaired",
    "ReadMade",
    "SignalIgnored",
    "StageEntered",
    "Waited",
]


class Booked(StrEnum):
    """What is known of the cost of an attempt."""

    PROVEN = "proven"
    NONE = "none"
    UNKNOWN = "unknown"
    HELD = "held"


class Happened(Value):
    """Where in the history, and when."""

    event: int
    at: datetime
    beyond: bool = False
    """After the last completed workflow task: no worker has taken note of it yet."""


class StageEntered(Happened):
    """The run entered a stage."""

    kind: Literal["stage"] = "stage"
    stage: str


class AttemptMade(Happened):
    """One attempt of a model task or an effect."""

    kind: Literal["attempt"] = "attempt"
    attempt_id: str
    step: str
    why: str
    route: str | None = None
    """None for an effect."""
    model: str | None = None
    price: Price | None = None
    """Of a model task, as the run's sheet has it."""
    key: str | None = None
    """An effect's idempotency key; None for a model task."""
    queued_s: float | None = None
    """Until a worker took it; None while nobody has."""
    ran_s: float | None = None
    """None while it runs, and when it never began."""
    outcome: str
    """`queued`, `running`, `succeeded`, `failed`, `timed out` or `cancelled`."""
    fault: str | None = None
    reason: str | None = None
    hold: Amount = Amount()
    cost: Booked = Booked.HELD
    usd: Decimal | None = None
    """Proven US dollars; None while held and when unknown."""
    tokens: int | None = None
    end: AttemptEnd | None = None
    """As the trail recorded it later; None when it did not yet, and the cost is read from the event."""
    taken_in: bool = True
    """False when it ended, but no worker has taken note of that yet."""
    request: Any = None
    reply: Any = None


class ReadMade(Happened):
    """A read, recorded when it ended."""

    kind: Literal["read"] = "read"
    read_id: str
    step: str
    why: str
    reply: Any = None
    fault: str | None = None
    reason: str | None = None


class Decided(Happened):
    """A decision by a table."""

    kind: Literal["decision"] = "decision"
    table: str
    version: int
    row: int
    because: str
    outcome: str
    facts: dict[str, Any]


class Waited(Happened):
    """A timer."""

    kind: Literal["wait"] = "wait"
    what: str
    wanted_s: float
    waited_s: float | None = None
    """None while it runs."""
    state: str = "running"
    """`running`, `fired` or `cancelled`."""


class PersonAnswered(Happened):
    """An answer that the run accepted."""

    kind: Literal["answer"] = "answer"
    by: str | None
    """The proof's subject; None when the answer cannot be read."""
    verdict: str | None
    action: str | None


class ApprovalEnded(Happened):
    """What came of asking a person."""

    kind: Literal["approval"] = "approval"
    action: str
    outcome: str
    by: str | None


class PersonRepaired(Happened):
    """A repair that reached the run; what came of it follows."""

    kind: Literal["repair"] = "repair"
    by: str | None
    """None when it cannot be read."""
    do: str | None
    parked: str | None
    because: str | None


class ParkingEnded(Happened):
    """What came of waiting for a person to repair a step."""

    kind: Literal["parking"] = "parking"
    parked: str
    outcome: str
    """`retry`, `supply`, `abort`, `expired`, or `refused`: then the step goes on waiting."""
    by: str | None = None
    reason: str | None = None
    """Why it was refused."""


class CancelAsked(Happened):
    """Somebody asked the run to end."""

    kind: Literal["cancel"] = "cancel"
    reason: str
    by: str


class SignalIgnored(Happened):
    """A signal came; runs take answers as Updates only."""

    kind: Literal["signal"] = "signal"
    name: str


class LeaseNoted(Happened):
    """What became of the run's lease on its tenant's money."""

    kind: Literal["lease"] = "lease"
    state: LeaseState
    reason: str = ""
    """Why it was denied or left open."""
    free: Decimal | None = None
    """What the tenant could lease after it; None without a cap."""
    settled: Decimal | None = None
    unknown: Decimal | None = None
    returned: Decimal | None = None
    """What went back to the tenant; None unless it was closed."""


class LeftEarly(Happened):
    """The story did not reach its own end; what follows is the way out."""

    kind: Literal["ending"] = "ending"
    ending: str
    reason: str


Item = Annotated[
    StageEntered
    | AttemptMade
    | ReadMade
    | Decided
    | Waited
    | PersonAnswered
    | ApprovalEnded
    | PersonRepaired
    | ParkingEnded
    | CancelAsked
    | SignalIgnored
    | LeaseNoted
    | LeftEarly,
    Field(discriminator="kind"),
]
