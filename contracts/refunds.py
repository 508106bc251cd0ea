"""Refunds at the payment service."""

from datetime import timedelta

from pydantic import Field

from contracts.steps import Effect, Offers, StepPolicy
from contracts.values import Usd, Value

__all__ = ["IssueRefund", "Refund", "VoidRefund", "VoidedRefund", "issue_refund", "void_refund"]

PAYMENT = StepPolicy(
    attempt_timeout=timedelta(seconds=15),
    attempts=5,
    heartbeat=timedelta(seconds=3),
    longest_wait=timedelta(seconds=8),
)


class IssueRefund(Value):
    """Pay the whole order back."""

    order_number: str = Field(min_length=1, max_length=20)
    amount: Usd


class Refund(Value):
    """A refund that the payment service made."""

    refund_id: str = Field(max_length=64)
    order_number: str = Field(max_length=20)
    amount: Usd


class VoidRefund(Value):
    """Take a refund back. One that has not arrived yet is refused when it comes late."""

    order_number: str = Field(min_length=1, max_length=20)
    refund_key: str = Field(max_length=400)
    """The idempotency key under which the refund was asked for."""


class VoidedRefund(Value):
    """The refund's state after the void."""

    existed: bool


issue_refund = Effect(
    name="issue_refund",
    request=IssueRefund,
    reply=Refund,
    policy=PAYMENT,
    offers=Offers.KEYED,
    key=lambda request: request.order_number,
)

void_refund = Effect(
    name="void_refund",
    request=VoidRefund,
    reply=VoidedRefund,
    policy=PAYMENT,
    offers=Offers.KEYED,
    key=lambda request: request.order_number,
)
