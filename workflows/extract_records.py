"""Extract one record from one document: convert, read in sections, check, ask a person if need be, write."""

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from enum import StrEnum

from temporalio import workflow

from contracts.documents import ConvertedDocument, convert_document, read_text
from contracts.extraction import (
    Extracted,
    Extraction,
    ExtractionPath,
    ReadSection,
    WriteRecord,
    Written,
    read_again,
    read_section,
    write_record,
)
from contracts.mail import HandToDesk, hand_to_desk
from contracts.receipts import Ending
from contracts.sheet import Escrow
from contracts.terms import Amount, Terms
from workflows.kernel.approvals import Approval
from workflows.kernel.case import Case
from workflows.kernel.endings import StepFailed
from workflows.kernel.plan import Plan
from workflows.records.drafts import Draft, draft_of
from workflows.records.sections import Section, ends_first, sections_of, spans, unread_pages
from workflows.records.tables import (
    COVERAGE,
    VERDICT,
    VOTE,
    Coverage,
    CoverageFacts,
    Verdict,
    VerdictFacts,
)
from workflows.records.voting import doubtful_section, voted

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
    escrow=Escrow(amount=Amount(steps=2), time=timedelta(minutes=8)),
    thresholds={"review_hours": Decimal(24)},
)


@workflow.defn(name=PLAN.name)
class ExtractRecords:
    """A document in, a row in a table out; to a person where a value cannot be proven."""

    plan = PLAN

    @workflow.init
    def __init__(self, extraction: Extraction, terms: Terms) -> None:
        self.case = Case(PLAN)
        self.document, self.record, self.tenant = extraction.document, extraction.record, terms.tenant
        self.pages = 0
        self.unread: Sequence[int] = ()
        self.draft = Draft(extraction.record)

    @workflow.run
    async def run(self, extraction: Extraction, terms: Terms) -> Extracted:
        return await self.case.run(terms, self.extract(), self.leave)

    async def extract(self) -> Extracted:
        converted = await self.case.step(convert_document, self.document, why="a model reads text")
        text = await self.case.step(read_text, converted, why="it is split to what a model can take")
        self.pages = len(converted.pages)
        self.case.enter(Stage.READING)
        sections = sections_of(text.pages, self.case.room(read_section))
        await self.read(sections)
        self.case.enter(Stage.CHECKING)
        doubtful = doubtful_section(self.draft, sections)
        verdict = self.judge(converted, doubtful)
        if verdict is Verdict.ASK_AGAIN and doubtful is not None:
            await self.vote(doubtful)
            verdict = self.judge(converted)
        match verdict:
            case Verdict.WRITE:
                return await self.write(self.row())
            case Verdict.REVIEW:
                return await self.ask_a_person(self.row())
            case Verdict.PARTIAL:
                return await self.hand_over(f"unread are pages {spans(self.unread)}", ExtractionPath.PARTIAL)
            case Verdict.HAND_OVER | Verdict.ASK_AGAIN:
                return await self.hand_over("nothing that was asked for was found in it")

    async def read(self, sections: Sequence[Section]) -> None:
        """Side by side, as many sections as are within reach."""
        order = ends_first(len(sections))
        requests = [ReadSection(record=self.record, text=sections[place].text) for place in order]
        reach = min(self.case.affordable(read_section, requests), MOST_SECTIONS)
        facts = CoverageFacts(read=reach, left_out=len(sections) - reach)
        if self.case.decide(COVERAGE, facts) is not Coverage.NONE:
            gathered = await self.case.gather(
                read_section, requests[:reach], why="it says what is in these pages"
            )
            read = {order[number]: reply for number, reply in gathered.replies.items()}
            self.draft = draft_of(self.record, [(sections[place], read[place]) for place in sorted(read)])
            self.unread = unread_pages(sections, read)

    def judge(self, converted: ConvertedDocument, doubtful: Section | None = None) -> Verdict:
        """`doubtful` is what may be read again, when it was not yet."""
        again = [] if doubtful is None else [self.asked_of(doubtful)]
        return self.case.decide(
            VERDICT,
            VerdictFacts.of(
                self.draft,
                unread_pages=len(self.unread),
                another_reading=self.case.affordable(read_again, again) == 1,
                hidden_text=bool(converted.hidden_on),
            ),
        )

    async def vote(self, section: Section) -> None:
        """Another opinion, on another route where there is one."""
        try:
            reading = await self.case.ask_again(
                read_again, self.asked_of(section), why="some of its values are doubtful"
            )
        except StepFailed:
            return  # what is doubtful stays doubtful
        second = draft_of(self.record, [(section, reading)])
        self.draft = voted(self.draft, second, lambda facts: self.case.decide(VOTE, facts))

    def asked_of(self, section: Section) -> ReadSection:
        return ReadSection(record=self.record, only=tuple(self.draft.doubtful), text=section.text)

    def row(self) -> WriteRecord:
        return WriteRecord(
            tenant=self.tenant,
            source=self.document.name,
            digest=self.document.digest,
            record_type=self.record.name,
            record=self.draft.values(),
            places=self.draft.places(),
            doubts=self.draft.why(),
        )

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
        return self.extracted(ExtractionPath.WRITTEN, written)

    async def hand_over(self, why: str, path: ExtractionPath = ExtractionPath.HANDED_OVER) -> Extracted:
        self.case.enter(Stage.HANDING_OVER)
        await self.case.step(
            hand_to_desk,
            HandToDesk(
                ticket_id=self.document.digest,
                customer=self.tenant,
                subject=self.document.name,
                text="\n".join(f"{doubt.field}: {doubt.why}" for doubt in self.draft.why())[:12_000],
                why=why[:1_000],
            ),
            why="a person goes on from here",
        )
        return self.extracted(path)

    async def leave(self, ending: Ending) -> Extracted:
        """The way out: nothing is written, and a person is told."""
        return await self.hand_over(ending.reason)

    def extracted(self, path: ExtractionPath, written: Written | None = None) -> Extracted:
        return Extracted(
            path=path,
            record=self.draft.values() if self.draft.found else None,
            places=self.draft.places(),
            doubts=self.draft.why() if self.draft.found else (),
            pages=self.pages,
            missing_pages=tuple(self.unread),
            written=written,
        )
