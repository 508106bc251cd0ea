"""What was copied out of sections, as one draft: each copy found where it stands, and read as its kind."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date

from contracts.extraction import SectionReading
from contracts.quotes import QuotedPages
from contracts.records import FieldKind, FieldType, RecordType
from contracts.written_dates import days_in, orders_in
from workflows.records.copies import number_of
from workflows.records.drafts import Copied, Draft, dates_of, meanings
from workflows.records.proofs import proven
from workflows.records.sections import Section
from workflows.records.sums import settled_sums
from workflows.records.table_rows import rows_of

__all__ = ["draft_in", "draft_of", "joined"]


def draft_of(record: RecordType, read: Sequence[tuple[Section, SectionReading]]) -> Draft:
    """Put together what was read of some sections, in the document's order."""
    sections = [section for section, _ in read]
    return joined(record, [draft_in(record, section, reading) for section, reading in read], sections)


def draft_in(record: RecordType, section: Section, reading: SectionReading) -> Draft:
    """What one section holds. Its dates are settled when it is joined with the others."""
    pages = QuotedPages(section.pages, section.start)
    days = days_in(section.text) if dates_of(record.fields) else []
    orders = orders_in(section.text) if dates_of([*record.fields, *record.rows]) else frozenset[bool]()
    found: dict[str, tuple[Copied, ...]] = {}
    unproven: dict[str, str] = {}
    rows: list[Mapping[str, Copied]] = []
    bad_rows: list[str] = []
    for each in record.fields:
        if not (copied := reading.values.get(each.name)):
            continue
        copy = proven(each, copied, pages)
        if copy is not None:
            found[each.name] = (replace(copy, times=times(each, copy, pages, days)),)
        elif not says_none(each, copied):
            unproven[each.name] = copied[:100]
    for number, row in enumerate(rows_of(record, pages, reading.rows), start=1):
        rows.append(row.cells)
        bad_rows += [f"row {number} of page {section.pages[0].number}: {each}" for each in row.wrong]
    draft = Draft(record, found, unproven, tuple(rows), tuple(bad_rows), tuple(days), orders)
    return draft.without_repeated()


def times(declared: FieldType, copy: Copied, pages: QuotedPages, days: Sequence[frozenset[date]]) -> int:
    """In how many places of its section a text or a date stands."""
    match declared.kind:
        case FieldKind.TEXT:
            return pages.times(copy.says)
        case FieldKind.DATE:
            return sum(date.fromisoformat(copy.says) in meant for meant in days)
        case _:
            return 1


def joined(record: RecordType, parts: Sequence[Draft], sections: Sequence[Section]) -> Draft:
    """What several sections say together, in the document's order; each with its section."""
    found: dict[str, tuple[Copied, ...]] = {}
    unproven: dict[str, str] = {}
    for part in parts:
        for name, copies in part.found.items():
            known = found.get(name, ())
            said = {copy.says for copy in known}
            found[name] = (*known, *(copy for copy in copies if copy.says not in said))
        unproven = {**part.unproven, **unproven}
    rows = tuple(row for part in parts for row in part.rows)
    bad_rows = tuple(why for part in parts for why in part.bad_rows)
    days = tuple(dict.fromkeys(meant for part in parts for meant in part.days))
    orders = frozenset[bool]().union(*(part.orders for part in parts))
    draft = settled_dates(Draft(record, found, unproven, rows, bad_rows, days, orders))
    return settled_sums(draft, sections)


def says_none(declared: FieldType, copied: str) -> bool:
    """A nought that stands nowhere, for a number that need not be stated."""
    return declared.kind is FieldKind.NUMBER and not declared.required and number_of(copied) == 0


def settled_dates(draft: Draft) -> Draft:
    """Where other dates of the document say whether it writes the day or the month first, take their word.

    A date of a row that nothing settles makes the row one that cannot be used.
    """
    if len(draft.orders) == 1:
        (day_first,) = draft.orders
        found = {name: tuple(in_order(copy, day_first) for copy in draft.found[name]) for name in draft.found}
        rows = [{name: in_order(cell, day_first) for name, cell in row.items()} for row in draft.rows]
        draft = replace(draft, found=found, rows=tuple(rows))
    open_rows = [
        f"row {number}: {name} may say {', '.join(meanings(cell))}"
        for number, row in enumerate(draft.rows, start=1)
        for name, cell in row.items()
        if cell.or_says is not None
    ]
    return replace(draft, bad_rows=(*draft.bad_rows, *open_rows))


def in_order(copy: Copied, day_first: bool) -> Copied:
    if copy.or_says is None:
        return copy
    return replace(copy, says=copy.says if day_first else copy.or_says, or_says=None)
