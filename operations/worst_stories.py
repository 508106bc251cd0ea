"""The worst that can happen in each workflow: what it is given, what it is told, and what fails for good."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from contracts.mail import SentMail, hand_to_desk, send_reply
from contracts.orders import Order, OrderSearch, find_order
from contracts.refunds import Refund, VoidedRefund, issue_refund, void_refund
from contracts.tickets import (
    Problem,
    ReplyDraft,
    Ticket,
    TicketReading,
    Wish,
    draft_reply,
    read_ticket,
)
from contracts.values import Value
from workflows.resolve_ticket import PLAN

__all__ = ["LONGEST", "WORST_STORIES", "WorstStory"]


@dataclass(frozen=True)
class WorstStory:
    """One way through a workflow, with replies that lead there and texts at their limits."""

    name: str
    argument: Value
    replies: Mapping[str, Value]
    """What each step says in the end, by the step's name."""
    fails: frozenset[tuple[str, int]] = field(default_factory=frozenset)
    """Steps that never succeed, each with its place among the steps of the same name."""
    approved: bool = True
    """Whether a person says yes, at the last moment; else nobody says anything."""


LONGEST = "\x01"
"""The character that takes most as JSON: six bytes."""
SENDER = "worst@shop.example"

TICKET = Ticket(
    sender=SENDER,
    subject="w" * 300,
    # 16,000 bytes are allowed for the reading's request as JSON; its frame takes 25, and the subject 300.
    text=LONGEST * 800 + "w" * (16_000 - 25 - 300 - 4_800),
    message_id="m" * 250,
)

READING = TicketReading(wish=Wish.REFUND, problem=Problem.DAMAGED, summary=LONGEST * 200)
ORDER = Order(
    number="n" * 20,
    customer_email=SENDER,
    customer_name=LONGEST * 120,
    item="a lamp",
    total=Decimal("100000.00"),
    promised_on=date(2026, 1, 1),
    delivered_on=None,
)

SENT = SentMail(receipt="r" * 300)
REPLIES: Mapping[str, Value] = {
    read_ticket.name: READING,
    find_order.name: OrderSearch(matches=1, order=ORDER),
    issue_refund.name: Refund(refund_id="i" * 64, order_number=ORDER.number, amount=ORDER.total),
    draft_reply.name: ReplyDraft(text="w" * 900),
    send_reply.name: SENT,
    void_refund.name: VoidedRefund(existed=True),
    hand_to_desk.name: SENT,
}

WORST_STORIES: Mapping[str, Sequence[WorstStory]] = {
    PLAN.name: (
        WorstStory(
            "refunded after approval, and then the reply cannot be sent",
            TICKET,
            REPLIES,
            frozenset({(send_reply.name, 1)}),
        ),
        WorstStory(
            "nobody answers in time, and it cannot be handed over at first",
            TICKET,
            REPLIES,
            frozenset({(hand_to_desk.name, 1)}),
            approved=False,
        ),
        WorstStory("the ticket can never be read", TICKET, REPLIES, frozenset({(read_ticket.name, 1)})),
    ),
}
