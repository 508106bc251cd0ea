"""Every sample invoice: what was read of it, what was written with and without a person, and once more."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rich.console import Console

from activities.database import Database
from activities.records import rows_of, versions_of
from commands.demo_play import Course
from commands.document_scores import DocumentScore, Outcome, scored
from commands.evaluate_documents_report import as_text, print_documents
from commands.evaluation import Job
from commands.sample_documents import SampleDocument, keep, sample_documents
from commands.sample_stack import Setting
from commands.second_pass import SecondPass, once_more
from connection import Settings
from contracts.terms import Terms
from operations.histories import fetch
from operations.story import story
from payloads.storage import documents_in
from workflows.extract_records import ExtractRecords

__all__ = ["DOCUMENTS", "problems_in"]

# A document of several pages is several calls, each with more to write than a ticket's.
SLOWER = 4


@dataclass(frozen=True)
class EvaluatedDocuments:
    """Held against the truth and the table that they were written to."""

    scores: Sequence[DocumentScore]
    again: SecondPass
    problems: Sequence[str]

    def show(self, console: Console) -> None:
        """For a person."""
        print_documents(self.scores, self.again, self.problems, console)

    def as_text(self, profile: str) -> str:
        """As JSON."""
        return as_text(self.scores, self.again, self.problems, profile)


async def judged(course: Course[SampleDocument], setting: Setting, terms: Terms) -> EvaluatedDocuments:
    """A problem is a row that is not true or that no rule may write, and a run that did not end well."""
    database = Database(Settings.of(os.environ).database_url)
    scores = []
    with database.reading() as connection:
        rows, versions = rows_of(connection, terms.tenant), versions_of(connection, terms.tenant)
    for run in course.runs:
        part = course.parts[run.workflow_id]
        told = story(await fetch(course.client, run.workflow_id, run.run_id))
        scores.append(scored(part, told, rows.get(part.argument.document.digest)))
    again = await once_more(course, ExtractRecords, setting.journal, terms)
    with database.reading() as connection:
        again = again.with_rows(versions_of(connection, terms.tenant) - versions)
    database.close()
    return EvaluatedDocuments(scores, again, [*problems_in(scores), *again.problems])


def problems_in(scores: Sequence[DocumentScore]) -> list[str]:
    """A line for each thing that must not be, in the order of the documents."""
    return [f"{each.sample.label} {what}" for each in scores for what in wrong_with(each)]


def wrong_with(score: DocumentScore) -> Iterator[str]:
    sample, told = score.sample, score.told
    if told.state != "completed":
        yield f"did not complete: {told.state} {told.reason or ''}".rstrip()
    if (score.row is not None) is not score.outcome.is_written:
        there = "stands in the table" if score.row is not None else "is not in the table"
        yield f"{there}, and its run says that it was {score.outcome.value}"
    if score.outcome is Outcome.WRITTEN and sample.needs_review is not None:
        yield f"was written without review, though {sample.needs_review}"
    if score.row_is_untrue:
        how = "without review" if score.outcome is Outcome.WRITTEN else "after review"
        yield f"was written {how}, and differs from what is true"


def prepare(samples: Sequence[SampleDocument]) -> None:
    keep(samples, documents_in(Settings.of(os.environ).documents))


DOCUMENTS = Job(
    workflow=ExtractRecords,
    what="document",
    folder="samples/invoices",
    samples=sample_documents,
    judged=judged,
    prepare=prepare,
    slower=SLOWER,
)
