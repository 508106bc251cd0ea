"""One copied value, proven: it stands there as a whole, and can be read as its kind."""

import re

from contracts.quotes import QuotedPages, QuotePlace
from contracts.records import FieldType, Kind
from contracts.values import plain
from workflows.records.copies import day_of, number_of
from workflows.records.drafts import Copied

__all__ = ["proven"]

# Before a number: a dash after a word or a number is none.
MINUS = re.compile(r"(?:^|\s)[-\u2212\u2013]$")


def proven(declared: FieldType, copied: str, pages: QuotedPages) -> Copied | None:
    """A value that stands in the section and can be read as its kind; else None."""
    if declared.kind is Kind.CHOICE:
        return chosen(declared, copied, pages)
    place = pages.find(copied)
    if place is None:
        return None
    match declared.kind:
        case Kind.TEXT:
            return Copied(" ".join(copied.split()), place)
        case Kind.NUMBER:
            return number_copy(copied, place, pages)
        case Kind.DATE:
            return date_copy(copied, place)


def number_copy(copied: str, place: QuotePlace, pages: QuotedPages) -> Copied | None:
    """With the sign before it, also where that was not copied."""
    number = number_of(copied)
    if number is None:
        return None
    if number > 0 and MINUS.search(pages.before(place)):
        number, place = -number, place._replace(start=place.start - 1)
    return Copied(plain(number), place)


def date_copy(copied: str, place: QuotePlace) -> Copied | None:
    day = day_of(copied)
    if day is None:
        return None
    other = day.or_says.isoformat() if day.or_says is not None else None
    return Copied(day.says.isoformat(), place, other, day.day_first)


def chosen(declared: FieldType, copied: str, pages: QuotedPages) -> Copied | None:
    """The choice that is named by what was copied, or whose own name was answered: a word for it has to stand
    there, and not only as a part of a longer word for another one."""
    answered = "_".join(copied.casefold().split())
    choice = answered if answered in declared.words else choice_in(declared, copied)
    if choice is None:
        return None
    for word in (copied, *declared.words[choice]):
        place = pages.find(word)
        if place is not None and choice_in(declared, pages.line(place)) == choice:
            return Copied(choice, place)
    return None


def choice_in(declared: FieldType, text: str) -> str | None:
    """The choice that is named by the longest of the words in it."""
    text = " ".join(text.split()).lower()
    named = [
        (len(word), choice) for choice, words in declared.words.items() for word in words if word in text
    ]
    return max(named)[1] if named else None
