"""What comes out of every kind of document: pages, in order, what is hidden on them kept apart."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from conversion.failing import TOO_LARGE, ConversionError
from conversion.limits import Limits

__all__ = ["PageText", "cleaned", "in_pages", "within"]

# The tag characters and most variation selectors: a whole alphabet that no program draws, but models read.
UNDRAWN = re.compile("[\U000e0000-\U000e01ef]+")
TAGS = {0xE0000 + code: chr(code) for code in range(0x20, 0x7F)}
# Controls, marks that turn the direction of text around, spaces without width, selectors of variations of a
# letter, vowels and marks of some scripts that have no shape.
DROPPED = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u034f\u061c\u17b4\u17b5\u180b-\u180f\u200b\u200e\u200f\u2028-\u202e"
    "\u2060-\u206f\ufe00-\ufe0f\ufeff\ufff9-\ufffb\U0001bca0-\U0001bca3\U0001d173-\U0001d17a]"
)
# Letters as wide as others, and empty.
EMPTY = re.compile("[\u115f\u1160\u2800\u3164\uffa0]")
BLANK_LINES = re.compile(r"\n{3,}")


@dataclass(frozen=True)
class PageText:
    """One page: what a person sees on it, and apart from it what is there and cannot be seen."""

    number: int
    seen: str
    hidden: str
    unread: bool = False
    """Whether there is something on it, and no text: a scan, for example."""


def cleaned(number: int, seen: str, hidden: str) -> PageText:
    """A page with plain line ends and nothing that UTF-8 cannot carry; undrawn characters are hidden text."""
    undrawn = "".join(UNDRAWN.findall(seen)).translate(TAGS)
    return PageText(number, plain(UNDRAWN.sub("", seen)), plain(f"{hidden}\n{undrawn}".translate(TAGS)))


def plain(text: str) -> str:
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\f", "\n")
    text = EMPTY.sub(" ", DROPPED.sub("", text))
    lines = "\n".join(line.rstrip() for line in text.split("\n"))
    return BLANK_LINES.sub("\n\n", lines).strip().encode("utf-8", "replace").decode("utf-8")


def in_pages(seen: str, hidden: str, limits: Limits) -> Iterator[PageText]:
    """A text that has no pages of its own, parted at form feeds, and at line ends where a page is full.

    What is hidden goes with the first page: where in the text it was hidden matters to nobody.
    """
    parts = [part for sheet in seen.split("\f") for part in filled(sheet, limits.page_characters)]
    for number, part in enumerate(parts, start=1):
        yield cleaned(number, part, hidden if number == 1 else "")


def filled(text: str, most: int) -> Iterator[str]:
    while len(text) > most:
        end = text.rfind("\n", 0, most) + 1 or most
        yield text[:end]
        text = text[end:]
    yield text


def within(pages: Iterable[PageText], limits: Limits) -> Iterator[PageText]:
    """The same pages, as long as they keep to the limits. Raises ConversionError.

    Of hidden text only so much is kept, as nobody but a person looks at it.
    """
    total = 0
    for page in pages:
        if page.number > limits.pages:
            raise ConversionError(TOO_LARGE, f"more than {limits.pages} pages")
        page = replace(page, hidden=page.hidden[: limits.page_characters])
        if len(page.seen) > limits.page_characters:
            raise ConversionError(
                TOO_LARGE, f"page {page.number} has more than {limits.page_characters} characters"
            )
        total += len(page.seen) + len(page.hidden)
        if total > limits.characters:
            raise ConversionError(TOO_LARGE, f"more than {limits.characters} characters")
        yield page
