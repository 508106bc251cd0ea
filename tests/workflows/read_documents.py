"""Convert a document and read its pages one by one: a workflow for tests, on the same kernel as any other."""

from datetime import timedelta
from decimal import Decimal
from enum import StrEnum

from temporalio import workflow

from contracts.documents import Document, convert_document, read_text
from contracts.receipts import Ending, Result
from contracts.sheet import Escrow
from contracts.terms import Amount, Terms
from workflows.kernel.case import Case
from workflows.kernel.plan import Plan

__all__ = ["PLAN", "PagesRead", "ReadDocument"]


class Stage(StrEnum):
    READING = "reading"


class PagesRead(Result):
    texts: tuple[str, ...] = ()
    hidden_on: tuple[int, ...] = ()


PLAN = Plan(
    name="read-document",
    stages={Stage.READING: ()},
    steps=(convert_document, read_text),
    at_most=({convert_document: 1, read_text: 1},),
    cap=Amount(usd=Decimal("0.05"), tokens=120_000, calls=10, steps=10),
    deadline=timedelta(minutes=30),
    escrow=Escrow(),
)


@workflow.defn(name=PLAN.name)
class ReadDocument:
    plan = PLAN

    @workflow.init
    def __init__(self, document: Document, terms: Terms) -> None:
        self.case = Case(PLAN)
        self.document = document

    @workflow.run
    async def run(self, document: Document, terms: Terms) -> PagesRead:
        return await self.case.run(terms, self.read(), self.leave)

    async def read(self) -> PagesRead:
        converted = await self.case.step(convert_document, self.document, why="only text can be read")
        text = await self.case.step(read_text, converted, why="its pages are needed")
        return PagesRead(texts=tuple(page.text for page in text.pages), hidden_on=converted.hidden_on)

    async def leave(self, ending: Ending) -> PagesRead:
        return PagesRead()
