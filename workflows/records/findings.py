"""What is known of a document so far: its sections, which of them were read, and the record in the making."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from contracts.documents import ConvertedDocument, Document, DocumentText
from contracts.extraction import (
    Extracted,
    ExtractionPath,
    ReadSection,
    SectionReading,
    WriteRecord,
    Written,
)
from contracts.mail import HandToDesk
from workflows.records.doubts import doubts_of
from workflows.records.drafts import Draft
from workflows.records.reading import draft_in, draft_of, joined
from workflows.records.sections import Section, ends_first, sections_of, unread_pages
from workflows.records.tables import VerdictFacts

__all__ = ["Findings"]


@dataclass(frozen=True)
class Findings:
    """Of one document."""

    document: Document
    draft: Draft
    pages: int = 0
    hidden_text: bool = False
    sections: Sequence[Section] = ()
    order: Sequence[int] = ()
    """The sections' places, what matters most first: in which they are asked about."""
    unread: Sequence[int] = ()
    """Pages that are not blank and were not read whole."""

    def with_text(self, converted: ConvertedDocument, text: DocumentText, room: int) -> "Findings":
        """Its pages, in sections of at most so many bytes."""
        sections = sections_of(text.pages, room)
        return replace(
            self,
            pages=len(converted.pages),
            hidden_text=bool(converted.hidden_on),
            sections=sections,
            order=ends_first(len(sections)),
            unread=converted.unread,
        )

    def questions(self) -> list[ReadSection]:
        """One for each section, what matters most first."""
        return [self._question(self.sections[place]) for place in self.order]

    def proven(self, question: int, reading: SectionReading) -> Draft:
        """What came of one question alone, by its number."""
        return draft_in(self.draft.record, self.sections[self.order[question]], reading)

    def with_readings(self, parts: Mapping[int, Draft]) -> "Findings":
        """What came of the questions, by their number."""
        read = {self.order[question]: part for question, part in parts.items()}
        places = sorted(read)
        draft = joined(
            self.draft.record, [read[place] for place in places], [self.sections[place] for place in places]
        )
        unread = sorted({*self.unread, *unread_pages(self.sections, read)})
        return replace(self, draft=draft, unread=unread)

    def question_again(self) -> ReadSection | None:
        """About what is doubtful, of the section that should hold it: sums stand at the end, the rest at the
        beginning. None when there is nothing to ask."""
        section = self._doubtful_section()
        return None if section is None else self._question(section, only=tuple(self.draft.doubtful))

    def second_draft(self, reading: SectionReading) -> Draft:
        """What came of the other question alone."""
        section = self._doubtful_section()
        return draft_of(self.draft.record, [] if section is None else [(section, reading)])

    def facts(self, *, another_reading: bool) -> VerdictFacts:
        """For the verdict."""
        return VerdictFacts.of(
            self.draft,
            unread_pages=len(self.unread),
            another_reading=another_reading,
            hidden_text=self.hidden_text,
        )

    def row(self, tenant: str, given_at: datetime) -> WriteRecord:
        """What would be written."""
        return WriteRecord(
            tenant=tenant,
            source=self.document.name,
            digest=self.document.digest,
            record_type=self.draft.record.name,
            record=self.draft.values(),
            places=self.draft.places(),
            doubts=doubts_of(self.draft),
            given_at=given_at,
        )

    def handed_over(self, tenant: str, why: str) -> HandToDesk:
        """What a person is told who goes on from here."""
        doubts = "\n".join(f"{doubt.field}: {doubt.why}" for doubt in doubts_of(self.draft))
        return HandToDesk(
            ticket_id=self.document.digest,
            customer=tenant,
            subject=self.document.name,
            text=doubts[:12_000] if self.draft.found else "",
            why=why[:1_000],
        )

    def extracted(self, path: ExtractionPath, written: Written | None = None) -> Extracted:
        """The run's result."""
        found = bool(self.draft.found)
        return Extracted(
            path=path,
            record=self.draft.values() if found else None,
            places=self.draft.places(),
            doubts=doubts_of(self.draft) if found else (),
            pages=self.pages,
            missing_pages=tuple(self.unread),
            written=written,
        )

    def _question(self, section: Section, only: tuple[str, ...] = ()) -> ReadSection:
        return ReadSection(record=self.draft.record, only=only, text=section.text)

    def _doubtful_section(self) -> Section | None:
        if not self.draft.doubtful or not self.sections:
            return None
        return self.sections[-1 if self.draft.broken_sums else 0]
