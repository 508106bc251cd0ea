"""Which pages the sections of a document were, as far as its recorded text tells."""

from collections.abc import Container, Iterator, Mapping, Sequence

from contracts.documents import read_text
from operations.side_by_side import Part
from operations.story_items import AttemptMade, Item
from workflows.records.sections import spans

__all__ = ["section_pages"]

# As sections join their pages.
BETWEEN = "\n\n"


def section_pages(items: Sequence[Item], parts: Sequence[Part]) -> dict[str, str]:
    """By the number of the step: `3-4`, or `3 in part`; nothing where the history does not hold the text.

    Of pages with the same text the first that no step before it read is taken.
    """
    pages, found, taken = pages_in(items), dict[str, str](), set[int]()
    for part in parts:
        request = part.last.request
        text = request.get("text") if isinstance(request, dict) else None
        if isinstance(text, str) and text.strip():
            numbers, whole = pages_of(text.strip(), pages, taken)
            if numbers:
                found[part.number] = spans(numbers) if whole else f"{spans(numbers)} in part"
            taken |= set(numbers if whole else ())
    return found


def pages_in(items: Sequence[Item]) -> dict[int, str]:
    """The pages of the document that the run read, by number; empty ones are in no section."""
    for item in items:
        if isinstance(item, AttemptMade) and item.step == read_text.name and isinstance(item.reply, dict):
            texts = {page["number"]: page["text"].strip() for page in item.reply.get("pages", ())}
            return {number: text for number, text in texts.items() if text}
    return {}


def pages_of(text: str, pages: Mapping[int, str], taken: Container[int]) -> tuple[list[int], bool]:
    """The pages that make up the text, and whether all of each; none where none do."""
    free = [number for number in pages if number not in taken]
    for number in free:
        if numbers := whole_from(number, text, pages):
            return numbers, True
    for number in free:
        for numbers in in_part_from(number, text, pages):
            return numbers, False
    return [], False


def whole_from(number: int, text: str, pages: Mapping[int, str]) -> list[int]:
    page, after = pages[number], next_of(number, pages)
    if text == page:
        return [number]
    if after is not None and text.startswith(page + BETWEEN):
        rest = whole_from(after, text[len(page + BETWEEN) :].strip(), pages)
        return [number, *rest] if rest else []
    return []


def in_part_from(number: int, text: str, pages: Mapping[int, str]) -> Iterator[list[int]]:
    """Where the first page may lack its beginning, and the last its end."""
    page, after = pages[number], next_of(number, pages)
    if text in page:
        yield [number]
    end = text.find(BETWEEN)
    while after is not None and end >= 0:
        if page.endswith(text[:end].strip()) and (rest := text[end:].strip()):
            if pages[after].startswith(rest):
                yield [number, after]
            elif rest.startswith(pages[after] + BETWEEN):
                yield from ([number, *more] for more in in_part_from(after, rest, pages))
        end = text.find(BETWEEN, end + 1)


def next_of(number: int, pages: Mapping[int, str]) -> int | None:
    return next((each for each in pages if each > number), None)
