"""The sample workflow as somebody may have changed it: tidied, other rules, a step more, another sum."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from temporalio import workflow

from contracts.mail import HandToDesk, hand_to_desk
from contracts.orders import FindOrder, Order, OrderSearch, find_order
from contracts.refunds import IssueRefund, issue_refund
from contracts.resolutions import Path, Resolution
from contracts.terms import Terms
from contracts.tickets import ReadTicket, Ticket, TicketReading, read_ticket
from workflows.kernel.approvals import Approval
from workflows.kernel.decisions import Row, Table
from workflows.resolve_ticket import PLAN, ResolveTicket, Stage
from workflows.tickets.remedies import REMEDY, Remedy, RemedyFacts, facts, known

__all__ = ["AsksForHalf", "Breaks", "NeverComesBack", "NewRules", "NewThreshold", "TellsTheDesk", "Tidied"]

SPLIT = Table(
    name="remedy",
    version=1,
    facts=RemedyFacts,
    rows=(
        Row("nothing was found", Remedy.ASK_ORDER_NUMBER, facts.orders_found.is_(0)),
        Row("it could be several", Remedy.ASK_ORDER_NUMBER, facts.orders_found > 1),
        *REMEDY.rows[1:],
    ),
)


@workflow.defn(name=PLAN.name)
class Tidied(ResolveTicket):
    """Does the same: methods are others, one row has become two, and words are other words."""

    plan = replace(PLAN, tables=(SPLIT,))

    @workflow.init
    def __init__(self, ticket: Ticket, terms: Terms) -> None:
        super().__init__(ticket, terms)

    @workflow.run
    async def run(self, ticket: Ticket, terms: Terms) -> Resolution:
        return await self.case.run(terms, self.resolve(), self.leave)

    async def resolve(self) -> Resolution:
        reading = await self.case.step(
            read_ticket, ReadTicket(subject=self.ticket.subject, text=self.ticket.text), why="it is new"
        )
        self.case.enter(Stage.LOOKING_UP)
        asked = FindOrder(number=reading.order_number, customer_email=self.ticket.sender)
        search = await self.case.step(find_order, asked, why="it is about an order")
        return await self.remedied(reading, search)

    async def remedied(self, reading: TicketReading, search: OrderSearch) -> Resolution:
        order = search.order
        about = RemedyFacts.of(reading, search, self.ticket.sender, self.case.today)
        outcome = self.case.decide(SPLIT, about)
        if outcome is Remedy.REFUND:
            return await self.pay_back(reading, known(order))
        if outcome is Remedy.ASK_APPROVAL:
            return await self.ask_a_person(reading, known(order))
        if outcome is Remedy.HAND_OVER:
            return await self.hand_over(f"no rule fits: {reading.summary}")
        path = {
            Remedy.SAY_TOO_LATE: Path.TOO_LATE,
            Remedy.SAY_REFUNDED: Path.ALREADY_REFUNDED,
            Remedy.ASK_ORDER_NUMBER: Path.ASKED_ORDER_NUMBER,
        }[outcome]
        return await self.answer(path, reading, order if path is not Path.ASKED_ORDER_NUMBER else None)


STRICTER = Table(
    name="remedy",
    version=2,
    facts=RemedyFacts,
    rows=(
        *REMEDY.rows[:7],
        Row("a person looks at everything above ten dollars", Remedy.ASK_APPROVAL, facts.total > 10),
        *REMEDY.rows[7:],
    ),
)


@workflow.defn(name=PLAN.name)
class NewRules(ResolveTicket):
    """A table with one row more."""

    plan = replace(PLAN, tables=(STRICTER,))

    @workflow.init
    def __init__(self, ticket: Ticket, terms: Terms) -> None:
        super().__init__(ticket, terms)

    @workflow.run
    async def run(self, ticket: Ticket, terms: Terms) -> Resolution:
        return await self.case.run(terms, self.resolve(), self.leave)

    async def resolve(self) -> Resolution:
        reading = await self.case.step(
            read_ticket, ReadTicket(subject=self.ticket.subject, text=self.ticket.text), why="it is new"
        )
        self.case.enter(Stage.LOOKING_UP)
        asked = FindOrder(number=reading.order_number, customer_email=self.ticket.sender)
        search = await self.case.step(find_order, asked, why="it is about an order")
        about = RemedyFacts.of(reading, search, self.ticket.sender, self.case.today)
        if self.case.decide(STRICTER, about) is Remedy.ASK_APPROVAL:
            return await self.ask_a_person(reading, known(search.order))
        return await self.hand_over("somebody else goes on")

    async def ask_a_person(self, reading: TicketReading, order: Order) -> Resolution:
        self.case.enter(Stage.AWAITING_APPROVAL)
        said = await self.case.approval(
            issue_refund,
            IssueRefund(order_number=order.number, amount=order.total),
            worst_usd=order.total,
            policy=f"{STRICTER.name} v{STRICTER.version}",
            within=timedelta(hours=float(self.case.limit("approval_hours"))),
        )
        if said is Approval.APPROVED:
            return await self.pay_back(reading, order)
        if said is Approval.DENIED:
            return await self.answer(Path.DENIED, reading, order)
        return await self.hand_over("nobody answered whether the refund may be paid")


@workflow.defn(name=PLAN.name)
class NewThreshold(ResolveTicket):
    """The number in the code is another."""

    plan = replace(PLAN, thresholds={**PLAN.thresholds, "approval_above_usd": Decimal(200)})

    @workflow.init
    def __init__(self, ticket: Ticket, terms: Terms) -> None:
        super().__init__(ticket, terms)

    @workflow.run
    async def run(self, ticket: Ticket, terms: Terms) -> Resolution:
        return await self.case.run(terms, self.resolve(), self.leave)


@workflow.defn(name=PLAN.name)
class TellsTheDesk(ResolveTicket):
    """One step more, which nobody decided."""

    @workflow.init
    def __init__(self, ticket: Ticket, terms: Terms) -> None:
        super().__init__(ticket, terms)

    @workflow.run
    async def run(self, ticket: Ticket, terms: Terms) -> Resolution:
        return await self.case.run(terms, self.resolve(), self.leave)

    async def pay_back(self, reading: TicketReading, order: Order) -> Resolution:
        told = HandToDesk(
            ticket_id=self.ticket.message_id,
            customer=self.ticket.sender,
            subject=self.ticket.subject,
            text=self.ticket.text,
            why="a refund is on its way",
        )
        self.case.enter(Stage.REFUNDING)
        await self.case.step(hand_to_desk, told, why="the desk wants to know")
        self.refund = IssueRefund(order_number=order.number, amount=order.total)
        await self.case.step(issue_refund, self.refund, why="the remedy is a refund")
        return await self.answer(Path.REFUNDED, reading, order)


@workflow.defn(name=PLAN.name)
class AsksForHalf(ResolveTicket):
    """Pays half of what was paid, and asks a person for that."""

    @workflow.init
    def __init__(self, ticket: Ticket, terms: Terms) -> None:
        super().__init__(ticket, terms)

    @workflow.run
    async def run(self, ticket: Ticket, terms: Terms) -> Resolution:
        return await self.case.run(terms, self.resolve(), self.leave)

    async def ask_a_person(self, reading: TicketReading, order: Order) -> Resolution:
        return await super().ask_a_person(reading, order.model_copy(update={"total": order.total / 2}))

    async def pay_back(self, reading: TicketReading, order: Order) -> Resolution:
        return await super().pay_back(reading, order.model_copy(update={"total": order.total / 2}))


@workflow.defn(name=PLAN.name)
class Breaks(ResolveTicket):
    """Raises what no workflow may raise."""

    @workflow.init
    def __init__(self, ticket: Ticket, terms: Terms) -> None:
        super().__init__(ticket, terms)

    @workflow.run
    async def run(self, ticket: Ticket, terms: Terms) -> Resolution:
        return await self.case.run(terms, self.resolve(), self.leave)

    async def answer(self, path: Path, reading: TicketReading, order: Order | None) -> Resolution:
        raise TypeError("a slip")


@workflow.defn(name=PLAN.name)
class NeverComesBack(ResolveTicket):
    """Turns in a loop without a bound."""

    @workflow.init
    def __init__(self, ticket: Ticket, terms: Terms) -> None:
        super().__init__(ticket, terms)

    @workflow.run
    async def run(self, ticket: Ticket, terms: Terms) -> Resolution:
        return await self.case.run(terms, self.resolve(), self.leave)

    async def answer(self, path: Path, reading: TicketReading, order: Order | None) -> Resolution:
        while True:
            pass
