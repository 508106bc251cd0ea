"""A table's rows as they were copied, each cell proven, and its numbers told apart where one is a product."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from contracts.quotes import QuotedPages
from contracts.records import FieldKind, RecordType
from workflows.records.copies import number_of
from workflows.records.drafts import Copied
from workflows.records.lines import lines_of
from workflows.records.products import comes_out, told_apart
from workflows.records.proofs import proven

__all__ = ["Row", "rows_of"]

Cells = Mapping[str, str | None]


@dataclass(frozen=True)
class Row:
    """Its columns, and why it cannot be used as it is."""

    cells: Mapping[str, Copied]
    wrong: Sequence[str] = ()
    known: Mapping[str, Copied] = field(default_factory=dict)
    """The columns that arithmetic proves."""


def rows_of(record: RecordType, pages: QuotedPages, copied: Sequence[Cells]) -> list[Row]:
    """What was copied, put right by what stands there.

    Models take the sums below a table for more of its rows. At its end, a row that has no factors is one of
    them, where the record says that the rows add up: if it was none, they will not.
    """
    known = proven_columns(record, pages, copied)
    rows = [row_of(record, pages, *each) for each in zip(copied, known, strict=True)]
    if (rule := record.product) is not None and adds_rows_up(record):
        while rows and not rows[-1].known and any(name not in rows[-1].cells for name in rule.of):
            rows.pop()
    return rows


def row_of(record: RecordType, pages: QuotedPages, copied: Cells, known: Mapping[str, Copied]) -> Row:
    cells = dict(known)
    wrong = list[str]()
    for each in record.rows:
        if each.name in known:
            continue
        words = copied.get(each.name)
        if words and known and each.kind is FieldKind.TEXT and each.name == words_column(record):
            wrong.append(f"{each.name} {words[:60]!r} is only its numbers")
        elif (cell := proven(each, words, pages) if words else None) is not None:
            cells[each.name] = cell
        elif words:
            wrong.append(f"{each.name} {words[:60]!r} does not stand there")
        elif each.required:
            wrong.append(f"{each.name} is missing")
    if (rule := record.product) is not None and all(name in cells for name in rule.columns):
        values = {
            name: number for name in rule.columns if (number := number_of(cells[name].says)) is not None
        }
        if not comes_out(rule, values):
            wrong.append(f"{rule.product} is not {' times '.join(rule.of)}")
    return Row(cells, wrong, known)


def proven_columns(
    record: RecordType, pages: QuotedPages, copied: Sequence[Cells]
) -> list[Mapping[str, Copied]]:
    """For each row the columns that a product proves, and its words without them."""
    rule, words = record.product, words_column(record)
    if rule is None or words is None:
        return [{} for _ in copied]
    lines = lines_of([cells.get(words) for cells in copied], pages)
    said = [{name: number_of(text) for name in rule.columns if (text := cells.get(name))} for cells in copied]
    known = list[Mapping[str, Copied]]()
    for line, columns in zip(lines, told_apart(rule, lines, said), strict=True):
        if line is None or columns is None:
            known.append({})
            continue
        numbers = {name: line.number(number) for name, number in columns.items()}
        description = line.description(tuple(columns.values()))
        known.append(numbers if description is None else {**numbers, words: description})
    return known


def words_column(record: RecordType) -> str | None:
    """The column whose words tell where a row stands."""
    return next((each.name for each in record.rows if each.kind is FieldKind.TEXT), None)


def adds_rows_up(record: RecordType) -> bool:
    return any(name.startswith(f"{record.rows_name}.") for rule in record.sums for name in rule.of)
