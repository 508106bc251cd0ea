"""Read a mail with a model, then a text from its store: a workflow for tests."""

from datetime import timedelta
from decimal import Decimal
from enum import StrEnum

from temporalio import workflow

from contracts.documents import ConvertedDocument, PageReference, read_text
from contracts.receipts import Ending, Result
from contracts.sheet import Escrow
from contracts.terms import Amount, Terms
from contracts.tickets import ReadTicket, read_ticket
from workflows.kernel.case import Case
from workflows.kernel.plan import Plan

__all__ = ["ReadMailAndText"]


class Stage(StrEnum):
    READING = "reading"


PLAN = Plan(
    name="read-mail-and-text",
    stages={Stage.READING: ()},
    steps=(read_ticket, read_text),
    at_most=({read_ticket: 1, read_text: 1},),
    cap=Amount(usd=Decimal("0.05"), tokens=120_000, calls=10, steps=10),
    deadline=timedelta(seconds=5),
    escrow=Escrow(),
)


@workflow.defn(name=PLAN.name)
class ReadMailAndText:
    plan = PLAN

    @workflow.init
    def __init__(self, mail: ReadTicket, terms: Terms) -> None:
        self.case = Case(PLAN)
        self.mail = mail

    @workflow.run
    async def run(self, mail: ReadTicket, terms: Terms) -> Result:
        return await self.case.run(terms, self.read(), self.leave)

    async def read(self) -> Result:
        await self.case.step(read_ticket, self.mail, why="it is there")
        empty = ConvertedDocument(document="0" * 64, converter="none", pages=(PageReference(number=1),))
        await self.case.step(read_text, empty, why="it belongs to the mail")
        return Result()

    async def leave(self, ending: Ending) -> Result:
        return Result()
