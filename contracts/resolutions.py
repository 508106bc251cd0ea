"""How a ticket ended."""

from enum import StrEnum

from pydantic import Field

from contracts.receipts import Result
from contracts.values import Usd

__all__ = ["Path", "Resolution"]


class Path(StrEnum):
    """The ways in which a ticket can end."""

    REFUNDED = "refunded"
    DENIED = "denied"
    TOO_LATE = "replied_too_late"
    ALREADY_REFUNDED = "replied_already_refunded"
    ASKED_ORDER_NUMBER = "asked_order_number"
    HANDED_OVER = "handed_over"


class Resolution(Result):
    """What became of a ticket."""

    path: Path
    order_number: str | None = None
    refunded: Usd | None = None
    """Paid back, in US dollars; None when nothing was, or when it was voided."""
    reply: str | None = Field(default=None, max_length=4_000)
