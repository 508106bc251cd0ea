"""The job as a workflow on Tenuto's kernel, written as resolve_ticket is."""

from datetime import timedelta
from decimal import Decimal
from enum import StrEnum

from temporalio import workflow

from contracts.orders import FindOrder, find_order
from contracts.receipts import Ending
from contracts.sheet import Escrow
from contracts.terms import Amount, Terms
from contracts.tickets import DraftReply, ReadTicket, Ticket, draft_reply, read_ticket
from contracts.values import Value
from workflows.kernel.case import Case
from workflows.kernel.decisions import Row, Table, facts_of
from workflows.kernel.plan import Plan

# As the contracts are: values, the same for every run.
with workflow.unsafe.imports_passed_through():
    from bench.job import Answered, Remedy

__all__ = ["PLAN", "OnKernel"]


class Stage(StrEnum):
    READING = "reading"
    LOOKING_UP = "looking_up"
    REPLYING = "replying"


class AnswerFacts(Value):
    orders_found: int
    senders_own: bool
    already_refunded: bool


facts = facts_of(AnswerFacts)

ANSWER = Table(
    name="answer",
    version=1,
    facts=AnswerFacts,
    rows=(
        Row("no single order is known", Remedy.ASK_ORDER_NUMBER, ~facts.orders_found.is_(1)),
        Row("the order belongs to somebody else", Remedy.DENIED, ~facts.senders_own),
        Row("it was refunded before", Remedy.ALREADY_REFUNDED, facts.already_refunded),
        Row("everything else", Remedy.DENIED),
    ),
)

PLAN = Plan(
    name="bench-on-kernel",
    stages={
        Stage.READING: (Stage.LOOKING_UP,),
        Stage.LOOKING_UP: (Stage.REPLYING,),
        Stage.REPLYING: (),
    },
    steps=(read_ticket, find_order, draft_reply),
    tables=(ANSWER,),
    cap=Amount(usd=Decimal("0.05"), tokens=120_000, calls=10, steps=10),
    deadline=timedelta(days=2),
    escrow=Escrow(amount=Amount(steps=2), time=timedelta(minutes=6)),
)


@workflow.defn(name=PLAN.name)
class OnKernel:
    """A ticket in, a worded answer out."""

    plan = PLAN

    @workflow.init
    def __init__(self, ticket: Ticket, terms: Terms) -> None:
        self.case = Case(PLAN)
        self.ticket = ticket

    @workflow.run
    async def run(self, ticket: Ticket, terms: Terms) -> Answered:
        return await self.case.run(terms, self.answer(), self.leave)

    async def answer(self) -> Answered:
        reading = await self.case.step(
            read_ticket,
            ReadTicket(subject=self.ticket.subject, text=self.ticket.text),
            why="nothing is known about the ticket yet",
        )
        self.case.enter(Stage.LOOKING_UP)
        search = await self.case.step(
            find_order,
            FindOrder(number=reading.order_number, customer_email=self.ticket.sender),
            why="the answer depends on the order",
        )
        order = search.order
        remedy = self.case.decide(
            ANSWER,
            AnswerFacts(
                orders_found=search.matches,
                senders_own=order is not None and order.customer_email == self.ticket.sender,
                already_refunded=order is not None and order.refunded > 0,
            ),
        )
        self.case.enter(Stage.REPLYING)
        draft = await self.case.step(
            draft_reply,
            DraftReply(
                customer=order.customer_name if order else "customer",
                summary=reading.summary,
                remedy=remedy.value,
                order_number=order.number if order else None,
            ),
            why="the customer is told what was decided",
        )
        return Answered(remedy=remedy, reply=draft.text)

    async def leave(self, ending: Ending) -> Answered:
        """Nothing to take back."""
        return Answered(remedy=Remedy.DENIED, reply=ending.reason)
