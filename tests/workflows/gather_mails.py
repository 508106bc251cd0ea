"""Read several mails as the parts of one piece of work: a workflow for tests."""

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

__all__ = ["AT_ONCE", "PLAN", "GatherMails", "Gathering", "ManyMails"]

AT_ONCE = 2


class Stage(StrEnum):
    READING = "reading"


class ManyMails(Value):
    mails: tuple[ReadTicket, ...]
    """In the order in which they matter."""


class Gathering(Result):
    summaries: dict[int, str] = Field(default_factory=dict)
    gaps: dict[int, str] = Field(default_factory=dict)
    left_out: int = 0


PLAN = Plan(
    name="gather-mails",
    stages={Stage.READING: ()},
    steps=(read_ticket,),
    at_most=({read_ticket: 12},),
    gathers=(read_ticket,),
    cap=Amount(usd=Decimal("0.50"), tokens=1_200_000, calls=60, steps=12),
    deadline=timedelta(minutes=5),
    escrow=Escrow(time=timedelta(minutes=1)),
)


@workflow.defn(name=PLAN.name)
class GatherMails:
    plan = PLAN

    @workflow.init
    def __init__(self, mails: ManyMails, terms: Terms) -> None:
        self.case = Case(PLAN)
        self.mails = mails.mails

    @workflow.run
    async def run(self, mails: ManyMails, terms: Terms) -> Gathering:
        return await self.case.run(terms, self.read(), self.leave)

    async def read(self) -> Gathering:
        reach = self.case.affordable(read_ticket, self.mails)
        gathered = await self.case.gather(
            read_ticket,
            self.mails[:reach],
            lambda _, reading: reading.summary,
            why="each is a part",
            at_once=AT_ONCE,
        )
        left_out = len(self.mails) - reach
        return Gathering(summaries=dict(gathered.parts), gaps=dict(gathered.gaps), left_out=left_out)

    async def leave(self, ending: Ending) -> Gathering:
        return Gathering()
