"""Forty sections read side by side, sixteen at a time: on the kernel, and by hand with a semaphore.

Both call the same activity with the same values, and keep of each reply how many rows it has.
"""

import asyncio
from datetime import timedelta
from decimal import Decimal
from enum import StrEnum

from temporalio import workflow

from contracts.extraction import ReadSection, SectionReading, read_section
from contracts.receipts import Ending, Result
from contracts.record_types import RECORD_TYPES
from contracts.sheet import Escrow
from contracts.terms import Amount, Terms
from contracts.values import Value
from workflows.kernel.case import Case
from workflows.kernel.plan import Plan

# As the contracts are: values, the same for every run.
with workflow.unsafe.imports_passed_through():
    from bench.by_hand import asked, call

__all__ = ["AT_ONCE", "PLAN", "SECTIONS", "ByHandSections", "OnKernelSections", "Sections", "sections_terms"]

SECTIONS, AT_ONCE = 40, 16
ROWS = 12


class Sections(Value):
    """The document: how many sections it has."""

    number: int


class RowsRead(Result):
    """What both sides return; only the kernel puts in a receipt."""

    rows: int


def questions(document: Sections) -> list[ReadSection]:
    """Each about another section of some 500 bytes."""
    return [
        ReadSection(
            record=RECORD_TYPES["invoice"],
            text="\n".join(f"Desk lamp, model {page}{row:02} brass 2 10.50 21.00" for row in range(ROWS)),
        )
        for page in range(document.number)
    ]


class Stage(StrEnum):
    READING = "reading"


PLAN = Plan(
    name="bench-sections-on-kernel",
    stages={Stage.READING: ()},
    steps=(read_section,),
    at_most=({read_section: SECTIONS},),
    gathers=(read_section,),
    cap=Amount(usd=Decimal(1), tokens=1_000_000, calls=100, steps=100),
    deadline=timedelta(days=2),
    escrow=Escrow(amount=Amount(steps=2), time=timedelta(minutes=6)),
)


def sections_terms(profile: str) -> Terms:
    """The plan's own."""
    return Terms(tenant="bench", requested_by="bench", cap=PLAN.cap, deadline=PLAN.deadline, profile=profile)


@workflow.defn(name=PLAN.name)
class OnKernelSections:
    """As extract_records reads its sections."""

    plan = PLAN

    @workflow.init
    def __init__(self, document: Sections, terms: Terms) -> None:
        self.case = Case(PLAN)
        self.document = document

    @workflow.run
    async def run(self, document: Sections, terms: Terms) -> RowsRead:
        return await self.case.run(terms, self.read(), self.leave)

    async def read(self) -> RowsRead:
        asked = questions(self.document)
        reach = self.case.affordable(read_section, asked)
        gathered = await self.case.gather(
            read_section,
            asked[:reach],
            lambda _, reading: len(reading.rows),
            why="it says what is in these pages",
            at_once=AT_ONCE,
        )
        return RowsRead(rows=sum(gathered.parts.values()))

    async def leave(self, ending: Ending) -> RowsRead:
        return RowsRead(rows=0)


@workflow.defn(name="bench-sections-by-hand")
class ByHandSections:
    """No budget, trail, deadline or way out; the server retries a failed call."""

    @workflow.run
    async def run(self, document: Sections, profile: str) -> RowsRead:
        room = asyncio.Semaphore(AT_ONCE)

        async def rows(question: ReadSection) -> int:
            async with room:
                by = call(profile, 1024)
                reading = await asked("read_section", question, SectionReading, by, "read a section")
                return len(reading.rows)

        return RowsRead(rows=sum(await asyncio.gather(*map(rows, questions(document)))))
