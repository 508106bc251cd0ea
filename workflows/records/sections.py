"""A document's text in sections that fit a model's window: whole pages where that is possible."""

from collections.abc import Container, Iterator, Sequence
from typing import NamedTuple

from temporalio.exceptions import ApplicationError

from contracts.documents import Page

__all__ = ["LEAST_BYTES", "Section", "ends_first", "sections_of", "spans", "unread_pages"]


# Less has no line of a document; the profile's first route is wrong for it.
LEAST_BYTES = 200


class Section(NamedTuple):
    """Pages that are read in one call, or a part of one that is too long for it."""

    pages: tuple[Page, ...]
    start: int = 0
    """At which character of its page the first of them begins."""

    @property
    def text(self) -> str:
        return "\n\n".join(page.text for page in self.pages)


def sections_of(pages: Sequence[Page], room: int) -> list[Section]:
    """As few as fit, each of at most so many bytes; an empty page is in none.

    Raises ApplicationError where hardly anything fits into one.
    """
    if room < LEAST_BYTES:
        raise ApplicationError(
            f"{room} bytes of a document fit beside the prompt and the reply of the profile's first route; "
            f"{LEAST_BYTES} are needed",
            type="window_too_small",
            non_retryable=True,
        )
    sections = list[Section]()
    held, size, began = list[Page](), 0, 0
    for start, page in (part for each in pages for part in parts_of(each, room)):
        more = len(page.text.encode()) + 2
        if held and size + more > room:
            sections.append(Section(tuple(held), began))
            held, size = [], 0
        if not held:
            began = start
        held.append(page)
        size += more
    return [*sections, Section(tuple(held), began)] if held else sections


def parts_of(page: Page, room: int) -> Iterator[tuple[int, Page]]:
    """A page that is too long, cut at the ends of lines, or within one that is too long itself.

    Each part comes with the character at which it begins. Two parts of a page never fit into one section.
    """
    part, start = "", 0
    for line in page.text.rstrip().splitlines(keepends=True):
        while len((part + line).encode()) > room - 2:
            if not part:
                part, line = cut(line, room - 2)
            yield start, Page(number=page.number, text=part)
            part, start = "", start + len(part)
        part += line
    if part.strip():
        yield start, Page(number=page.number, text=part)


def cut(line: str, room: int) -> tuple[str, str]:
    """The longest beginning of so many bytes, and the rest."""
    head = line.encode()[:room].decode(errors="ignore")
    return head, line[len(head) :]


def ends_first(number: int) -> list[int]:
    """The order of places that matter: the first, the last, then from the front on.

    What a document is about stands at its beginning, and what it comes to at its end.
    """
    return [*dict.fromkeys((0, number - 1, *range(number)))] if number else []


def unread_pages(sections: Sequence[Section], read: Container[int]) -> list[int]:
    """The pages of every section that was not read, by the sections' places."""
    left_out = (section for place, section in enumerate(sections) if place not in read)
    return sorted({page.number for section in left_out for page in section.pages})


def spans(numbers: Sequence[int]) -> str:
    """Ascending numbers as people write pages: `3, 7-12`."""
    ranges = list[list[int]]()
    for number in numbers:
        if ranges and number == ranges[-1][-1] + 1:
            ranges[-1] = [ranges[-1][0], number]
        else:
            ranges.append([number])
    return ", ".join("-".join(map(str, each)) for each in ranges)
