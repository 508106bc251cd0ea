"""The base of every value that crosses the boundary, and exact money."""

from decimal import Decimal
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, PlainSerializer

__all__ = ["PER_MILLION", "Usd", "Value", "plain", "without_unset"]

PER_MILLION = Decimal(1_000_000)


class Value(BaseModel):
    """An immutable record; a field that nobody declared is an error, not a guess."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    def identity(self) -> str:
        """What makes two inputs the same: the whole of them, unless a type knows better."""
        return self.model_dump_json()


def plain(amount: Decimal) -> str:
    """Write an amount without exponent and trailing zeros, so that equal amounts read equal."""
    text = format(amount, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def without_unset(fields: dict[str, Any], *names: str) -> dict[str, Any]:
    """Without those of these fields that nobody set: what is recorded with every call is kept brief."""
    return {name: value for name, value in fields.items() if value is not None or name not in names}


# US dollars, exact. 12 decimal places hold any price of at most six decimals per million tokens.
Usd = Annotated[
    Decimal,
    Field(ge=0, max_digits=24, decimal_places=12, allow_inf_nan=False),
    PlainSerializer(plain, return_type=str),
]
