"""What a person may do to a step that finally failed and waits."""

from typing import Annotated, Any, Literal

from pydantic import Field

from contracts.values import Usd, Value

__all__ = ["Abort", "Repair", "Retry", "Supply"]


class Retry(Value):
    """Try again: on the same routes, or on those of another profile as configuration has them now."""

    do: Literal["retry"] = "retry"
    profile: str | None = Field(default=None, min_length=1, max_length=64)
    max_output_tokens: int | None = Field(default=None, ge=1, le=1_000_000)
    """A larger limit for the reply; None keeps the step's."""
    at_most_usd: Usd
    """What the person was shown: an attempt that could cost more is refused."""


class Supply(Value):
    """Go on with this output, as if the step had given it."""

    do: Literal["supply"] = "supply"
    output: dict[str, Any]
    """Of the step's reply type."""


class Abort(Value):
    """Give up: the run takes its way out, which takes back what it did."""

    do: Literal["abort"] = "abort"


class Repair(Value):
    """Ends the wait of one parked step."""

    parked: str = Field(min_length=1, max_length=64)
    """The attempt that failed last: a repair of what was repaired before is refused."""
    by: str = Field(min_length=1, max_length=120)
    because: str = Field(default="", max_length=500)
    action: Annotated[Retry | Supply | Abort, Field(discriminator="do")]
