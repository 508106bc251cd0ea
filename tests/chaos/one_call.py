"""One call of a model and nothing else: a workflow for bursts, on the same kernel as any other."""

from datetime import timedelta
from decimal import Decimal
from enum import StrEnum

from temporalio import workflow

from contracts.receipts import Ending, Result
from contracts.sheet import Escrow
from contracts.terms import Amount, Terms
from contracts.tickets import ReadTicket, read_ticket
from workflows.kernel.case import Case
from workflows.kernel.plan import Plan

__all__ = ["PLAN", "OneCall"]


class Stage(StrEnum):
    READING = "reading"


PLAN = Plan(
    name="one-call",
    stages={Stage.READING: ()},
    steps=(read_ticket,),
    cap=Amount(usd=Decimal("0.10"), tokens=120_000, calls=10, steps=1),
    deadline=timedelta(minutes=5),
    escrow=Escrow(),
)


@workflow.defn(name=PLAN.name)
class OneCall:
    plan = PLAN

    @workflow.init
    def __init__(self, mail: ReadTicket, terms: Terms) -> None:
        self.case = Case(PLAN)
        self.mail = mail

    @workflow.run
    async def run(self, mail: ReadTicket, terms: Terms) -> Result:
        return await self.case.run(terms, self.read(), self.leave)

    async def read(self) -> Result:
        await self.case.step(read_ticket, self.mail, why="it is all that this run does")
        return Result()

    async def leave(self, ending: Ending) -> Result:
        return Result()
