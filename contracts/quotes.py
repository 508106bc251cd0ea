"""Whether a quotation really stands in a document, and where.

Compared without case, with any space as one space, and with typographic quotes, dashes and composed letters
as plain ones: what a converter and a model make of the same characters differs in these.
"""

import unicodedata
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from contracts.documents import Page

__all__ = [
    "PlainPage",
    "QuotePlace",
    "QuotedPages",
    "any_characters",
    "plain_characters",
    "plain_quote",
    "stands_at",
]

PLAIN = {
    **dict.fromkeys("\u2018\u2019\u201a\u2032\u02bc\u00b4`", "'"),
    **dict.fromkeys("\u201c\u201d\u201e\u00ab\u00bb\u2033", '"'),
    **dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2212", "-"),
    "\u00ad": "",
}
GROUPING = ".,'"


class QuotePlace(NamedTuple):
    """Where a quotation stands: characters `start` to `end`, excluded, of the page's text as it is.

    A plain tuple: a long document has one for each of tens of thousands of values.
    """

    page: int
    start: int
    end: int


class PlainPage(NamedTuple):
    """A page with the form in which it is compared."""

    number: int
    written: str
    """As it is."""
    text: str
    """In plain characters."""
    origins: list[int]
    """For each of those the offset of the character that it comes from."""
    begins: int = 0
    """How many characters of the page stand before this part of it."""

    def place(self, start: int, end: int) -> QuotePlace:
        """Where plain characters stand in the page as it is."""
        return QuotePlace(
            page=self.number,
            start=self.begins + self.origins[start],
            end=self.begins + self.origins[end - 1] + 1,
        )

    def says(self, place: QuotePlace) -> str:
        """What stands there, as it is."""
        return self.written[place.start - self.begins : place.end - self.begins]


class QuotedPages:
    """Pages as they are compared. That form costs more than a search, so it is made once for many quotes."""

    def __init__(self, pages: Iterable[Page], start: int = 0) -> None:
        """The first of them may be a part of its page, which begins at this character of it."""
        self.pages = [
            PlainPage(page.number, page.text, *plain_characters(page.text), 0 if number else start)
            for number, page in enumerate(pages)
        ]

    def find(self, quote: str) -> QuotePlace | None:
        """The first place; None where it does not stand, or only as part of a longer word or number."""
        wanted = plain_quote(quote)
        if not wanted:
            return None
        for page in self.pages:
            if (begin := stands_at(wanted, page.text)) is not None:
                return page.place(begin, begin + len(wanted))
        return None

    def times(self, quote: str) -> int:
        """In how many places it stands."""
        wanted = plain_quote(quote)
        return sum(1 for page in self.pages for _ in places_of(wanted, page.text)) if wanted else 0

    def says(self, place: QuotePlace) -> str:
        """What stands there, as it is, with spaces for breaks of lines."""
        return " ".join(self._page(place).says(place).split())

    def line(self, place: QuotePlace) -> tuple[str, int]:
        """The whole line in which something stands, as it is, and at which character of it that begins."""
        page = self._page(place)
        begin, end = place.start - page.begins, place.end - page.begins
        first = page.written.rfind("\n", 0, begin) + 1
        last = page.written.find("\n", end)
        return page.written[first : last if last >= 0 else len(page.written)], begin - first

    def _page(self, place: QuotePlace) -> PlainPage:
        return next(page for page in self.pages if page.number == place.page)


def stands_at(wanted: str, text: str, start: int = 0) -> int | None:
    """Where it stands from there on, both in plain characters; not as part of a longer word or number."""
    return next(places_of(wanted, text, start), None)


def places_of(wanted: str, text: str, start: int = 0) -> Iterator[int]:
    begin = text.find(wanted, start)
    while begin >= 0:
        if stands_alone(text, begin, begin + len(wanted)):
            yield begin
        begin = text.find(wanted, begin + 1)


def plain_quote(quote: str) -> str:
    """As it is compared. Most are figures and plain words, for which there is a shorter way."""
    return plain_ascii(quote) if quote.isascii() else plain_characters(quote)[0].strip()


def plain_ascii(text: str) -> str:
    return " ".join(text.split()).replace("`", "'").lower()


def plain_characters(text: str) -> tuple[str, list[int]]:
    """The text as it is compared, and for each character of it the offset of the one that it comes from."""
    if text.isascii():
        pairs = zip(text, " " + text, strict=False)
        kept = [at for at, (this, before) in enumerate(pairs) if not (this.isspace() and before.isspace())]
        return plain_ascii(text) + (" " if kept and text[-1].isspace() else ""), kept
    return any_characters(text)


def any_characters(text: str) -> tuple[str, list[int]]:
    """The same for every alphabet."""
    plain: list[str] = []
    origins: list[int] = []
    for offset, character in enumerate(text):
        if character.isspace():
            if plain and plain[-1] != " ":
                plain.append(" ")
                origins.append(offset)
            continue
        for each in unicodedata.normalize("NFKD", PLAIN.get(character, character)).casefold():
            if each.isspace():
                continue  # an accent that stands alone is a space and the accent
            plain.append(PLAIN.get(each, each))
            origins.append(offset)
    return "".join(plain), origins


def stands_alone(text: str, begin: int, end: int) -> bool:
    """Not `100.00` in `1,100.00`, nor `100` in `100.50`, nor `an` in `land`, nor `a` in `à`."""
    before, after = text[max(0, begin - 2) : begin], text[end : end + 2]
    first, last = text[begin], text[end - 1]
    if first.isalnum() and before[-1:].isalnum():
        return False
    if last.isalnum() and after[:1].isalnum():
        return False
    if after and unicodedata.combining(after[0]):
        return False
    if first.isdecimal() and len(before) == 2 and before[0].isdecimal() and before[1] in GROUPING:
        return False
    return not (last.isdecimal() and len(after) == 2 and after[1].isdecimal() and after[0] in GROUPING)
