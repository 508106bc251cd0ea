"""A record in the making: what was copied for each field, where it stands, and what it leaves open."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from typing import Any

from contracts.quotes import QuotePlace
from contracts.records import FieldKind, FieldType, RecordType, Sum

__all__ = ["Copied", "Draft", "dates_of", "meanings"]

# Documents add up what they print. A cent a row would hide a row that was overlooked.
ROUNDING = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class Copied:
    """One value of one field, found where it stands in the document."""

    says: str
    """Canonical: a plain decimal, an ISO date, one of the choices, or the text."""
    place: QuotePlace
    or_says: str | None = None
    """A date's other meaning."""
    times: int = 1
    """In how many places of its section it stands."""
    computed: bool = False
    """Nobody read it there for this field: it is what the sums need, and the number stands there."""


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
    days: tuple[frozenset[date], ...] = ()
    """Of each date in the document the days that it can mean; none where no field is a date."""
    orders: frozenset[bool] = frozenset()
    """Whether the document writes the day before the month, by each of its dates that tells."""

    @property
    def missing(self) -> list[str]:
        """Required fields without a value that stands in the document."""
        return [each.name for each in self.record.fields if each.required and not self.found.get(each.name)]

    @property
    def conflicting(self) -> list[str]:
        """Fields for which the document seems to say several things, or one thing for several of them."""
        shared = self.shared
        return [
            name
            for name, copies in self.found.items()
            if name in shared or len({copy.says for copy in copies}) > 1 or copies[0].or_says is not None
        ]

    @property
    def computed(self) -> list[str]:
        """Fields that have a value by arithmetic alone."""
        return [name for name, copies in self.found.items() if copies[0].computed]

    @property
    def shared(self) -> dict[str, list[str]]:
        """Texts and dates that stand in fewer places than fields hold them; by field, all that hold it.

        Sums may well be equal, and stated once.
        """
        holding: dict[tuple[FieldKind, QuotePlace], list[str]] = {}
        for each in self.record.fields:
            if each.kind in (FieldKind.TEXT, FieldKind.DATE) and (copies := self.found.get(each.name)):
                holding.setdefault((each.kind, copies[0].place), []).append(each.name)
        return {
            name: names
            for names in holding.values()
            if len(names) > max(1, self.found[names[0]][0].times)
            for name in names
        }

    @property
    def other_dates(self) -> list[str]:
        """Dates of the document that are the value of no field, each by the first day that it can mean."""
        copies = [self.found[name][0] for name in dates_of(self.record.fields) if name in self.found]
        columns = dates_of(self.record.rows)
        copies += [row[name] for row in self.rows for name in columns if name in row]
        held = {date.fromisoformat(says) for copy in copies for says in meanings(copy)}
        return sorted({min(days).isoformat() for days in self.days if not days & held})

    @property
    def doubtful(self) -> list[str]:
        """Every field that another reading might settle, in the record's order."""
        unsettled = {*self.missing, *self.conflicting, *self.unproven, *self.computed}
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

    def number(self, name: str) -> Decimal | None:
        copies = self.found.get(name)
        return Decimal(copies[0].says) if copies else None

    def with_value(self, name: str, copied: Copied) -> "Draft":
        """The field settled on one value."""
        unproven = {key: value for key, value in self.unproven.items() if key != name}
        return replace(self, found={**self.found, name: (copied,)}, unproven=unproven)

    def without_repeated(self) -> "Draft":
        """A model that finds nothing for a field repeats what it copied for another one: a field that need
        not be stated is not, where a required one holds the only place."""
        required = {each.name for each in self.record.fields if each.required}
        repeated = {
            name for name, names in self.shared.items() if name not in required and required & set(names)
        }
        return replace(self, found={name: each for name, each in self.found.items() if name not in repeated})

    def with_another(self, name: str, copied: Copied) -> "Draft":
        """The field with one more value that the document may mean."""
        return replace(self, found={**self.found, name: (*self.found.get(name, ()), copied)})

    def _holds(self, rule: Sum) -> bool:
        total, parts = self.number(rule.total), [self.part(name) for name in rule.of]
        if total is None or None in parts:
            return False
        return abs(sum((part for part in parts if part is not None), Decimal(0)) - total) <= ROUNDING

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


def dates_of(declared: Iterable[FieldType]) -> list[str]:
    """The names of those that are dates."""
    return [each.name for each in declared if each.kind is FieldKind.DATE]


def meanings(copy: Copied) -> Iterable[str]:
    """One, or both of a date that can be read in two ways."""
    return (copy.says,) if copy.or_says is None else (copy.says, copy.or_says)
