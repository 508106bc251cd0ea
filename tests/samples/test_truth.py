"""The sample tickets and what should come of them."""

import io
import json
import re
from collections import Counter
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from activities.orders import OrderActivities
from activities.prompts import draft_reply, read_ticket
from contracts.orders import FindOrder, OrderSearch
from contracts.tickets import Problem, ReadTicket, Ticket, TicketReading, Wish, check_reading
from contracts.values import plain
from operations.inbox import read_inbox
from samples.build_shop import build_shop

SAMPLES = Path(__file__).parents[2] / "samples"
TRUTH: dict[str, dict[str, Any]] = json.loads((SAMPLES / "truth.json").read_text())
TICKETS = {each.label: each.ticket for each in read_inbox([str(SAMPLES / "tickets")], io.BytesIO())}
TODAY = date(2027, 3, 1)
GROUPS = {
    "already_refunded",
    "angry",
    "approval",
    "attempt",
    "empty",
    "no_number",
    "no_refund",
    "order_unknown",
    "other_language",
    "refund_at_once",
    "replacement",
    "several_orders",
    "too_late",
}
# Shorter runs of words, such as "I want my money back", are everybody's.
SHARED_WORDS = 6
ORDER_NUMBER = re.compile(r"\b[A-Z]{2}-\d{5}\b", re.IGNORECASE)


def reading_of(name: str) -> TicketReading:
    return TicketReading(**TRUTH[name]["reading"], summary="as labelled")


def test_every_ticket_has_its_truth_and_every_truth_its_ticket() -> None:
    assert sorted(TICKETS) == sorted(TRUTH)
    assert len(TRUTH) >= 42


def test_every_form_of_input_is_among_them() -> None:
    forms = {re.sub(r".*(\.\w+)(#\d+)?$", r"\1", name) for name in TRUTH if "/" not in name}
    assert forms == {".eml", ".txt", ".jsonl", ".mbox"}
    assert any(name.startswith("shared-mailbox/new/") for name in TRUTH)


def test_every_group_has_tickets_that_are_shown_and_tickets_that_are_held_out() -> None:
    """So that what is measured on the ones can be compared with what is measured on the others."""
    held_out = Counter(truth["group"] for truth in TRUTH.values() if truth.get("held_out"))
    shown = Counter(truth["group"] for truth in TRUTH.values() if not truth.get("held_out"))
    assert set(held_out) == set(shown) == GROUPS
    assert held_out.total() >= 12
    assert held_out.total() < shown.total()


def test_attempts_to_talk_the_model_into_a_refund_are_many() -> None:
    assert sum(truth["group"] == "attempt" for truth in TRUTH.values()) >= 6


def test_no_prompt_shares_text_or_an_order_with_a_sample() -> None:
    """What a prompt shows must not be what the prompt is measured with."""
    mails = [mail for mail, _ in read_ticket.EXAMPLES]
    summaries = [reading.summary for _, reading in read_ticket.EXAMPLES]
    replies = [f"{request.summary}\n{text}" for request, text in draft_reply.EXAMPLES]
    prompts = "\n".join([read_ticket.INSTRUCTIONS, draft_reply.INSTRUCTIONS, *mails, *summaries, *replies])
    for name, ticket in TICKETS.items():
        text = f"{ticket.subject}\n{ticket.text}"
        assert not runs_of_words(text) & runs_of_words(prompts), name
        assert not numbers_in(text) & numbers_in(prompts), name


def runs_of_words(text: str) -> set[tuple[str, ...]]:
    words = re.findall(r"\w+", text.lower())
    return set(zip(*(words[start:] for start in range(SHARED_WORDS)), strict=False))


def numbers_in(text: str) -> set[str]:
    return {number.upper() for number in ORDER_NUMBER.findall(text)}


def test_every_path_is_reached() -> None:
    assert {truth["path"] for truth in TRUTH.values()} == {
        "refunded",
        "denied",
        "handed_over",
        "asked_order_number",
        "replied_too_late",
        "replied_already_refunded",
    }
    assert {truth.get("approval") for truth in TRUTH.values()} == {None, "approve", "deny"}


def test_every_wish_and_every_problem_is_met() -> None:
    readings = [reading_of(name) for name in TRUTH]
    assert {reading.wish for reading in readings} == set(Wish)
    assert {reading.problem for reading in readings} == set(Problem)


def test_no_two_tickets_are_the_same_mail() -> None:
    assert len({ticket.subject for ticket in TICKETS.values()}) == len(TRUTH)
    assert len({ticket.message_id for ticket in TICKETS.values()}) == len(TRUTH)


@pytest.mark.parametrize("name", TRUTH)
async def test_the_labelled_reading_leads_to_the_path(name: str, tmp_path: Path) -> None:
    build_shop(tmp_path / "shop", TODAY)
    ticket, reading, truth = TICKETS[name], reading_of(name), TRUTH[name]
    assert check_reading(ReadTicket(subject=ticket.subject, text=ticket.text), reading) is None

    found = await OrderActivities(tmp_path / "shop").find_order(
        FindOrder(number=reading.order_number, customer_email=ticket.sender)
    )

    assert path_of(ticket, reading, found, truth.get("approval")) == truth["path"]
    paid = truth["path"] == "refunded" and found.order is not None
    assert truth["refund"] == (plain(found.order.total) if paid and found.order else None)


def path_of(ticket: Ticket, reading: TicketReading, found: OrderSearch, approval: str | None) -> str:
    """The remedy by the shop's rules, written down once more on its own."""
    order = found.order
    if order is None:
        return "asked_order_number"
    if order.customer_email != ticket.sender:
        return "handed_over"
    if order.refunded > 0:
        return "replied_already_refunded"
    if reading.wish is not Wish.REFUND:
        return "handed_over"
    if order.delivered_on is not None and TODAY - order.delivered_on > timedelta(days=30):
        return "replied_too_late"
    on_time = (order.delivered_on or TODAY) <= order.promised_on
    if reading.problem in (Problem.NONE, Problem.CHANGED_MIND) or (
        reading.problem is Problem.LATE and on_time
    ):
        return "handed_over"
    asked = order.total > Decimal(50)
    assert asked == (approval is not None)
    return "denied" if approval == "deny" else "refunded"
