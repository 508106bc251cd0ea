"""Resolve one support ticket: read, look up, propose a remedy, ask a person if need be, act, reply."""

from datetime import timedelta
from decimal import Decimal
from enum import StrEnum

from temporalio import workflow

from contracts.mail import HandToDesk, SendReply, hand_to_desk, send_reply
from contracts.orders import FindOrder, Order, find_order
from contracts.receipts import Ending
from contracts.refunds import IssueRefund, VoidRefund, issue_refund, void_refund
from contracts.resolutions import Path, Resolution
from contracts.sheet import Escrow
from contracts.terms import Amount, Terms
from contracts.tickets import DraftReply, ReadTicket, Ticket, TicketReading, draft_reply, read_ticket
from workflows.kernel.approvals import Approval
from workflows.kernel.case import Case
from workflows.kernel.plan import Plan
from workflows.tickets.remedies import REMEDY, Remedy, RemedyFacts, known

__all__ = ["PLAN", "ResolveTicket", "Stage"]


class Stage(StrEnum):
    READING = "reading"
    LOOKING_UP = "looking_up"
    AWAITING_APPROVAL = "awaiting_approval"
    REFUNDING = "refunding"
    REPLYING = "replying"
    HANDING_OVER = "handing_over"


PLAN = Plan(
    name="resolve-ticket",
    stages={
        Stage.READING: (Stage.LOOKING_UP, Stage.HANDING_OVER),
        Stage.LOOKING_UP: (Stage.AWAITING_APPROVAL, Stage.REFUNDING, Stage.REPLYING, Stage.HANDING_OVER),
        Stage.AWAITING_APPROVAL: (Stage.REFUNDING, Stage.REPLYING, Stage.HANDING_OVER),
        Stage.REFUNDING: (Stage.REPLYING, Stage.HANDING_OVER),
        Stage.REPLYING: (Stage.HANDING_OVER,),
        # The way out of a run that could not be handed over, or was cancelled before it was.
        Stage.HANDING_OVER: (Stage.HANDING_OVER,),
    },
    steps=(read_ticket, find_order, issue_refund, draft_reply, send_reply, void_refund, hand_to_desk),
    tables=(REMEDY,),
    parks=(read_ticket, issue_refund, draft_reply, send_reply),
    at_most=(
        {
            read_ticket: 1,
            find_order: 1,
            issue_refund: 1,
            draft_reply: 1,
            send_reply: 1,
            void_refund: 1,
            hand_to_desk: 1,
        },
        # No rule fitted, so it was handed over, and that failed or was cancelled: once more on the way out.
        {read_ticket: 1, find_order: 1, hand_to_desk: 2},
    ),
    asks=(issue_refund,),
    way_out=(void_refund, hand_to_desk),
    # Two attempts of the longest ticket may stay unknown, and the ticket is still read and answered.
    cap=Amount(usd=Decimal("0.05"), tokens=120_000, calls=10, steps=10),
    deadline=timedelta(days=2),
    # Find out whether the last effect happened, void the refund, hand the ticket over, each with its retries.
    escrow=Escrow(amount=Amount(steps=2), time=timedelta(minutes=6)),
    # A person may take a day to look at a refund; after that somebody else takes the whole ticket.
    thresholds={"refund_days": Decimal(30), "approval_above_usd": Decimal(50), "approval_hours": Decimal(24)},
)


@workflow.defn(name=PLAN.name)
class ResolveTicket:
    """A ticket in, a refund or none and a reply out; to a person when nothing fits."""

    plan = PLAN

    @workflow.init
    def __init__(self, ticket: Ticket, terms: Terms) -> None:
        self.case = Case(PLAN)
        self.ticket = ticket
        self.refund: IssueRefund | None = None

    @workflow.run
    async def run(self, ticket: Ticket, terms: Terms) -> Resolution:
        return await self.case.run(terms, self.resolve(), self.leave)

    async def resolve(self) -> Resolution:
        reading = await self.case.step(
            read_ticket,
            ReadTicket(subject=self.ticket.subject, text=self.ticket.text),
            why="nothing is known about the ticket yet",
        )
        self.case.enter(Stage.LOOKING_UP)
        search = await self.case.step(
            find_order,
            FindOrder(number=reading.order_number, customer_email=self.ticket.sender),
            why="the remedy depends on the order",
        )
        order = search.order
        facts = RemedyFacts.of(reading, search, self.ticket.sender, self.case.today)
        match self.case.decide(REMEDY, facts):
            case Remedy.REFUND:
                return await self.pay_back(reading, known(order))
            case Remedy.ASK_APPROVAL:
                return await self.ask_a_person(reading, known(order))
            case Remedy.SAY_TOO_LATE:
                return await self.answer(Path.TOO_LATE, reading, order)
            case Remedy.SAY_REFUNDED:
                return await self.answer(Path.ALREADY_REFUNDED, reading, order)
            case Remedy.ASK_ORDER_NUMBER:
                return await self.answer(Path.ASKED_ORDER_NUMBER, reading, None)
            case Remedy.HAND_OVER:
                return await self.hand_over(f"no rule fits: {reading.summary}")

    async def ask_a_person(self, reading: TicketReading, order: Order) -> Resolution:
        self.case.enter(Stage.AWAITING_APPROVAL)
        match await self.case.approval(
            issue_refund,
            IssueRefund(order_number=order.number, amount=order.total),
            worst_usd=order.total,
            policy=f"{REMEDY.name} v{REMEDY.version}",
            within=timedelta(hours=float(self.case.limit("approval_hours"))),
        ):
            case Approval.APPROVED:
                return await self.pay_back(reading, order)
            case Approval.DENIED:
                return await self.answer(Path.DENIED, reading, order)
            case Approval.EXPIRED:
                return await self.hand_over("nobody answered whether the refund may be paid")

    async def pay_back(self, reading: TicketReading, order: Order) -> Resolution:
        self.case.enter(Stage.REFUNDING)
        self.refund = IssueRefund(order_number=order.number, amount=order.total)
        await self.case.step(issue_refund, self.refund, why="the remedy is a refund")
        return await self.answer(Path.REFUNDED, reading, order)

    async def answer(self, path: Path, reading: TicketReading, order: Order | None) -> Resolution:
        self.case.enter(Stage.REPLYING)
        paid = self.refund.amount if self.refund else None
        draft = await self.case.step(
            draft_reply,
            DraftReply(
                customer=order.customer_name if order else "customer",
                summary=reading.summary,
                remedy=path.value.removeprefix("replied_").replace("asked_", "ask_"),
                order_number=order.number if order else None,
                amount=paid,
            ),
            why="the customer is told what was decided",
        )
        await self.case.step(
            send_reply,
            SendReply(
                to=self.ticket.sender,
                subject=f"Re: {self.ticket.subject}",
                body=draft.text,
                in_reply_to=self.ticket.message_id,
            ),
            why="the reply is written",
        )
        return Resolution(
            path=path, order_number=order.number if order else None, refunded=paid, reply=draft.text
        )

    async def hand_over(self, why: str) -> Resolution:
        self.case.enter(Stage.HANDING_OVER)
        await self.case.step(
            hand_to_desk,
            HandToDesk(
                ticket_id=self.ticket.message_id,
                customer=self.ticket.sender,
                subject=self.ticket.subject,
                text=self.ticket.text,
                why=why,
            ),
            why="a person goes on from here",
        )
        return Resolution(path=Path.HANDED_OVER)

    async def leave(self, ending: Ending) -> Resolution:
        """The way out: take back what was paid without a word to the customer, and hand over."""
        if self.refund is not None:
            await self.case.step(
                void_refund,
                VoidRefund(
                    order_number=self.refund.order_number,
                    refund_key=self.case.key_of(issue_refund, self.refund),
                ),
                why="the customer could not be told of the refund",
            )
        return await self.hand_over(ending.reason)
