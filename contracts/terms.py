"""What a run may use."""

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal

from pydantic import Field

from contracts.values import Usd, Value, plain

__all__ = ["Amount", "Terms", "amount_of", "brief"]


class Amount(Value):
    """Money and its companions; every measure is bounded on its own."""

    usd: Usd = Decimal(0)
    tokens: int = Field(default=0, ge=0)
    calls: int = Field(default=0, ge=0)
    """Requests to a model, failed and unknown ones included."""
    steps: int = Field(default=0, ge=0)

    def __add__(self, other: "Amount") -> "Amount":
        return Amount(
            usd=self.usd + other.usd,
            tokens=self.tokens + other.tokens,
            calls=self.calls + other.calls,
            steps=self.steps + other.steps,
        )

    def __sub__(self, other: "Amount") -> "Amount":
        return Amount(
            usd=self.usd - other.usd,
            tokens=self.tokens - other.tokens,
            calls=self.calls - other.calls,
            steps=self.steps - other.steps,
        )

    def fits(self, within: "Amount") -> bool:
        """Whether no measure is larger than the other's."""
        return (
            self.usd <= within.usd
            and self.tokens <= within.tokens
            and self.calls <= within.calls
            and self.steps <= within.steps
        )


def brief(amount: Amount) -> list[str | int]:
    """`[usd, tokens, calls, steps]` without the zeros at its end: how a history writes an amount."""
    measures: list[str | int] = [plain(amount.usd), amount.tokens, amount.calls, amount.steps]
    while measures and measures[-1] in (0, "0"):
        measures.pop()
    return measures


def amount_of(measures: Sequence[str | int]) -> Amount:
    """What `brief` wrote. Raises ValueError for anything else."""
    if len(measures) > len(Amount.model_fields):
        raise ValueError("an amount has four measures")
    return Amount.model_validate(dict(zip(Amount.model_fields, measures, strict=False)))


class Terms(Value):
    """Frozen at the start and part of the workflow's input."""

    tenant: str = Field(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")
    requested_by: str = Field(min_length=1, max_length=120)
    """Who asked for the run; may not approve its actions."""
    cap: Amount
    """A ceiling in each measure, never a target."""
    deadline: timedelta = Field(gt=timedelta(0))
    """From the start of the run to its end, the way out included."""
    profile: str = Field(min_length=1, max_length=64)
    park: timedelta = Field(default=timedelta(0), ge=timedelta(0))
    """How long a step that finally failed may wait for a person; zero takes the way out at once."""
