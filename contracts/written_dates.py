"""Dates as people write them, in the languages of the samples: English, German, French, Spanish, and Italian.

What a date means depends on where it was written: `3/11/2026` is in March and in November, and both are told.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from datetime import date

__all__ = ["dates_in", "days_in", "orders_in"]

# Without accents, in lower case. Abbreviations are beginnings of three or more letters.
MONTHS = (
    ("january", "januar", "janner", "janvier", "enero", "gennaio"),
    ("february", "februar", "feber", "fevrier", "febrero", "febbraio"),
    ("march", "marz", "mars", "marzo", "mrz"),
    ("april", "avril", "abril", "aprile"),
    ("may", "mai", "mayo", "maggio"),
    ("june", "juni", "juin", "junio", "giugno"),
    ("july", "juli", "juillet", "julio", "luglio"),
    ("august", "aout", "agosto"),
    ("september", "septembre", "septiembre", "setiembre", "settembre"),
    ("october", "oktober", "octobre", "octubre", "ottobre"),
    ("november", "novembre", "noviembre"),
    ("december", "dezember", "decembre", "diciembre", "dicembre"),
)
SHORTEST = 3

YEAR_FIRST = re.compile(r"(?<!\d)(\d{4})([-/.])(\d{1,2})\2(\d{1,2})(?!\d)")
NUMBERS = re.compile(r"(?<!\d)(\d{1,2})(?:([-/])|\. ?)(\d{1,2})(?:\2|\. ?)(\d{4}|\d{2})(?!\d)")
DAY_FIRST = re.compile(
    r"(?<!\d)(\d{1,2})(?:st|nd|rd|th|er|\.|o)? ?(?:of |de )?([a-z]{3,10})\.?,? (?:de |del )?(\d{4})(?!\d)"
)
MONTH_FIRST = re.compile(r"\b([a-z]{3,10})\.? (\d{1,2})(?:st|nd|rd|th)?,? (\d{4})(?!\d)")


def dates_in(text: str) -> frozenset[date]:
    """All that the dates in it can mean; a date that does not exist means nothing."""
    return frozenset().union(*days_in(text))


def days_in(text: str) -> list[frozenset[date]]:
    """For each date in it the days that it can mean."""
    meant = [frozenset(existing(written)) for written in written_in(plain(text))]
    return [days for days in meant if days]


def orders_in(text: str) -> frozenset[bool]:
    """Whether it writes the day before the month, by each date in figures that has one meaning only."""
    found = set[bool]()
    for match in NUMBERS.finditer(plain(text)):
        first, second, year = int(match[1]), int(match[3]), full_year(match[4])
        orders = [*existing([(year, second, first)])], [*existing([(year, first, second)])]
        if match[2] is not None and bool(orders[0]) != bool(orders[1]):
            found.add(bool(orders[0]))
    return frozenset(found)


def plain(text: str) -> str:
    """In lower case, without accents, with one space for any."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return " ".join("".join(each for each in decomposed if not unicodedata.combining(each)).split())


def existing(written: Iterable[tuple[int, int, int]]) -> Iterator[date]:
    for year, month, day in written:
        with suppress(ValueError):
            yield date(year, month, day)


def written_in(text: str) -> Iterator[Sequence[tuple[int, int, int]]]:
    """For each date year, month and day in every order that it may have, whether they exist or not."""
    for match in YEAR_FIRST.finditer(text):
        yield [(int(match[1]), int(match[3]), int(match[4]))]
    for match in NUMBERS.finditer(text):
        first, second, year = int(match[1]), int(match[3]), full_year(match[4])
        month_first = [] if match[2] is None else [(year, first, second)]
        yield [(year, second, first), *month_first]
    for match in DAY_FIRST.finditer(text):
        yield [(int(match[3]), month, int(match[1])) for month in months_called(match[2])]
    for match in MONTH_FIRST.finditer(text):
        yield [(int(match[3]), month, int(match[2])) for month in months_called(match[1])]


def full_year(digits: str) -> int:
    """Two digits are of this century: the documents are today's."""
    return int(digits) + 2_000 if len(digits) == 2 else int(digits)


def months_called(word: str) -> list[int]:
    """By a whole name or its beginning. `jui` is a month of French in two ways."""
    if len(word) < SHORTEST:
        return []
    return [
        number for number, names in enumerate(MONTHS, start=1) if any(name.startswith(word) for name in names)
    ]
