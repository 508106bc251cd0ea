"""The worst that can happen in each workflow, story by story; those of a ticket are told here."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from decimal import Decimal

from contracts.mail import SentMail, hand_to_desk, send_reply
from contracts.orders import Order, OrderSearch, find_order
from contracts.refunds import Refund, VoidedRefund, issue_refund, void_refund
from contracts.sheet import Sheet
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
from operations.worst_documents import worst_extractions
from operations.worst_story import LONGEST, WorstStory
from workflows.extract_records import PLAN as EXTRACTION
from workflows.resolve_ticket import PLAN as RESOLUTION

__all__ = ["WORST_STORIES"]

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

WORST_TICKETS: Sequence[WorstStory] = (
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
)

WORST_STORIES: Mapping[str, Callable[[Sheet], Sequence[WorstStory]]] = {
    RESOLUTION.name: lambda sheet: WORST_TICKETS,
    EXTRACTION.name: worst_extractions,
}
"""By the workflow's name; of a run on this sheet, which may say how much fits into one call."""
