"""One copied value, proven: it stands in the section as a whole, and can be read as its kind."""

import re

from contracts.quotes import QuotePlace, find_quote
from contracts.records import FieldType, Kind
from contracts.values import plain
from workflows.records.copies import day_of, number_of
from workflows.records.drafts import Copied
from workflows.records.sections import Section

__all__ = ["proven"]

# Before a number: a dash after a word or a number is none.
MINUS = re.compile(r"(?:^|\s)[-\u2212\u2013]$")


def proven(declared: FieldType, copied: str, section: Section) -> Copied | None:
    """A value that stands in the section and can be read as its kind; else None."""
    if declared.kind is Kind.CHOICE:
        return chosen(declared, copied, section)
    place = find_quote(copied, section.pages)
    if place is None:
        return None
    match declared.kind:
        case Kind.TEXT:
            return Copied(" ".join(copied.split()), place)
        case Kind.NUMBER:
            return number_copy(copied, place, section)
        case Kind.DATE:
            return date_copy(copied, place)


def number_copy(copied: str, place: QuotePlace, section: Section) -> Copied | None:
    """With the sign before it, also where that was not copied."""
    number = number_of(copied)
    if number is None:
        return None
    begun = line_at(place, section, until=place.start)
    if number > 0 and MINUS.search(begun):
        number, place = -number, place.model_copy(update={"start": place.start - 1})
    return Copied(plain(number), place)


def date_copy(copied: str, place: QuotePlace) -> Copied | None:
    day = day_of(copied)
    if day is None:
        return None
    other = day.or_says.isoformat() if day.or_says is not None else None
    return Copied(day.says.isoformat(), place, other, day.day_first)


def chosen(declared: FieldType, copied: str, section: Section) -> Copied | None:
    """The choice that is named by what was copied, or whose own name was answered: a word for it has to stand
    in the section, and not only as a part of a longer word for another one."""
    answered = "_".join(copied.casefold().split())
    choice = answered if answered in declared.words else choice_in(declared, copied)
    if choice is None:
        return None
    for word in (copied, *declared.words[choice]):
        place = find_quote(word, section.pages)
        if place is not None and choice_in(declared, line_at(place, section)) == choice:
            return Copied(choice, place)
    return None


def choice_in(declared: FieldType, text: str) -> str | None:
    """The choice that is named by the longest of the words in it."""
    text = " ".join(text.split()).lower()
    named = [
        (len(word), choice) for choice, words in declared.words.items() for word in words if word in text
    ]
    return max(named)[1] if named else None


def line_at(place: QuotePlace, section: Section, until: int | None = None) -> str:
    """The line in which something stands, whole or until there."""
    text = next(
        page.text for page in section.pages if page.number == place.page and place.end <= len(page.text)
    )
    end = text.find("\n", place.end)
    whole = end if end >= 0 else len(text)
    return text[text.rfind("\n", 0, place.start) + 1 : whole if until is None else until]
