"""Which remedy a ticket gets: of the model's reading and of what the shop knows."""

from datetime import date
from decimal import Decimal
from enum import StrEnum

from temporalio.exceptions import ApplicationError

from contracts.orders import Order, OrderSearch
from contracts.tickets import Problem, TicketReading, Wish
from contracts.values import Value
from workflows.kernel.decisions import Row, Table, facts_of, limit

__all__ = ["REMEDY", "Remedy", "RemedyFacts", "known"]


class Remedy(StrEnum):
    REFUND = "refund"
    ASK_APPROVAL = "ask_approval"
    SAY_TOO_LATE = "say_too_late"
    SAY_REFUNDED = "say_refunded"
    ASK_ORDER_NUMBER = "ask_order_number"
    HAND_OVER = "hand_over"


class RemedyFacts(Value):
    """What the remedy depends on: the model's reading, and what the shop knows."""

    wish: Wish
    problem: Problem
    orders_found: int
    senders_own: bool
    already_refunded: bool
    late: bool
    """Delivered after the promised day, or promised for a day that has passed."""
    days_since_delivery: int | None
    total: Decimal

    @classmethod
    def of(cls, reading: TicketReading, search: OrderSearch, sender: str, today: date) -> "RemedyFacts":
        order = search.order
        return cls(
            wish=reading.wish,
            problem=reading.problem,
            orders_found=search.matches,
            senders_own=order is not None and order.customer_email == sender,
            already_refunded=order is not None and order.refunded > 0,
            late=order is not None and (order.delivered_on or today) > order.promised_on,
            days_since_delivery=(today - order.delivered_on).days if order and order.delivered_on else None,
            total=order.total if order else Decimal(0),
        )


facts = facts_of(RemedyFacts)

REMEDY = Table(
    name="remedy",
    version=1,
    facts=RemedyFacts,
    rows=(
        Row("no single order is known", Remedy.ASK_ORDER_NUMBER, ~facts.orders_found.is_(1)),
        Row("the order belongs to somebody else", Remedy.HAND_OVER, ~facts.senders_own),
        Row("it was refunded before", Remedy.SAY_REFUNDED, facts.already_refunded),
        Row("no refund is asked for", Remedy.HAND_OVER, ~facts.wish.is_(Wish.REFUND)),
        Row(
            "the time for refunds is over",
            Remedy.SAY_TOO_LATE,
            facts.days_since_delivery > limit("refund_days"),
        ),
        Row(
            "no ground for a refund",
            Remedy.HAND_OVER,
            facts.problem.one_of(Problem.NONE, Problem.CHANGED_MIND),
        ),
        Row("called late, but was on time", Remedy.HAND_OVER, facts.problem.is_(Problem.LATE), ~facts.late),
        Row("small enough to pay at once", Remedy.REFUND, facts.total <= limit("approval_above_usd")),
        Row("a person must agree to this amount", Remedy.ASK_APPROVAL),
    ),
)


def known(order: Order | None) -> Order:
    """The table pays back only what was found; anything else is a fault of the table."""
    if order is None:
        raise ApplicationError("a refund of no order", type="refund_of_no_order", non_retryable=True)
    return order
