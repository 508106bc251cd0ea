"""The shop's orders, read only."""

from datetime import date, timedelta
from decimal import Decimal

from pydantic import Field

from contracts.steps import Read, StepPolicy
from contracts.values import Usd, Value

__all__ = ["FindOrder", "Order", "OrderSearch", "find_order"]


class FindOrder(Value):
    """By number, or by the customer's address when the ticket names no number."""

    number: str | None = Field(default=None, max_length=20)
    customer_email: str = Field(max_length=254)


class Order(Value):
    """One order of the shop."""

    number: str = Field(max_length=20)
    customer_email: str
    customer_name: str = Field(max_length=120)
    item: str
    total: Usd
    promised_on: date
    delivered_on: date | None
    refunded: Usd = Decimal(0)


class OrderSearch(Value):
    """What the shop knows."""

    matches: int = Field(ge=0)
    order: Order | None = None
    """Present exactly when there is one match."""


find_order = Read(
    name="find_order",
    request=FindOrder,
    reply=OrderSearch,
    # A lookup by index takes a millisecond; the rest is patience with a busy disk.
    policy=StepPolicy(
        attempt_timeout=timedelta(seconds=5), attempts=3, first_wait=timedelta(milliseconds=200)
    ),
)
