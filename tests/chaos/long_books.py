"""What reading a long document took, and the bounds that it has to keep."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

from contracts.certificates import MOST_EVENTS, Certificate
from contracts.extraction import Extracted, ExtractionPath
from embedded.stack import CHECKOUT
from samples.long_bill import Bill, long_bill

__all__ = ["Reading", "Readings", "report", "wrongs"]

MOST_HISTORY_BYTES = 10_000_000
# One page is in its memory at a time; the rest is the interpreter, the library, and the file itself.
CONVERTER_MB = 64
# A page stays as its event in the run's history (10 KB, in two forms), as its section, and as what was copied
# from it: a few hundred objects. A worker has about a gigabyte, of which a run may so take a tenth.
GREW_MB = 100


@dataclass(frozen=True)
class Reading:
    """One run, and what it took."""

    extracted: Extracted
    took_s: float
    before_mb: float
    """The worker's peak before the run, and at its end."""
    peak_mb: float
    converter_mb: float
    events: int
    history_bytes: int
    held_usd: Decimal
    """The sum of what all of its calls could have cost."""
    task_timeout: timedelta
    replay_s: float
    """Processor time to prove it again from its history."""
    found: Sequence[str]
    """What its proof and its certificate object to."""

    @property
    def usd(self) -> Decimal:
        assert self.extracted.receipt is not None
        balance = self.extracted.receipt.balance
        return balance.settled.usd + balance.unknown.usd


@dataclass(frozen=True)
class Readings:
    """Of one bill, and of another with half as many pages."""

    bill: Bill
    pages: int
    half_the_pages: Reading
    whole: Reading
    half_the_cap: Reading
    rows: Sequence[Any]
    """Of the table of records, at the end."""


def wrongs(done: Readings) -> list[str]:
    """Everything that must not be, as a line each."""
    named = {"half the pages": done.half_the_pages, "whole": done.whole, "half the cap": done.half_the_cap}
    found = [f"{name}: {line}" for name, reading in named.items() for line in of_one(reading)]
    return [*found, *of_the_whole(done), *of_half_the_cap(done)]


def of_one(reading: Reading) -> Iterator[str]:
    yield from reading.found
    if reading.converter_mb > CONVERTER_MB:
        yield f"the converter took {reading.converter_mb:.0f} MB"
    if (grew := reading.peak_mb - reading.before_mb) > GREW_MB:
        yield f"the worker grew by {grew:.0f} MB"
    if reading.history_bytes >= MOST_HISTORY_BYTES or reading.events >= MOST_EVENTS:
        yield f"its history has {reading.events} events and {reading.history_bytes} bytes"
    if reading.replay_s > reading.task_timeout.total_seconds() / 2:
        yield f"{reading.replay_s:.1f} s to prove it; a task has {reading.task_timeout.total_seconds():.0f} s"


def of_the_whole(done: Readings) -> Iterator[str]:
    extracted, reading = done.whole.extracted, done.whole
    record = extracted.record or {}
    lines = [(line["description"], Decimal(line["amount"])) for line in record.get("lines", [])]
    if extracted.path is not ExtractionPath.WRITTEN:
        yield f"it ended as {extracted.path}: {extracted.doubts[:3]}"
    elif lines != [(line.description, line.amount) for line in done.bill.lines]:
        yield "its lines are not those of the bill"
    elif Decimal(record["total"]) != done.bill.total:
        yield f"its total is {record['total']}, not {done.bill.total}"
    certified = Certificate.model_validate_json((CHECKOUT / "certificates/extract-records.json").read_text())
    if reading.usd > certified.at_most.usd or reading.events > certified.events:
        yield f"it cost {reading.usd} USD and {reading.events} events, above the committed certificate"
    if reading.peak_mb > 1.5 * done.half_the_pages.peak_mb:
        yield f"twice the pages took {reading.peak_mb:.0f} MB instead of {done.half_the_pages.peak_mb:.0f}"


def of_half_the_cap(done: Readings) -> Iterator[str]:
    extracted = done.half_the_cap.extracted
    missing = len(extracted.missing_pages)
    if extracted.path is not ExtractionPath.PARTIAL:
        yield f"with half the cap it ended as {extracted.path}"
    if not 0.4 * done.pages <= missing <= 0.6 * done.pages:
        yield f"with half the cap {missing} of {done.pages} pages are missing"
    if {1, done.pages} & {*extracted.missing_pages}:
        yield "with half the cap the first and the last page are not read"
    if done.half_the_cap.usd > done.whole.held_usd / 2:
        yield f"with half the cap it cost {done.half_the_cap.usd} USD"
    if sorted(row.source for row in done.rows) != sorted(
        f"{bill.number}.pdf" for bill in (done.bill, long_bill(done.pages // 2))
    ):
        yield f"rows are there of {', '.join(row.source for row in done.rows)}"


def report(done: Readings) -> list[str]:
    """For a person."""
    told = [
        (f"{done.pages // 2} pages", done.half_the_pages),
        (f"{done.pages} pages", done.whole),
        (f"{done.pages} pages, half the cap", done.half_the_cap),
    ]
    return [
        f"{name}: {each.extracted.path.value}, {len(each.extracted.missing_pages)} pages missing; "
        f"worker {each.before_mb:.0f} to {each.peak_mb:.0f} MB, converter {each.converter_mb:.0f} MB; "
        f"{each.events} events, {each.history_bytes / 1e6:.2f} MB; ${each.usd:.4f} of ${each.held_usd:.2f} "
        f"held; {each.took_s:.1f} s, proven in {each.replay_s:.1f} s of processor time"
        for name, each in told
    ]
