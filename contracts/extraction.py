"""Documents to records: what the workflow is given, what a model reads, and what is written."""

from datetime import timedelta
from enum import StrEnum
from typing import Any

from pydantic import AwareDatetime, Field

from contracts.documents import Document
from contracts.receipts import Result
from contracts.records import RecordType
from contracts.steps import Effect, ModelTask, Offers, StepPolicy
from contracts.values import Value

__all__ = [
    "Doubt",
    "Extracted",
    "Extraction",
    "ExtractionPath",
    "ReadSection",
    "SectionReading",
    "WriteRecord",
    "Written",
    "WrittenAs",
    "read_again",
    "read_section",
    "write_record",
]

# Two attempts a section: a document has many, and what a second one does not mend a person should see.
SECTION_CALL = StepPolicy(attempt_timeout=timedelta(seconds=120), attempts=2, heartbeat=timedelta(seconds=3))
DATABASE = StepPolicy(attempt_timeout=timedelta(seconds=10), attempts=4, heartbeat=timedelta(seconds=3))


class Extraction(Value):
    """One document, and the type of the record that is wanted from it."""

    document: Document
    record: RecordType

    def identity(self) -> str:
        """The content, under whichever name it comes: a copy of a document is read and written once."""
        return self.model_dump_json(exclude={"document": {"name"}})


class ReadSection(Value):
    """Some pages of a document, to be read for the fields of a record."""

    record: RecordType
    only: tuple[str, ...] = ()
    """Fields that are asked for; empty for all of them, and the rows."""
    text: str = Field(max_length=30_000)


class SectionReading(Value):
    """What a model copied, as it stands in the text; None for what it did not find."""

    values: dict[str, str | None]
    rows: tuple[dict[str, str | None], ...] = Field(default=(), max_length=400)


class Doubt(Value):
    """Why a person should look at a field."""

    field: str
    why: str = Field(max_length=300)


class ExtractionPath(StrEnum):
    """How an extraction ended."""

    WRITTEN = "written"
    DENIED = "denied"
    """A person did not want the record written."""
    PARTIAL = "partial"
    """The budget, or failed calls, left pages unread; nothing was written."""
    HANDED_OVER = "handed_over"


class Extracted(Result):
    """The record with where each value stands, and what is doubtful."""

    path: ExtractionPath
    record: dict[str, Any] | None = None
    """Numbers as plain decimals, dates as ISO; None when nothing could be read."""
    places: dict[str, str] = Field(default_factory=dict)
    """By field: `page 2 at 118`."""
    doubts: tuple[Doubt, ...] = ()
    pages: int = 0
    missing_pages: tuple[int, ...] = ()
    written: "Written | None" = None


class WriteRecord(Value):
    """A record for the table of its tenant, from one document."""

    tenant: str
    source: str = Field(max_length=250)
    """The document's name: a changed document of the same name updates its record."""
    digest: str
    record_type: str
    record: dict[str, Any]
    places: dict[str, str]
    doubts: tuple[Doubt, ...] = ()
    """What a person saw before agreeing; empty when a rule allowed it."""
    given_at: AwareDatetime | None = None
    """When its run was started; None is before any other."""


class WrittenAs(StrEnum):
    """What became of the row."""

    NEW = "new"
    UPDATED = "updated"
    """The document, or what is asked of it, had changed; the record before it is in the history."""
    UNCHANGED = "unchanged"
    """This very document was written before, with the same fields."""
    SUPERSEDED = "superseded"
    """A document of this name that was given later is written already; nothing was changed."""


class Written(Value):
    """The row."""

    what: WrittenAs
    version: int = Field(ge=1)


read_section = ModelTask(
    name="read_section",
    request=ReadSection,
    reply=SectionReading,
    policy=SECTION_CALL,
    # The largest record type has 16,000 bytes; a section has no more bytes than its reply may have tokens,
    # and six times as many as JSON.
    max_request_bytes=32_000,
    max_output_tokens=2_500,
    overhead_bytes=8_000,
)

read_again = ModelTask(
    name="read_again",
    request=ReadSection,
    reply=SectionReading,
    policy=SECTION_CALL,
    # The same, and the names of all its fields.
    max_request_bytes=33_000,
    max_output_tokens=500,
    overhead_bytes=8_000,
)

write_record = Effect(
    name="write_record",
    request=WriteRecord,
    reply=Written,
    policy=DATABASE,
    # The rows of a document of hundreds of pages.
    max_request_bytes=4_000_000,
    offers=Offers.KEYED,
    key=lambda request: f"{request.record_type}/{request.digest}",
)
