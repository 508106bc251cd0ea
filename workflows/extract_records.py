"""Extract one record from one document: convert, read in sections, check, ask a person if need be, write."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from enum import StrEnum

from temporalio import workflow

from contracts.documents import convert_document, read_text
from contracts.extraction import (
    Extracted,
    Extraction,
    ExtractionPath,
    ReadSection,
    WriteRecord,
    read_again,
    read_section,
    write_record,
)
from contracts.mail import hand_to_desk
from contracts.receipts import Ending
from contracts.sheet import Escrow
from contracts.terms import Amount, Terms
from workflows.kernel.approvals import Approval
from workflows.kernel.case import Case
from workflows.kernel.endings import StepFailed
from workflows.kernel.plan import Plan
from workflows.records.drafts import Draft
from workflows.records.findings import Findings
from workflows.records.sections import spans
from workflows.records.tables import COVERAGE, VERDICT, VOTE, Coverage, CoverageFacts, Verdict
from workflows.records.voting import voted

__all__ = ["PLAN", "ExtractRecords", "Stage"]

MOST_SECTIONS = 320


class Stage(StrEnum):
    CONVERTING = "converting"
    READING = "reading"
    CHECKING = "checking"
    AWAITING_REVIEW = "awaiting_review"
    WRITING = "writing"
    HANDING_OVER = "handing_over"


PLAN = Plan(
    name="extract-records",
    stages={
        Stage.CONVERTING: (Stage.READING, Stage.HANDING_OVER),
        Stage.READING: (Stage.CHECKING, Stage.HANDING_OVER),
        Stage.CHECKING: (Stage.AWAITING_REVIEW, Stage.WRITING, Stage.HANDING_OVER),
        Stage.AWAITING_REVIEW: (Stage.WRITING, Stage.HANDING_OVER),
        Stage.WRITING: (Stage.HANDING_OVER,),
        Stage.HANDING_OVER: (Stage.HANDING_OVER,),
    },
    steps=(convert_document, read_text, read_section, read_again, write_record, hand_to_desk),
    tables=(COVERAGE, VOTE, VERDICT),
    parks=(write_record,),
    at_most=(
        {
            convert_document: 1,
            read_text: 1,
            read_section: MOST_SECTIONS,
            read_again: 1,
            write_record: 1,
            hand_to_desk: 2,
        },
    ),
    gathers=(read_section,),
    asks=(write_record,),
    way_out=(hand_to_desk,),
    # As many calls as there may be sections; at the prices of small models it covers a hundred pages.
    cap=Amount(usd=Decimal("0.50"), tokens=4_000_000, calls=330, steps=330),
    deadline=timedelta(days=2),
    # 300 sections take four seconds of processor time to replay; other runs may want it at the same time.
    task_timeout=timedelta(seconds=15),
    escrow=Escrow(amount=Amount(steps=2), time=timedelta(minutes=8)),
    thresholds={"review_hours": Decimal(24), "other_dates": Decimal(0)},
)


@workflow.defn(name=PLAN.name)
class ExtractRecords:
    """A document in, a row in a table out; to a person where a value cannot be proven."""

    plan = PLAN

    @workflow.init
    def __init__(self, extraction: Extraction, terms: Terms) -> None:
        self.case = Case(PLAN)
        self.tenant = terms.tenant
        self.findings = Findings(extraction.document, Draft(extraction.record))

    @workflow.run
    async def run(self, extraction: Extraction, terms: Terms) -> Extracted:
        return await self.case.run(terms, self.extract(), self.leave)

    async def extract(self) -> Extracted:
        converted = await self.case.step(convert_document, self.findings.document, why="a model reads text")
        text = await self.case.step(read_text, converted, why="it is split to what a model can take")
        self.case.enter(Stage.READING)
        self.findings = self.findings.with_text(converted, text, self.case.room(read_section))
        await self.read()
        self.case.enter(Stage.CHECKING)
        again = self.findings.question_again()
        match self.judge(again):
            case Verdict.ASK_AGAIN if again is not None:
                await self.vote(again)
                return await self.conclude(self.judge())
            case verdict:
                return await self.conclude(verdict)

    async def read(self) -> None:
        """Side by side, as many sections as are within reach."""
        questions = self.findings.questions()
        reach = min(self.case.affordable(read_section, questions), MOST_SECTIONS)
        facts = CoverageFacts(read=reach, left_out=len(questions) - reach)
        chosen = [] if self.case.decide(COVERAGE, facts) is Coverage.NONE else questions[:reach]
        gathered = await self.case.gather(
            read_section, chosen, self.findings.proven, why="it says what is in these pages"
        )
        self.findings = self.findings.with_readings(gathered.parts)

    def judge(self, again: ReadSection | None = None) -> Verdict:
        """`again` may still be asked."""
        affordable = again is not None and self.case.affordable(read_again, [again]) == 1
        return self.case.decide(VERDICT, self.findings.facts(another_reading=affordable))

    async def vote(self, again: ReadSection) -> None:
        """Another opinion, on another route where there is one."""
        try:
            reading = await self.case.ask_again(read_again, again, why="some of its values are doubtful")
        except StepFailed:
            return  # what is doubtful stays doubtful
        second = self.findings.second_draft(reading)
        draft = voted(self.findings.draft, second, lambda facts: self.case.decide(VOTE, facts))
        self.findings = replace(self.findings, draft=draft)

    async def conclude(self, verdict: Verdict) -> Extracted:
        match verdict:
            case Verdict.WRITE:
                return await self.write(self.row())
            case Verdict.REVIEW:
                return await self.ask_a_person(self.row())
            case Verdict.PARTIAL:
                unread = spans(self.findings.unread)
                return await self.hand_over(f"unread are pages {unread}", ExtractionPath.PARTIAL)
            case Verdict.HAND_OVER | Verdict.ASK_AGAIN:
                return await self.hand_over("nothing that was asked for was found in it")

    def row(self) -> WriteRecord:
        """The document that was given last has the row, not the one that is written last."""
        return self.findings.row(self.tenant, self.case.opened.started_at)

    async def ask_a_person(self, row: WriteRecord) -> Extracted:
        self.case.enter(Stage.AWAITING_REVIEW)
        match await self.case.approval(
            write_record,
            row,
            worst_usd=Decimal(0),
            policy=f"{VERDICT.name} v{VERDICT.version}",
            within=timedelta(hours=float(self.case.limit("review_hours"))),
        ):
            case Approval.APPROVED:
                return await self.write(row)
            case Approval.DENIED:
                return await self.hand_over("a person did not want it written", ExtractionPath.DENIED)
            case Approval.EXPIRED:
                return await self.hand_over("nobody said whether it may be written")

    async def write(self, row: WriteRecord) -> Extracted:
        self.case.enter(Stage.WRITING)
        written = await self.case.step(write_record, row, why="every value is proven, or a person agreed")
        return self.findings.extracted(ExtractionPath.WRITTEN, written)

    async def hand_over(self, why: str, path: ExtractionPath = ExtractionPath.HANDED_OVER) -> Extracted:
        self.case.enter(Stage.HANDING_OVER)
        told = self.findings.handed_over(self.tenant, why)
        await self.case.step(hand_to_desk, told, why="a person goes on from here")
        return self.findings.extracted(path)

    async def leave(self, ending: Ending) -> Extracted:
        """The way out: nothing is written, and a person is told."""
        return await self.hand_over(ending.reason)
