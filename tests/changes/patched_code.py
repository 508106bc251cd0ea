"""The workflow with the change that CONTRIBUTING.md shows, while it is new and when it is old."""

from temporalio import workflow

from contracts.orders import Order
from contracts.resolutions import Resolution
from contracts.terms import Terms
from contracts.tickets import Ticket, TicketReading
from workflows.resolve_ticket import ResolveTicket

__all__ = ["PATCH", "Deprecated", "Patched"]

PATCH = "a-minute-before-a-refund"


@workflow.defn(name=ResolveTicket.plan.name)
class Patched(ResolveTicket):
    """As the diff makes it, but for a shorter wait."""

    @workflow.init
    def __init__(self, ticket: Ticket, terms: Terms) -> None:
        super().__init__(ticket, terms)

    @workflow.run
    async def run(self, ticket: Ticket, terms: Terms) -> Resolution:
        return await self.case.run(terms, self.resolve(), self.leave)

    async def pay_back(self, reading: TicketReading, order: Order) -> Resolution:
        if workflow.patched(PATCH):
            await workflow.sleep(0.1)
        return await super().pay_back(reading, order)


@workflow.defn(name=ResolveTicket.plan.name)
class Deprecated(ResolveTicket):
    """As it is when no run from before the change is left."""

    @workflow.init
    def __init__(self, ticket: Ticket, terms: Terms) -> None:
        super().__init__(ticket, terms)

    @workflow.run
    async def run(self, ticket: Ticket, terms: Terms) -> Resolution:
        return await self.case.run(terms, self.resolve(), self.leave)

    async def pay_back(self, reading: TicketReading, order: Order) -> Resolution:
        workflow.deprecate_patch(PATCH)
        await workflow.sleep(0.1)
        return await super().pay_back(reading, order)
