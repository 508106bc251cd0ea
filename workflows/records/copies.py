"""What a value that was copied from a document says. A model copies, and code reads."""

import re
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from contracts.written_dates import days_in
from contracts.written_numbers import numbers_in

__all__ = ["Day", "day_of", "is_negative", "number_of"]

DIGITS = re.compile(r"\d[\d.,' \u00a0\u202f\u2019]*\d|\d")
BELOW_ONE = re.compile("0[.,]")
# Around the digits of a number, with no space between them and the sign but beside a currency: a dash that
# stands alone, or after a word, is no minus.
CURRENCY = r"(?:(?:[$\u20ac\u00a3\u00a5]|\b[a-z]{1,2}\$|\b[a-z]{3}\b) ?)?"
MINUS = re.compile(rf"(?:^|[^\w.,)\u2212\u2013-])[-\u2212\u2013]{CURRENCY}$", re.IGNORECASE)
MINUS_AFTER = re.compile(r"[-\u2212](?!\w)")
BRACKET = re.compile(rf"\({CURRENCY}$", re.IGNORECASE)
# Can be read in one way only.
PLAIN = re.compile(r"([0-9]{1,13})(?:[.,]([0-9]{1,2}))?")


class Day(NamedTuple):
    """A written date, and what else it may mean: the first has its day before its month."""

    says: date
    or_says: date | None = None


def number_of(copied: str) -> Decimal | None:
    """The number in it; None where there is none, or more than one.

    One mark before exactly three digits groups them: of all that `1.234` can mean, 1234 is taken.
    """
    if PLAIN.fullmatch(copied):
        return Decimal(copied.replace(",", "."))
    digits = DIGITS.findall(copied)
    if len(digits) != 1:
        return None
    meanings = numbers_in(copied)
    if BELOW_ONE.match(digits[0]):
        meanings = frozenset(each for each in meanings if abs(each) < 1)
    return max(meanings, key=lambda each: (len(each.as_tuple().digits), abs(each)), default=None)


def is_negative(line: str, start: int, end: int) -> bool:
    """Of the digits that stand there in a line: by a minus before or after them, or brackets around them."""
    before, after = line[max(0, start - 8) : start], line[end : end + 2]
    if MINUS.search(before) or MINUS_AFTER.match(after):
        return True
    return after.startswith(")") and BRACKET.search(before) is not None


def day_of(copied: str) -> Day | None:
    """The day in it, with its other meaning; None where there is none, or more than one date."""
    match [*set(days_in(copied))]:
        case [days] if len(days) == 1:
            return Day(*days)
        case [days]:
            first = int(re.findall(r"\d+", copied)[0])
            # Of a month that is called by a word that two begin with, nothing tells which.
            match sorted(days, key=lambda day: day.day != first):
                case [one, other] if (one.day, one.month) == (other.month, other.day):
                    return Day(one, other)
    return None
