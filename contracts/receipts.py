"""What a run says of itself: its balance, its trail, its status, how it ended."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from pydantic import Field, SerializerFunctionWrapHandler, field_validator, model_serializer

from contracts.attempts import Fault
from contracts.terms import Amount, amount_of, brief
from contracts.values import Usd, Value

__all__ = [
    "AttemptEnd",
    "AttemptLine",
    "Balance",
    "DecisionLine",
    "Ending",
    "EndingKind",
    "LeaseLine",
    "LeaseState",
    "Receipt",
    "Result",
    "Status",
    "StepLine",
    "TrailLink",
    "Waiting",
]


BALANCED = ("settled", "unknown", "held")


class Balance(Value):
    """A ledger at one moment: cap = settled + unknown + held + escrow + free, in each measure."""

    settled: Amount = Amount()
    unknown: Amount = Amount()
    """Attempts whose cost nobody can say, booked at their worst case."""
    held: Amount = Amount()
    overrun: bool = False
    """A provider billed above its own maximum; no model is called after that."""


class TrailLink(Value):
    """The entries since the link before, chained to it. Travels in the headers of activity commands.

    As JSON an amount is `[usd, tokens, calls, steps]` without the zeros at its end, and a part of the balance
    that is zero is left out: a link travels with every attempt.
    """

    entries: list[dict[str, Any]]
    balance: Balance
    chain: str
    """16 hex digits of SHA-256 over the chain before, the entries and the balance."""

    @model_serializer(mode="wrap")
    def _compact(self, serialize: SerializerFunctionWrapHandler) -> dict[str, Any]:
        amounts = {name: brief(getattr(self.balance, name)) for name in BALANCED}
        balance: dict[str, Any] = {name: amount for name, amount in amounts.items() if amount}
        if self.balance.overrun:
            balance["overrun"] = True
        return {**serialize(self), "balance": balance}

    @field_validator("balance", mode="before")
    @classmethod
    def _from_brief(cls, balance: Any) -> Any:
        if not isinstance(balance, dict):
            return balance
        return {
            name: amount_of(part) if name in BALANCED and isinstance(part, list) else part
            for name, part in balance.items()
        }


class Receipt(Value):
    """Rides in a run's result: what it cost and the end of its trail."""

    trail: TrailLink

    @property
    def balance(self) -> Balance:
        """The ledger at the end of the run."""
        return self.trail.balance


class EndingKind(StrEnum):
    """Why a story did not reach its own end."""

    STEP_FAILED = "step_failed"
    BUDGET_SPENT = "budget_spent"
    DEADLINE_REACHED = "deadline_reached"
    CANCELLED = "cancelled"
    LEASE_DENIED = "lease_denied"
    """The tenant's money is leased or spent, or nobody could say; no model was called."""


class Ending(Value):
    """What a workflow's way out is told."""

    kind: EndingKind
    reason: str = Field(max_length=1_000)
    step: str | None = None
    fault: Fault | None = None


class AttemptEnd(StrEnum):
    """How an attempt stands in the ledger."""

    HELD = "held"
    SETTLED = "settled"
    RELEASED = "released"
    """Proven never to have begun."""
    UNKNOWN = "unknown"


class AttemptLine(Value):
    """One entry of the run's ledger."""

    attempt_id: str
    step: str
    route: str | None = None
    """None for an effect."""
    model: str | None = None
    end: AttemptEnd
    hold: Amount
    actual: Amount | None = None
    """What was proven; None while held and when unknown."""
    fault: Fault | None = None


class LeaseState(StrEnum):
    """How a run stands in its tenant's ledger."""

    OPEN = "open"
    CLOSED = "closed"
    DENIED = "denied"
    LEFT_OPEN = "left_open"
    """The run has ended and could not close it; maintenance does, from the history."""


class LeaseLine(Value):
    """The run's lease on its tenant's money."""

    lease: str
    usd: Usd
    """What was asked for."""
    state: LeaseState
    free: Usd | None = None
    """What the tenant could lease after it; None without a cap."""
    reason: str = ""
    """Why it was denied."""


class StepLine(Value):
    """One step, as a person asks for it."""

    number: int
    name: str
    why: str
    state: str
    """`running`, `waiting`, `done` or `failed`; `queued` where the server says that nobody has taken it."""
    attempts: int
    since: datetime


class DecisionLine(Value):
    """One decision, as recorded."""

    table: str
    version: int
    because: str
    outcome: str


class Waiting(Value):
    """What a run waits for, until when, and what happens if it never comes."""

    what: str
    until: datetime
    otherwise: str
    action: str | None = None
    """For an approval: the digest that an answer must name."""
    parked: str | None = None
    """For a step that waits for repair: its last attempt, which a repair must name."""
    details: dict[str, Any] = Field(default_factory=dict)


class Status(Value):
    """Where a run is. The same from a query and from a history."""

    workflow: str
    stage: str
    tenant: str
    requested_by: str
    profile: str
    started_at: datetime
    deadline_at: datetime
    cap: Amount
    escrow: Amount
    balance: Balance
    free: Amount
    lease: LeaseLine | None = None
    steps: list[StepLine]
    attempts: list[AttemptLine]
    decisions: list[DecisionLine]
    waiting: list[Waiting]
    ending: Ending | None
    notices: list[str]
    """What was refused or seems odd, for a person."""


class Result(Value):
    """What every workflow returns, extended by its own fields."""

    receipt: Receipt | None = None
    """Put in by the kernel at the very end."""
    ending: Ending | None = None
    """None when the story reached its own end."""
