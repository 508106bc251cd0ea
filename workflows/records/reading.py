"""What was copied out of sections, as one draft: each copy found where it stands, and read as its kind."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from contracts.extraction import SectionReading
from contracts.quotes import QuotedPages, QuotePlace
from contracts.records import FieldType, Kind, RecordType
from contracts.values import plain
from workflows.records.copies import day_of, number_of
from workflows.records.drafts import Copied, Draft
from workflows.records.sections import Section

__all__ = ["draft_of", "joined", "proven"]


def draft_of(record: RecordType, read: Sequence[tuple[Section, SectionReading]]) -> Draft:
    """Put together what was read of some sections, in the document's order."""
    return joined(record, [proven(record, section, reading) for section, reading in read])


def proven(record: RecordType, section: Section, reading: SectionReading) -> Draft:
    """What one section holds. Its dates are settled when it is joined with the others."""
    pages = QuotedPages(section.pages)
    found: dict[str, tuple[Copied, ...]] = {}
    unproven: dict[str, str] = {}
    rows: list[Mapping[str, Copied]] = []
    bad_rows: list[str] = []
    for each in record.fields:
        if not (copied := reading.values.get(each.name)):
            continue
        copy = copy_of(each, copied, pages)
        if copy is None:
            unproven[each.name] = copied[:100]
        else:
            found[each.name] = (copy,)
    for number, cells in enumerate(reading.rows, start=1):
        row, wrong = row_of(record, cells, pages)
        rows.append(row)
        bad_rows += [f"row {number} of page {section.pages[0].number}: {each}" for each in wrong]
    return Draft(record, found, unproven, tuple(rows), tuple(bad_rows))


def joined(record: RecordType, parts: Sequence[Draft]) -> Draft:
    """What several sections say together, in the document's order."""
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
    return settled_dates(Draft(record, found, unproven, rows, bad_rows))


def copy_of(declared: FieldType, copied: str, pages: QuotedPages) -> Copied | None:
    """A value that stands in the section and can be read as its kind; else None."""
    place = pages.find(copied)
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
    record: RecordType, cells: Mapping[str, str | None], pages: QuotedPages
) -> tuple[Mapping[str, Copied], list[str]]:
    row: dict[str, Copied] = {}
    wrong = list[str]()
    for each in record.rows:
        copied = cells.get(each.name)
        copy = copy_of(each, copied, pages) if copied else None
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
