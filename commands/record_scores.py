"""How much of a record was read as it is, by values and not by how they are written."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from contracts.quotes import plain_characters
from contracts.records import FieldKind, FieldType, RecordType

__all__ = ["Compared", "Share", "compared"]


@dataclass(frozen=True)
class Share:
    """So many of so many."""

    right: int = 0
    total: int = 0

    def __add__(self, other: "Share") -> "Share":
        return Share(self.right + other.right, self.total + other.total)

    @property
    def whole(self) -> bool:
        """Whether none is wrong."""
        return self.right == self.total


@dataclass(frozen=True)
class Compared:
    """One record against what is true of its document."""

    fields: Mapping[str, bool]
    """Whether each field is right; one that is neither on the document nor in the record is left out."""
    rows: Share
    """Rows with all their cells right, of those on the document; where more were read, of those."""
    cells: Share
    """The same, cell by cell."""

    @property
    def exact(self) -> bool:
        """Whether the record says what the document says, and nothing else."""
        return all(self.fields.values()) and self.rows.whole

    @property
    def header(self) -> Share:
        """All fields together."""
        return Share(sum(self.fields.values()), len(self.fields))


def compared(declared: RecordType, truth: Mapping[str, Any], read: Mapping[str, Any] | None) -> Compared:
    """`read` as `Extracted.record` has it, `truth` in the same form; None is a record without values."""
    found = read or {}
    fields = {
        each.name: same(each, truth.get(each.name), found.get(each.name))
        for each in declared.fields
        if truth.get(each.name) is not None or found.get(each.name) is not None
    }
    rows, cells = of_rows(declared.rows, truth.get(declared.rows_name, ()), found.get(declared.rows_name, ()))
    return Compared(fields, rows, cells)


def same(declared: FieldType, truth: Any, read: Any) -> bool:
    """As values of its kind; words without case, and with any space as one."""
    if truth is None or read is None:
        return truth is read
    match declared.kind:
        case FieldKind.NUMBER:
            return Decimal(truth) == Decimal(read)
        case FieldKind.DATE:
            return date.fromisoformat(truth) == date.fromisoformat(read)
        case FieldKind.CHOICE:
            return bool(truth == read)
        case FieldKind.TEXT:
            return plain_characters(truth)[0].strip() == plain_characters(read)[0].strip()


Rows = Sequence[Mapping[str, Any]]


def of_rows(declared: Sequence[FieldType], truth: Rows, read: Rows) -> tuple[Share, Share]:
    """Whole rows and cells. A row that is missing, or was made up, does not make all after it wrong."""
    width, longest = len(declared), max(len(truth), len(read))

    def alike(one: int, other: int) -> tuple[int, int]:
        cells = sum(same(each, truth[one].get(each.name), read[other].get(each.name)) for each in declared)
        return int(cells == width), cells

    whole, cells = best_match(len(truth), len(read), alike)
    return Share(whole, longest), Share(cells, longest * width)


def best_match(left: int, right: int, alike: Callable[[int, int], tuple[int, int]]) -> tuple[int, int]:
    """The most that two sequences have in common in their order: whole rows first, then cells."""
    before = [(0, 0)] * (right + 1)
    for one in range(left):
        row = [(0, 0)]
        for other in range(right):
            whole, cells = alike(one, other)
            both = (before[other][0] + whole, before[other][1] + cells)
            row.append(max(both, before[other + 1], row[other]))
        before = row
    return before[right]
