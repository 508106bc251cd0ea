"""What ledgers and provider say of the same attempts, held against each other; and how much nobody knows."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from contracts.attempts import Cost, Fault
from contracts.receipts import AttemptEnd, AttemptLine, Status
from contracts.terms import Amount
from tests.chaos.dealt_faults import Deal
from tests.fault_server import Entry
from tests.workflows.provider_faults import Row, billed

__all__ = ["Bulk", "Course", "figures", "table", "wrongs"]


@dataclass(frozen=True)
class Course:
    """What became of a run."""

    deal: Deal
    status: Status

    @property
    def attempts(self) -> list[AttemptLine]:
        """Those that ask a model."""
        return [line for line in self.status.attempts if line.hold.calls]


@dataclass(frozen=True)
class Bulk:
    """What is left when every run has ended."""

    seed: int
    courses: list[Course]
    requests: list[Entry]
    answered: Mapping[str, Row | None]
    """By attempt id: the row of the table that it was answered with; None for a good reply."""


def wrongs(bulk: Bulk) -> list[str]:
    """Everything that must not be, as a line each; empty when the books agree."""
    in_ledgers = (f"{each.deal.fault}: {line}" for each in bulk.courses for line in wrong(each, bulk))
    return [*hidden(bulk), *in_ledgers]


def hidden(bulk: Bulk) -> Iterator[str]:
    """Requests that no ledger knows, or that were sent more than once."""
    booked = Counter(line.attempt_id for each in bulk.courses for line in each.attempts)
    for name, times in Counter(entry.request_id for entry in bulk.requests).items():
        if booked[name] != 1:
            yield f"request {name} is in {booked[name]} ledgers"
        if times != 1:
            yield f"attempt {name} was sent {times} times"
    yield from (
        f"request {entry.request_id} is retry {entry.retry_count} of the client"
        for entry in bulk.requests
        if entry.retry_count != "0"
    )


def wrong(course: Course, bulk: Bulk) -> Iterator[str]:
    """In one run's ledger."""
    sent = {entry.request_id: entry for entry in bulk.requests}
    for line in course.attempts:
        if (line.attempt_id in sent) == course.deal.refused:
            yield f"attempt {line.attempt_id} was{' ' if course.deal.refused else ' not '}sent"
            continue
        row = course.deal.rows[0][1] if course.deal.refused else bulk.answered[line.attempt_id]
        expected = booking(row, line, sent.get(line.attempt_id))
        if (line.fault, line.end, line.actual) != expected:
            found = (line.fault, line.end, line.actual)
            yield f"attempt {line.attempt_id} is booked as {found}, not as {expected}"
    balance = course.status.balance
    if balance.held != Amount():
        yield f"{course.deal.mark} has ended and still holds {balance.held.usd} USD"
    known = balance.settled + balance.unknown
    true = total(billed(sent[line.attempt_id]) for line in course.attempts if line.attempt_id in sent)
    if known.usd < true.usd or known.tokens < true.tokens:
        yield f"{course.deal.mark} has booked {known.usd} USD of {true.usd} that the provider bills"
    if len(course.attempts) < len(course.deal.rows) and course.status.ending is None:
        yield f"{course.deal.mark} has met fewer faults than it was dealt"


def booking(
    row: Row | None, line: AttemptLine, entry: Entry | None
) -> tuple[Fault | None, AttemptEnd, Amount | None]:
    """How an attempt that was answered so must stand in its ledger."""
    fault, cost = (None, Cost.ACTUAL) if row is None else (row[1], row[2])
    match cost:
        case Cost.NONE:
            return fault, AttemptEnd.SETTLED, Amount(calls=1)
        case Cost.ACTUAL:
            return fault, AttemptEnd.SETTLED, billed(entry) if entry is not None else None
        case Cost.UNKNOWN:
            return fault, AttemptEnd.UNKNOWN, None


@dataclass
class Figures:
    """Of one class, or of all."""

    runs: int = 0
    requests: int = 0
    ends: Counter[AttemptEnd] = field(default_factory=Counter)
    settled: Decimal = Decimal(0)
    unknown: Decimal = Decimal(0)
    billed: Decimal = Decimal(0)

    @property
    def attempts(self) -> int:
        return self.ends.total()

    @property
    def unknown_money(self) -> float:
        """Of the money booked, in hundredths."""
        booked = self.settled + self.unknown
        return float(100 * self.unknown / booked) if booked else 0.0

    @property
    def unknown_attempts(self) -> float:
        """Of the attempts, in hundredths."""
        return 100 * self.ends[AttemptEnd.UNKNOWN] / self.attempts if self.attempts else 0.0


def figures(bulk: Bulk, courses: Sequence[Course]) -> Figures:
    """Added up over some of its runs."""
    sent = {entry.request_id: entry for entry in bulk.requests}
    added = Figures(runs=len(courses))
    for course in courses:
        asked = [sent[line.attempt_id] for line in course.attempts if line.attempt_id in sent]
        added.requests += len(asked)
        added.ends.update(line.end for line in course.attempts)
        added.settled += course.status.balance.settled.usd
        added.unknown += course.status.balance.unknown.usd
        added.billed += total(billed(entry) for entry in asked).usd
    return added


HEAD = (
    "class", "answer", "runs", "requests", "attempts",
    "billed", "settled", "unknown", "of the money", "of the attempts",
)  # fmt: skip
TEXTS = 2
"""So many columns are words, the others numbers. Money is in US dollars."""


def table(bulk: Bulk) -> list[str]:
    """By class, then all together; the last two columns are what is unknown."""
    rows: list[tuple[str, ...]] = [HEAD]
    for key in dict.fromkeys((each.deal.fault, each.deal.streamed) for each in bulk.courses):
        those = [each for each in bulk.courses if (each.deal.fault, each.deal.streamed) == key]
        rows.append((key[0], "streamed" if key[1] else "whole", *cells(figures(bulk, those))))
    rows.append(("all", "", *cells(figures(bulk, bulk.courses))))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(
            cell.ljust(width) if at < TEXTS else cell.rjust(width)
            for at, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in rows
    ]


def cells(of: Figures) -> tuple[str, ...]:
    numbers = (str(number) for number in (of.runs, of.requests, of.attempts))
    money = (f"{usd:.6f}" for usd in (of.billed, of.settled, of.unknown))
    return (*numbers, *money, f"{of.unknown_money:.1f} %", f"{of.unknown_attempts:.1f} %")


def total(amounts: Iterable[Amount]) -> Amount:
    return sum(amounts, start=Amount())
