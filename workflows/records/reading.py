"""What was copied out of sections, as one draft: each copy found where it stands, and read as its kind."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from contracts.extraction import SectionReading
from contracts.records import FieldType, Kind, RecordType
from workflows.records.copies import number_of
from workflows.records.drafts import Copied, Draft
from workflows.records.proofs import proven
from workflows.records.sections import Section
from workflows.records.sums import settled_sums
from workflows.records.table_rows import rows_of

__all__ = ["draft_of"]


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
            copy = proven(each, copied, section)
            if copy is None and not says_none(each, copied):
                unproven.setdefault(each.name, copied[:100])
            elif copy is not None and copy.says not in {other.says for other in found.get(each.name, ())}:
                found[each.name] = (*found.get(each.name, ()), copy)
        for number, row in enumerate(rows_of(record, section, reading.rows), start=1):
            rows.append(row.cells)
            bad_rows += [f"row {number} of page {section.pages[0].number}: {each}" for each in row.wrong]
    draft = Draft(record, found, unproven, tuple(rows), tuple(bad_rows))
    return settled_sums(settled_dates(draft), [section for section, _ in read])


def says_none(declared: FieldType, copied: str) -> bool:
    """A nought that stands nowhere, for a number that need not be stated."""
    return declared.kind is Kind.NUMBER and not declared.required and number_of(copied) == 0


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
