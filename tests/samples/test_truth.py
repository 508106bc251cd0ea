"""The sample tickets and what should come of them."""

import io
import json
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from activities.orders import OrderActivities
from contracts.orders import FindOrder, OrderSearch
from contracts.tickets import Problem, ReadTicket, Ticket, TicketReading, Wish, check_reading
from contracts.values import plain
from operations.inbox import read_tickets
from samples.build_shop import build_shop

SAMPLES = Path(__file__).parents[2] / "samples"
TRUTH: dict[str, dict[str, Any]] = json.loads((SAMPLES / "truth.json").read_text())
TODAY = date(2027, 3, 1)


def ticket_in(name: str) -> Ticket:
    (ticket,) = read_tickets([str(SAMPLES / "tickets" / name)], io.BytesIO())
    return ticket


def reading_of(name: str) -> TicketReading:
    return TicketReading(**TRUTH[name]["reading"], summary="as labelled")


def test_every_ticket_has_its_truth_and_every_truth_its_ticket() -> None:
    assert sorted(path.name for path in (SAMPLES / "tickets").iterdir()) == sorted(TRUTH)


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
    assert len({ticket_in(name).message_id for name in TRUTH}) == len(TRUTH)


@pytest.mark.parametrize("name", TRUTH)
async def test_the_labelled_reading_leads_to_the_path(name: str, tmp_path: Path) -> None:
    build_shop(tmp_path / "shop", TODAY)
    ticket, reading, truth = ticket_in(name), reading_of(name), TRUTH[name]
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
