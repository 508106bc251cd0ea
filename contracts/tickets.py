"""Support tickets: what the workflow is given, and what a model reads and writes."""

import re
from datetime import timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Literal

from pydantic import Field

from contracts.steps import ModelTask, StepPolicy
from contracts.values import Usd, Value

__all__ = [
    "DraftReply",
    "Problem",
    "ReadTicket",
    "ReplyDraft",
    "Ticket",
    "TicketReading",
    "Wish",
    "draft_reply",
    "read_ticket",
]

# A local model on two busy cores needs up to 40 s for a long ticket; a lost worker is noticed sooner.
# Heartbeats of 2, 3 and 5 s were measured (bench/results.md): interrupted runs move again after 2.4, 2.9 and
# 4.8 s, and no attempt of a live worker was lost. At 3 s a worker may miss three beats; at 2 s only one.
MODEL_CALL = StepPolicy(attempt_timeout=timedelta(seconds=120), attempts=4, heartbeat=timedelta(seconds=3))


class Ticket(Value):
    """One mail from a customer, as text."""

    sender: str = Field(min_length=3, max_length=254)
    """Address in the From header, lower case."""
    subject: str = Field(max_length=300)
    text: str = Field(max_length=12_000)
    message_id: str = Field(max_length=250)


class Wish(StrEnum):
    """What the customer asks for."""

    REFUND = "refund"
    INFORMATION = "information"
    OTHER = "other"


class Problem(StrEnum):
    """What the customer says went wrong."""

    LATE = "late"
    DAMAGED = "damaged"
    WRONG_ITEM = "wrong_item"
    CHANGED_MIND = "changed_mind"
    NONE = "none"


class ReadTicket(Value):
    """A ticket to be read."""

    subject: str = Field(max_length=300)
    text: str = Field(max_length=12_000)


class TicketReading(Value):
    """What a model read out of a ticket. Facts for decisions, never a decision."""

    wish: Wish
    problem: Problem
    order_number: str | None = Field(default=None, max_length=20)
    """As written in the ticket; None if it names none."""
    summary: str = Field(max_length=200)


ORDER_NUMBER = re.compile(r"^[A-Z]{2}-\d{5}$")


def check_reading(request: ReadTicket, reading: TicketReading) -> str | None:
    """An order number that the ticket does not contain was made up."""
    number = reading.order_number
    if number is None:
        return None
    if not ORDER_NUMBER.match(number):
        return f"order_number {number!r} is not of the form AB-12345; use null if the ticket names none"
    if number not in f"{request.subject}\n{request.text}".upper():
        return f"order_number {number!r} does not occur in the ticket; use null if the ticket names none"
    return None


class DraftReply(Value):
    """What to tell the customer. The remedy is decided; the model only words it."""

    customer: str = Field(max_length=120)
    summary: str = Field(max_length=200)
    remedy: Literal["refunded", "too_late", "already_refunded", "ask_order_number", "denied"]
    order_number: str | None = Field(default=None, max_length=20)
    amount: Usd | None = None
    """What was refunded, in US dollars; only for `refunded`."""


class ReplyDraft(Value):
    """The body of a reply."""

    text: str = Field(min_length=20, max_length=900)


AMOUNT = re.compile(r"\$\s?(\d+(?:[.,]\d{3})*(?:\.\d+)?)")


THIRTY_DAYS = re.compile(r"\b(?:30|thirty)\b", re.IGNORECASE)


def check_draft(request: DraftReply, draft: ReplyDraft) -> str | None:
    """A reply promises no money but what was decided, and gives the reason of a refusal that has one."""
    if request.remedy == "too_late" and not THIRTY_DAYS.search(draft.text):
        # The sentence itself: a small model that is only told what is missing writes the same again.
        return (
            "the reply does not give the reason; after the apology, add this sentence: "
            "It was delivered more than 30 days before you wrote to us, so we cannot give a refund for it."
        )
    for quoted in AMOUNT.findall(draft.text):
        if request.amount is None:
            return f"the reply names ${quoted}, but no money is paid"
        if Decimal(quoted.replace(",", "")) != request.amount:
            return f"the reply names ${quoted}, but the amount is ${request.amount}"
    return None


read_ticket = ModelTask(
    name="read_ticket",
    request=ReadTicket,
    reply=TicketReading,
    policy=MODEL_CALL,
    max_request_bytes=16_000,
    max_output_tokens=256,
    overhead_bytes=6_000,
    check=check_reading,
)

draft_reply = ModelTask(
    name="draft_reply",
    request=DraftReply,
    reply=ReplyDraft,
    policy=MODEL_CALL,
    max_request_bytes=4_000,
    max_output_tokens=400,
    overhead_bytes=6_000,
    check=check_draft,
)
