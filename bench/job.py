"""The job that both sides do: read a ticket, look the order up, choose an answer, word it."""

from datetime import timedelta
from decimal import Decimal
from enum import StrEnum

from contracts.receipts import Result
from contracts.terms import Amount, Terms
from contracts.tickets import Ticket

__all__ = ["TEXT", "Answered", "Remedy", "terms", "ticket"]

# Sample 01, so that the order exists.
TEXT = """Hello,

my order KM-20417 (the set of two stoneware mugs) was delivered on time, but
both mugs were broken in the box. One has no handle and the other is cracked
from top to bottom.

I do not want new ones. Please refund the order.

Kind regards
Blessing Okafor
"""


class Remedy(StrEnum):
    """The answers that both sides choose from."""

    ASK_ORDER_NUMBER = "ask_order_number"
    ALREADY_REFUNDED = "already_refunded"
    DENIED = "denied"


class Answered(Result):
    """What both sides return; only the kernel puts in a receipt."""

    remedy: Remedy
    reply: str


def ticket(number: str, characters: int = 0) -> Ticket:
    """The same mail under another id; made longer by what people quote below."""
    quoted = "> and I had been looking forward to them for weeks, as I wrote before\n"
    text = TEXT + (quoted * (characters // len(quoted) + 1))[: max(0, characters - len(TEXT))]
    return Ticket(
        sender="b.okafor@mailbox.example",
        subject="Mugs arrived broken, order KM-20417",
        text=text,
        message_id=f"<{number}@mailbox.example>",
    )


def terms(profile: str) -> Terms:
    """Enough for the job."""
    return Terms(
        tenant="bench",
        requested_by="bench",
        cap=Amount(usd=Decimal("0.05"), tokens=120_000, calls=10, steps=10),
        deadline=timedelta(days=2),
        profile=profile,
    )
