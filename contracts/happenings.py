"""What happens in a run, told to whoever listens: values without a prompt, a reply or a name in them.

The kernel tells; a worker may lend an ear under the name OBSERVE. A happening is told when it happens and
never in replay. A workflow task that is done again, because its worker died before the server heard of it,
may tell one again: `(run_id, number)` is the same then.
"""

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from contracts.attempts import Usage
from contracts.receipts import AttemptEnd, AttemptLine, Balance, EndingKind
from contracts.values import Value

__all__ = [
    "OBSERVE",
    "ApprovalEnded",
    "AttemptBegun",
    "AttemptEnded",
    "AttemptOutcome",
    "DecisionMade",
    "Happening",
    "Moment",
    "Observer",
    "RunEnded",
    "RunName",
    "RunOpened",
    "StageEntered",
    "StepBegun",
    "StepEnded",
    "Wait",
    "WaitBegun",
    "WaitEnded",
    "What",
]

OBSERVE = "tenuto-observe"
"""The worker's extern function: an `Observer`. It returns at once, and raises nothing."""


class RunName(Value):
    """Which run tells."""

    workflow: str
    workflow_id: str
    run_id: str
    tenant: str
    profile: str


class RunOpened(Value):
    """The sheet is known and the story begins."""

    stage: str
    cap_usd: Decimal
    deadline_at: datetime


class StageEntered(Value):
    stage: str


class DecisionMade(Value):
    table: str
    version: int
    row: int
    because: str
    outcome: str


class StepBegun(Value):
    step: str
    step_number: int
    why: str


class StepEnded(Value):
    step: str
    step_number: int
    why: str
    began_at: datetime
    done: bool


class AttemptBegun(Value):
    """The hold is taken and the attempt is scheduled."""

    line: AttemptLine
    """As it stands in the ledger."""
    step_number: int
    route: str | None
    """None when no model is called."""


class AttemptOutcome(StrEnum):
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    """With a known cost."""
    UNKNOWN = "unknown"


class AttemptEnded(Value):
    """The attempt is booked."""

    line: AttemptLine
    """As it stands in the ledger."""
    step_number: int
    route: str | None
    began_at: datetime
    usage: Usage | None

    @property
    def outcome(self) -> AttemptOutcome:
        if self.line.fault is None:
            return AttemptOutcome.SUCCEEDED
        return AttemptOutcome.UNKNOWN if self.line.end is AttemptEnd.UNKNOWN else AttemptOutcome.FAILED

    @property
    def booking(self) -> str:
        """`proven` (at nothing when it never began) or `unknown`."""
        return "unknown" if self.line.end is AttemptEnd.UNKNOWN else "proven"

    @property
    def usd(self) -> Decimal:
        """What is booked: the actual cost, or the whole hold when nobody can say."""
        return self.line.actual.usd if self.line.actual is not None else self.line.hold.usd


class Wait(StrEnum):
    """What a run waits for."""

    APPROVAL = "approval"
    REPAIR = "repair"
    RETRY = "retry"


class WaitBegun(Value):
    what: Wait
    until: datetime


class WaitEnded(Value):
    what: Wait


class ApprovalEnded(Value):
    action: str
    policy: str
    outcome: str
    began_at: datetime


class Moment(Value):
    """What happened at one moment of a run, kept for its end."""

    at: datetime
    what: StageEntered | DecisionMade | WaitBegun | WaitEnded | ApprovalEnded


class RunEnded(Value):
    began_at: datetime
    stage: str
    ending: EndingKind | None
    """None when the story reached its own end."""
    failed: bool
    """The way out did not hold either."""
    balance: Balance
    moments: tuple[Moment, ...]


What = (
    RunOpened
    | RunEnded
    | StageEntered
    | DecisionMade
    | StepBegun
    | StepEnded
    | AttemptBegun
    | AttemptEnded
    | WaitBegun
    | WaitEnded
    | ApprovalEnded
)


class Happening(Value):
    """One thing that happened in one run."""

    run: RunName
    number: int
    """Within the run; the same when it is told again."""
    at: datetime
    what: What


Observer = Callable[[Happening], None]
