"""A record in the making: what was copied for each field, where it stands, and what is doubtful about it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

from contracts.extraction import Doubt
from contracts.quotes import QuotePlace
from contracts.records import RecordType, Sum

__all__ = ["Copied", "Draft"]

# A cent of rounding for each row that is added up.
ROUNDING = Decimal("0.01")
# Enough for a person to see what is wrong with a table.
MOST_BAD_ROWS = 50


@dataclass(frozen=True, slots=True)
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
        shown, more = self.bad_rows[:MOST_BAD_ROWS], len(self.bad_rows) - MOST_BAD_ROWS
        doubts += [Doubt(field=self.record.rows_name, why=why[:300]) for why in shown]
        if more > 0:
            doubts.append(Doubt(field=self.record.rows_name, why=f"and {more} more of its rows"))
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
        total, parts = self.number(rule.total), [self.part(name) for name in rule.of]
        if total is None or None in parts:
            return False
        difference = abs(sum((part for part in parts if part is not None), Decimal(0)) - total)
        return difference <= ROUNDING * max(1, len(self.rows))

    def part(self, name: str) -> Decimal | None:
        """What a field, or a column of all rows, adds to a sum; None where that is not known."""
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
