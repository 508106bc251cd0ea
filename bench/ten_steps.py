"""A run of ten steps on the kernel, to be replayed: five times a model reads and an order is looked up."""

from datetime import timedelta
from decimal import Decimal
from enum import StrEnum

from temporalio import workflow

from contracts.orders import FindOrder, find_order
from contracts.receipts import Ending
from contracts.sheet import Escrow
from contracts.terms import Amount, Terms
from contracts.tickets import ReadTicket, Ticket, read_ticket
from workflows.kernel.case import Case
from workflows.kernel.plan import Plan

with workflow.unsafe.imports_passed_through():
    from bench.job import Answered, Remedy

__all__ = ["CAP", "TenSteps"]

TIMES = 5
CAP = Amount(usd=Decimal("0.05"), tokens=120_000, calls=10, steps=2 * TIMES + 2)


class Stage(StrEnum):
    READING = "reading"
    LOOKING_UP = "looking_up"


PLAN = Plan(
    name="bench-ten-steps",
    stages={Stage.READING: (Stage.LOOKING_UP,), Stage.LOOKING_UP: (Stage.READING,)},
    steps=(read_ticket, find_order),
    at_most=({read_ticket: TIMES, find_order: TIMES},),
    cap=CAP,
    deadline=timedelta(days=2),
    escrow=Escrow(amount=Amount(steps=2), time=timedelta(minutes=6)),
)


@workflow.defn(name=PLAN.name)
class TenSteps:
    """A ticket in; what it was about is looked up again and again."""

    plan = PLAN

    @workflow.init
    def __init__(self, ticket: Ticket, terms: Terms) -> None:
        self.case = Case(PLAN)
        self.ticket = ticket

    @workflow.run
    async def run(self, ticket: Ticket, terms: Terms) -> Answered:
        return await self.case.run(terms, self.answer(), self.leave)

    async def answer(self) -> Answered:
        for time in range(TIMES):
            if time:
                self.case.enter(Stage.READING)
            reading = await self.case.step(
                read_ticket,
                ReadTicket(subject=self.ticket.subject, text=self.ticket.text),
                why="it is read once more",
            )
            self.case.enter(Stage.LOOKING_UP)
            await self.case.step(
                find_order,
                FindOrder(number=reading.order_number, customer_email=self.ticket.sender),
                why="its order may have changed",
            )
        return Answered(remedy=Remedy.DENIED, reply="ten steps")

    async def leave(self, ending: Ending) -> Answered:
        """Nothing to take back."""
        return Answered(remedy=Remedy.DENIED, reply=ending.reason)
