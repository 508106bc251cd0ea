"""A page of which nothing was read keeps a record from being written."""

from contracts.documents import (
    ConvertedDocument,
    Document,
    DocumentText,
    MediaType,
    Page,
    PageReference,
    StoredText,
)
from contracts.record_types import RECORD_TYPES
from workflows.records.drafts import Draft
from workflows.records.findings import Findings
from workflows.records.tables import VERDICT, Verdict

DIGEST = "a" * 64
DOCUMENT = Document(name="bill.pdf", digest=DIGEST, media_type=MediaType.PDF, size=1)
TEXT = StoredText(digest=DIGEST, characters=7)
BLANK = PageReference(number=3)


def findings(*pages: PageReference) -> Findings:
    """After every section was read."""
    before = Findings(DOCUMENT, Draft(RECORD_TYPES["invoice"]))
    text = DocumentText(pages=tuple(Page(number=each.number, text="Total 5") for each in pages if each.text))
    converted = ConvertedDocument(document=DIGEST, converter="x", pages=pages)
    read = before.with_text(converted, text, 1_000)
    return read.with_readings({question: read.draft for question in range(len(read.questions()))})


def test_a_page_that_is_only_a_picture_was_not_read() -> None:
    scan = PageReference(number=2, unread=True)
    read = findings(PageReference(number=1, text=TEXT), scan, BLANK)
    assert list(read.unread) == [2]
    assert VERDICT.decide(read.facts(another_reading=True), {}).outcome is Verdict.PARTIAL


def test_a_document_of_scans_was_not_read_at_all() -> None:
    assert list(findings(PageReference(number=1, unread=True)).unread) == [1]


def test_a_blank_page_is_missed_by_nobody() -> None:
    assert list(findings(PageReference(number=1, text=TEXT), BLANK).unread) == []
