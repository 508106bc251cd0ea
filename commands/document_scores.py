"""What came of one sample document: how its run ended, and how much of the document it had read by itself."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from commands.record_scores import Compared, compared
from commands.results import model_s_of, tokens_of
from commands.sample_documents import INVOICE, SampleDocument
from contracts.extraction import ExtractionPath
from operations.story import Story
from operations.story_items import ApprovalEnded

__all__ = ["DocumentScore", "Outcome", "scored"]


class Outcome(StrEnum):
    """How its run ended."""

    WRITTEN = "written without review"
    REVIEWED = "written after review"
    DENIED = "denied"
    HANDED_OVER = "handed over"
    PARTIAL = "partial"
    UNFINISHED = "unfinished"

    @property
    def is_written(self) -> bool:
        """Whether there has to be a row."""
        return self in (Outcome.WRITTEN, Outcome.REVIEWED)


@dataclass(frozen=True)
class DocumentScore:
    """By its own story, and by the table."""

    sample: SampleDocument
    told: Story
    outcome: Outcome
    read: Compared | None
    """What its run had read before any person was asked; None for a file that nobody can read."""
    row: Mapping[str, Any] | None
    """The record in the table; None where there is none."""

    @property
    def record(self) -> Mapping[str, Any]:
        """What the run read: a person agrees to it or does not, and changes nothing in it."""
        return (self.told.result or {}).get("record") or {}

    @property
    def row_is_untrue(self) -> bool:
        """Whether the table holds a value that is not on the document."""
        truth = self.sample.record
        return self.row is not None and (truth is None or not compared(INVOICE, truth, self.row).exact)

    @property
    def tokens(self) -> int:
        """Proven and unknown."""
        return tokens_of(self.told)

    @property
    def model_s(self) -> float:
        """How long models worked for it."""
        return model_s_of(self.told)

    def misread(self) -> list[str]:
        """Each field that is wrong, with what was read for what; the rows in numbers."""
        if self.read is None or self.sample.record is None:
            return []
        truth = self.sample.record
        wrong = [
            f"{name} {self.record.get(name)} for {truth[name]}"
            for name, right in self.read.fields.items()
            if not right
        ]
        rows = self.read.rows
        return wrong if rows.whole else [*wrong, f"{rows.right} of {rows.total} rows"]


def scored(sample: SampleDocument, told: Story, row: Mapping[str, Any] | None) -> DocumentScore:
    """`row` as it stands in the table."""
    record = (told.result or {}).get("record")
    read = None if sample.record is None else compared(INVOICE, sample.record, record)
    return DocumentScore(sample, told, outcome_of(told), read, row)


def outcome_of(told: Story) -> Outcome:
    asked = any(isinstance(item, ApprovalEnded) for item in told.items)
    match (told.result or {}).get("path"):
        case ExtractionPath.WRITTEN:
            return Outcome.REVIEWED if asked else Outcome.WRITTEN
        case ExtractionPath.DENIED:
            return Outcome.DENIED
        case ExtractionPath.PARTIAL:
            return Outcome.PARTIAL
        case ExtractionPath.HANDED_OVER:
            return Outcome.HANDED_OVER
        case _:
            return Outcome.UNFINISHED
