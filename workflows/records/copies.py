"""What a value that was copied from a document says. A model copies, and code reads."""

import re
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from contracts.written_dates import dates_in
from contracts.written_numbers import numbers_in

__all__ = ["Day", "day_of", "number_of"]

DIGITS = re.compile(r"\d[\d.,' \u00a0\u202f\u2019]*\d|\d")
BELOW_ONE = re.compile("0[.,]")
# Can be read in one way only.
PLAIN = re.compile(r"([0-9]{1,13})(?:[.,]([0-9]{1,2}))?")


class Day(NamedTuple):
    """A written date, and what else it may mean."""

    says: date
    or_says: date | None = None
    day_first: bool | None = None
    """Of a date with slashes that can be read in one way only: in which. None where nothing can be learnt."""


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


def day_of(copied: str) -> Day | None:
    """The day in it, with its other meaning; None where there is none, or more than one date."""
    days = sorted(dates_in(copied))
    numbers = [int(each) for each in re.findall(r"\d+", copied)]
    match days:
        case [day]:
            return Day(day, day_first=order_of(copied, numbers, day))
        case [_, _] if "/" in copied and len(numbers) == 3:
            first = next(day for day in days if day.day == numbers[0])
            return Day(first, next(day for day in days if day is not first))
    return None


def order_of(copied: str, numbers: Sequence[int], day: date) -> bool | None:
    slashed = "/" in copied and len(numbers) == 3 and numbers[0] <= 31
    return numbers[0] == day.day if slashed and day.day != day.month else None
