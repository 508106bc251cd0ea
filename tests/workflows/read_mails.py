"""Read several mails side by side: a workflow for tests, on the same kernel as any other."""

from datetime import timedelta
from decimal import Decimal
from enum import StrEnum

from pydantic import Field
from temporalio import workflow

from contracts.receipts import Ending, Result
from contracts.sheet import Escrow
from contracts.terms import Amount, Terms
from contracts.tickets import ReadTicket, read_ticket
from contracts.values import Value
from workflows.kernel.case import Case
from workflows.kernel.plan import Plan

__all__ = ["PLAN", "Mails", "ReadMails", "Readings"]


class Stage(StrEnum):
    READING = "reading"


class Mails(Value):
    mails: tuple[ReadTicket, ...]


class Readings(Result):
    summaries: tuple[str, ...] = ()
    gaps: dict[int, str] = Field(default_factory=dict)


PLAN = Plan(
    name="read-mails",
    stages={Stage.READING: ()},
    steps=(read_ticket,),
    at_most=({read_ticket: 8},),
    gathers=(read_ticket,),
    cap=Amount(usd=Decimal("0.05"), tokens=120_000, calls=10, steps=10),
    deadline=timedelta(minutes=5),
    escrow=Escrow(),
)


@workflow.defn(name=PLAN.name)
class ReadMails:
    plan = PLAN

    @workflow.init
    def __init__(self, mails: Mails, terms: Terms) -> None:
        self.case = Case(PLAN)
        self.mails = mails.mails

    @workflow.run
    async def run(self, mails: Mails, terms: Terms) -> Readings:
        return await self.case.run(terms, self.read(), self.leave)

    async def read(self) -> Readings:
        gathered = await self.case.gather(
            read_ticket, self.mails, lambda _, reading: reading.summary, why="they are all read at once"
        )
        return Readings(
            summaries=tuple(gathered.parts[number] for number in sorted(gathered.parts)),
            gaps=dict(gathered.gaps),
        )

    async def leave(self, ending: Ending) -> Readings:
        return Readings()
