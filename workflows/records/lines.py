"""Where each row of a table stands: the line that holds the words that were copied for it."""

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import islice
from typing import NamedTuple

from contracts.quotes import PlainPage, QuotedPages, plain_quote, stands_at
from contracts.values import plain
from workflows.records.copies import is_negative, number_of
from workflows.records.drafts import Copied

__all__ = ["Line", "Number", "lines_of", "written"]

# A row has its columns, its position, and what is in its description; more numbers are the next rows'.
MOST_NUMBERS = 7
# With what digits in groups may mean: all threes of them are tried.
MOST_MEANINGS = 12
# Of the last row of a page, whose end nothing tells.
MOST_CHARACTERS = 400
NUMBER = re.compile(r"(?<![\w.,'])-?\d+(?:[.,']\d+)*(?:-(?!\w))?(?!\w)")
MORE_DIGITS = re.compile(r" \d{3}(?:,\d+|\.\d+)?(?![\w.,'])")
GROUPED = re.compile(r"-?\d{1,3}(?: \d{3})*")
SPACE = " -:|"
TIMES = frozenset(("x", "*", "\u00d7", "@"))


class Number(NamedTuple):
    """A number of a line: where, and what it says."""

    start: int
    end: int
    value: Decimal


@dataclass(frozen=True)
class Line:
    """From `start` to `end` in the plain characters of a page; the copied words stand at `words`."""

    page: PlainPage
    start: int
    words: int
    words_end: int
    end: int

    def numbers(self) -> list[Number]:
        """The first ones that stand in it; digits that stand in groups of three also as one number."""
        return written(self.page.text, self.start, self.end, MOST_NUMBERS)[:MOST_MEANINGS]

    def number(self, number: Number) -> Copied:
        return Copied(plain(number.value), self.page.place(number.start, number.end))

    def description(self, numbers: Sequence[Number]) -> Copied | None:
        """The words without the numbers that are other columns, and with those that are none and follow them.

        None when nothing is left, or only the sign between two factors.
        """
        begin = max((each.end for each in numbers if each.start <= self.words < each.end), default=self.words)
        following = min((each.start for each in numbers if each.start >= begin), default=self.words_end)
        between = self.page.text[self.words_end : following]
        end = following if following < self.words_end or NUMBER.search(between) else self.words_end
        stripped = self.page.text[begin:end].rstrip(SPACE)
        if TIMES.issuperset(stripped.strip(SPACE).split()):
            return None
        place = self.page.place(begin, begin + len(stripped))
        return Copied(" ".join(self.page.says(place).split()), place)


def written(text: str, start: int, end: int, most: int) -> list[Number]:
    """The first numbers of these plain characters; digits in groups of three apart, and as one number."""
    pieces = islice(NUMBER.finditer(text, start, end), most)
    return [number for piece in pieces for number in grouped(text[:end], piece.start(), piece.end())]


def grouped(text: str, start: int, end: int) -> Iterator[Number]:
    """One piece of digits, then it with each group of three digits that may be a part of it."""
    while True:
        if (value := number_of(text[start:end])) is not None:
            yield Number(start, end, -value if value > 0 and is_negative(text, start, end) else value)
        more = MORE_DIGITS.match(text, end)
        if more is None or GROUPED.fullmatch(text[start:end]) is None:
            return
        end = more.end()


def lines_of(words: Sequence[str | None], pages: QuotedPages) -> list[Line | None]:
    """For each row's words its line, each after the one before; None where they do not stand so."""
    found = list[Line | None]()
    at, after = 0, 0
    for copied in words:
        wanted = plain_quote(copied or "")
        line: Line | None = None
        for number, page in enumerate(pages.pages[at:] if wanted else (), start=at):
            begin = stands_at(wanted, page.text, after if number == at else 0)
            if begin is None:
                continue
            first = bisect_left(page.origins, page.written.rfind("\n", 0, page.origins[begin]) + 1)
            start = max(first, after) if number == at else first
            line = Line(page, start, begin, begin + len(wanted), len(page.text))
            at, after = number, line.words_end
            break
        found.append(line)
    return ended(found)


def ended(lines: Sequence[Line | None]) -> list[Line | None]:
    """Each ends where the next one of its page begins."""
    done = list[Line | None]()
    following: Line | None = None
    for line in reversed(lines):
        if line is not None:
            end = min(line.end, line.words_end + MOST_CHARACTERS)
            if following is not None and following.page is line.page:
                end = min(end, following.start)
            line = following = replace(line, end=end)
        done.append(line)
    return done[::-1]
