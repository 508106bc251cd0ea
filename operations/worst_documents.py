"""The worst extractions: a document whose every section is read as dearly as can be, and then is in doubt."""

from collections.abc import Iterator, Sequence
from functools import partial

from contracts.documents import (
    ConvertedDocument,
    Document,
    DocumentText,
    MediaType,
    Page,
    PageReference,
    StoredText,
    convert_document,
    read_text,
)
from contracts.extraction import (
    Extraction,
    SectionReading,
    Written,
    WrittenAs,
    read_again,
    read_section,
    write_record,
)
from contracts.mail import SentMail, hand_to_desk
from contracts.records import MOST_BYTES, FieldKind, FieldType, RecordType
from contracts.sheet import Sheet
from contracts.values import Value
from operations.worst_story import LONGEST, WorstStory
from workflows.kernel.ledger import room_for

__all__ = ["SECTIONS", "worst_extractions"]

SECTIONS = 40
"""More than are gathered at a time, so that some wait. Each costs the same: more would show nothing else."""
FOUND = "found"
WORD = " word"
"""What every section says of the field that is found."""
MOST_FIELDS, LONGEST_NAME, LONGEST_MEANING = 40, 40, 200
DIGEST = "0" * 64


def worst_extractions(sheet: Sheet) -> Sequence[WorstStory]:
    """On the sheet's first route: what a section can hold depends on it."""
    record = largest_record()
    document = Document(name="w" * 200, digest=DIGEST, media_type=MediaType.TEXT, size=1)
    told = partial(
        WorstStory,
        argument=Extraction(document=document, record=record),
        replies=replies(sheet, record),
        times={read_section.name: SECTIONS},
    )
    return (
        told(
            "agreed to at the last moment, and then it can never be written",
            fails=frozenset({(write_record.name, 1)}),
        ),
        told(
            "never read again, nobody agrees in time, and it cannot be handed over at first",
            fails=frozenset({(read_again.name, 1), (hand_to_desk.name, 1)}),
            approved=False,
        ),
        told("a section can never be read", fails=frozenset({(read_section.name, 1)})),
    )


def replies(sheet: Sheet, record: RecordType) -> dict[str, Value]:
    reading = SectionReading(values={each.name: None for each in record.fields} | {FOUND: WORD.strip()})
    pages = tuple(fullest_pages(room_for(sheet.steps[read_section.name], sheet.routes[0])))
    references = tuple(
        PageReference(number=page.number, text=StoredText(digest=DIGEST, characters=len(page.text)))
        for page in pages
    )
    return {
        convert_document.name: ConvertedDocument(document=DIGEST, converter="c" * 60, pages=references),
        read_text.name: DocumentText(pages=pages),
        read_section.name: reading,
        read_again.name: reading,
        write_record.name: Written(what=WrittenAs.NEW, version=1),
        hand_to_desk.name: SentMail(receipt="r" * 300),
    }


def fullest_pages(room: int) -> Iterator[Page]:
    """Each is a section: two bytes of the room are kept for what joins pages."""
    for number in range(1, SECTIONS + 1):
        yield Page(number=number, text=LONGEST * (room - 2 - len(WORD)) + WORD)


def largest_record() -> RecordType:
    """As many fields as there may be, with as many bytes; every one but the first is missed, so in doubt."""
    names = [FOUND, *(f"f{number:02}".ljust(LONGEST_NAME, "x") for number in range(1, MOST_FIELDS))]
    fields = [FieldType(name=name, kind=FieldKind.TEXT, required=True) for name in names]
    record = RecordType(name="r" * LONGEST_NAME, fields=tuple(fields))
    left = MOST_BYTES - len(record.model_dump_json().encode())
    for place, each in enumerate(fields):
        length = min(LONGEST_MEANING, left // 6)
        fields[place] = each.model_copy(update={"means": LONGEST * length})
        left -= length * 6
    return RecordType(name=record.name, fields=tuple(fields))
