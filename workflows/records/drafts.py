"""A record in the making: what was copied for each field, where it stands, and what is doubtful about it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

from contracts.extraction import Doubt, SectionReading
from contracts.quotes import QuotePlace, find_quote
from contracts.records import FieldType, Kind, RecordType, Sum
from contracts.values import plain
from workflows.records.copies import day_of, number_of
from workflows.records.sections import Section

__all__ = ["Copied", "Draft", "draft_of"]

# A cent of rounding for each row that is added up.
ROUNDING = Decimal("0.01")


@dataclass(frozen=True)
class Copied:
    """One value of one field, found where it stands in the document."""

    says: str
    """Canonical: a plain decimal, an ISO date, one of the choices, or the text."""
    place: QuotePlace
    or_says: str | None = None
    """A date's other meaning."""
    day_first: bool | None = None
    """Of a date that can be read in one way only, whether it writes its day first; None: no telling."""


@dataclass(frozen=True)
class Draft:
    """What several sections say together."""

    record: RecordType
    found: Mapping[str, tuple[Copied, ...]] = field(default_factory=dict)
    """By field: each value that some section holds, the first that was found first."""
    unproven: Mapping[str, str] = field(default_factory=dict)
    """By field: what was copied for it but stands nowhere, or cannot be read."""
    rows: tuple[Mapping[str, Copied], ...] = ()
    bad_rows: tuple[str, ...] = ()
    """Why a row cannot be used."""

    @property
    def missing(self) -> list[str]:
        """Required fields without a value that stands in the document."""
        return [each.name for each in self.record.fields if each.required and not self.found.get(each.name)]

    @property
    def conflicting(self) -> list[str]:
        """Fields for which the document seems to say several things."""
        return [
            name
            for name, copies in self.found.items()
            if len({copy.says for copy in copies}) > 1 or copies[0].or_says is not None
        ]

    @property
    def doubtful(self) -> list[str]:
        """Every field that another reading might settle, in the record's order."""
        unsettled = {*self.missing, *self.conflicting, *self.unproven}
        for rule in self.broken_sums:
            unsettled |= {rule.total, *rule.of}
        return [each.name for each in self.record.fields if each.name in unsettled]

    @property
    def broken_sums(self) -> list[Sum]:
        """Rules that the values contradict, or that cannot be tried since a part is missing."""
        return [rule for rule in self.record.sums if not self._holds(rule)]

    def values(self) -> dict[str, Any]:
        """The record as it would be written."""
        values: dict[str, Any] = {
            each.name: copies[0].says if (copies := self.found.get(each.name)) else None
            for each in self.record.fields
        }
        if self.record.rows_name:
            values[self.record.rows_name] = [
                {each.name: row[each.name].says if each.name in row else None for each in self.record.rows}
                for row in self.rows
            ]
        return values

    def places(self) -> dict[str, str]:
        """Where each value stands."""
        return {
            name: f"page {copies[0].place.page} at {copies[0].place.start}"
            for name, copies in self.found.items()
        }

    def why(self) -> tuple[Doubt, ...]:
        """What a person should know before agreeing."""
        doubts = [Doubt(field=name, why="not found in the document") for name in self.missing]
        for name in self.conflicting:
            says = ", ".join(dict.fromkeys(text for copy in self.found[name] for text in meanings(copy)))
            doubts.append(Doubt(field=name, why=f"the document may say {says}"[:300]))
        doubts += [
            Doubt(field=name, why=f"{copied!r} was read, and does not stand in the document"[:300])
            for name, copied in self.unproven.items()
            if name not in self.missing
        ]
        doubts += [
            Doubt(field=rule.total, why=f"it is not proven to be the sum of {', '.join(rule.of)}")
            for rule in self.broken_sums
        ]
        doubts += [Doubt(field=self.record.rows_name, why=why[:300]) for why in self.bad_rows]
        return tuple(doubts)

    def number(self, name: str) -> Decimal | None:
        copies = self.found.get(name)
        return Decimal(copies[0].says) if copies else None

    def with_value(self, name: str, copied: Copied) -> "Draft":
        """The field settled on one value."""
        unproven = {key: value for key, value in self.unproven.items() if key != name}
        return replace(self, found={**self.found, name: (copied,)}, unproven=unproven)

    def with_another(self, name: str, copied: Copied) -> "Draft":
        """The field with one more value that the document may mean."""
        return replace(self, found={**self.found, name: (*self.found.get(name, ()), copied)})

    def _holds(self, rule: Sum) -> bool:
        total, parts = self.number(rule.total), [self._part(name) for name in rule.of]
        if total is None or None in parts:
            return False
        difference = abs(sum((part for part in parts if part is not None), Decimal(0)) - total)
        return difference <= ROUNDING * max(1, len(self.rows))

    def _part(self, name: str) -> Decimal | None:
        rows, _, column = name.rpartition(".")
        if not rows:
            return self.number(name) if name in self.found else self._absent(name)
        if self.bad_rows or not self.rows or any(column not in row for row in self.rows):
            return None
        return sum((Decimal(row[column].says) for row in self.rows), Decimal(0))

    def _absent(self, name: str) -> Decimal | None:
        """A number that a document need not state is nothing."""
        required = any(each.name == name and each.required for each in self.record.fields)
        return None if required or name in self.unproven else Decimal(0)


def meanings(copy: Copied) -> Iterable[str]:
    return (copy.says,) if copy.or_says is None else (copy.says, copy.or_says)


def draft_of(record: RecordType, read: Sequence[tuple[Section, SectionReading]]) -> Draft:
    """Put together what was read of some sections, in the document's order."""
    found: dict[str, tuple[Copied, ...]] = {}
    unproven: dict[str, str] = {}
    rows: list[Mapping[str, Copied]] = []
    bad_rows: list[str] = []
    for section, reading in read:
        for each in record.fields:
            if not (copied := reading.values.get(each.name)):
                continue
            copy = copy_of(each, copied, section)
            if copy is None:
                unproven.setdefault(each.name, copied[:100])
            elif copy.says not in {other.says for other in found.get(each.name, ())}:
                found[each.name] = (*found.get(each.name, ()), copy)
        for number, cells in enumerate(reading.rows, start=1):
            row, wrong = row_of(record, cells, section)
            rows.append(row)
            bad_rows += [f"row {number} of page {section.pages[0].number}: {each}" for each in wrong]
    draft = Draft(record, found, unproven, tuple(rows), tuple(bad_rows))
    return settled_dates(draft)


def copy_of(declared: FieldType, copied: str, section: Section) -> Copied | None:
    """A value that stands in the section and can be read as its kind; else None."""
    place = find_quote(copied, section.pages)
    if place is None:
        return None
    match declared.kind:
        case Kind.TEXT:
            return Copied(" ".join(copied.split()), place)
        case Kind.NUMBER:
            number = number_of(copied)
            return None if number is None else Copied(plain(number), place)
        case Kind.DATE:
            return date_copy(copied, place)
        case Kind.CHOICE:
            choice = choice_in(declared, copied)
            return None if choice is None else Copied(choice, place)


def date_copy(copied: str, place: QuotePlace) -> Copied | None:
    day = day_of(copied)
    if day is None:
        return None
    other = day.or_says.isoformat() if day.or_says is not None else None
    return Copied(day.says.isoformat(), place, other, day.day_first)


def choice_in(declared: FieldType, copied: str) -> str | None:
    """The choice that is named by the longest of the words in it."""
    text = " ".join(copied.split()).lower()
    named = [
        (len(word), choice) for choice, words in declared.words.items() for word in words if word in text
    ]
    return max(named)[1] if named else None


def row_of(
    record: RecordType, cells: Mapping[str, str | None], section: Section
) -> tuple[Mapping[str, Copied], list[str]]:
    row: dict[str, Copied] = {}
    wrong = list[str]()
    for each in record.rows:
        copied = cells.get(each.name)
        copy = copy_of(each, copied, section) if copied else None
        if copy is not None:
            row[each.name] = copy
        elif copied:
            wrong.append(f"{each.name} {copied[:60]!r} does not stand there")
        elif each.required:
            wrong.append(f"{each.name} is missing")
    return row, wrong


def settled_dates(draft: Draft) -> Draft:
    """Where the other dates of a document say whether it writes the day or the month first, take its word."""
    names = [each.name for each in draft.record.fields if each.kind is Kind.DATE]
    copies = [copy for name in names for copy in draft.found.get(name, ())]
    orders = {copy.day_first for copy in copies} - {None}
    if len(orders) != 1:
        return draft
    (day_first,) = orders
    for name in names:
        settled = tuple(in_order(copy, bool(day_first)) for copy in draft.found.get(name, ()))
        if settled:
            draft = replace(draft, found={**draft.found, name: settled})
    return draft


def in_order(copy: Copied, day_first: bool) -> Copied:
    if copy.or_says is None:
        return copy
    return Copied(copy.says if day_first else copy.or_says, copy.place)
