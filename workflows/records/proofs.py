"""One copied value, proven: it stands there as a whole, and can be read as its kind."""

from collections.abc import Iterator

from contracts.quotes import QuotedPages, QuotePlace
from contracts.records import FieldKind, FieldType
from contracts.values import plain
from workflows.records.copies import DIGITS, day_of, is_negative, number_of
from workflows.records.drafts import Copied

__all__ = ["proven"]


def proven(declared: FieldType, copied: str, pages: QuotedPages) -> Copied | None:
    """A value that stands in the section and can be read as its kind; else None."""
    if declared.kind is FieldKind.CHOICE:
        return chosen(declared, copied, pages)
    place = pages.find(copied)
    if place is None:
        return None
    match declared.kind:
        case FieldKind.TEXT:
            return Copied(pages.says(place), place)
        case FieldKind.NUMBER:
            return number_copy(copied, place, pages)
        case FieldKind.DATE:
            return date_copy(copied, place)


def number_copy(copied: str, place: QuotePlace, pages: QuotedPages) -> Copied | None:
    """With the sign that it has there, whether that was copied or not."""
    number = number_of(copied)
    if number is None:
        return None
    line, start = pages.line(place)
    end = start + place.end - place.start
    digits = DIGITS.search(line, start, end)
    if digits is not None and is_negative(line, *digits.span()):
        number = -abs(number)
    elif number < 0 and line[max(0, start - 1) : start].isalnum():
        number = -number  # a dash between two words or numbers
    return Copied(plain(number), place)


def date_copy(copied: str, place: QuotePlace) -> Copied | None:
    day = day_of(copied)
    if day is None:
        return None
    other = day.or_says.isoformat() if day.or_says is not None else None
    return Copied(day.says.isoformat(), place, other)


def chosen(declared: FieldType, copied: str, pages: QuotedPages) -> Copied | None:
    """The choice that is named by what was copied, or whose own name was answered: a word for it has to stand
    there, and not only as a part of a longer word for another one."""
    answered = "_".join(copied.casefold().split())
    choice = answered if answered in declared.words else choice_in(declared, copied)
    if choice is None:
        return None
    for word in (copied, *declared.words[choice]):
        place = pages.find(word)
        if place is not None and choice_in(declared, pages.line(place)[0]) == choice:
            return Copied(choice, place)
    return None


def choice_in(declared: FieldType, text: str) -> str | None:
    """The choice that is named by the longest of the words in it."""
    text = " ".join(text.split()).lower()
    named = [
        (len(word), choice)
        for choice, words in declared.words.items()
        for word in words
        if any(not in_a_sign(text, begin, begin + len(word)) for begin in places_in(text, word))
    ]
    return max(named)[1] if named else None


def places_in(text: str, word: str) -> Iterator[int]:
    begin = text.find(word)
    while begin >= 0:
        yield begin
        begin = text.find(word, begin + 1)


def in_a_sign(text: str, begin: int, end: int) -> bool:
    """A currency's mark beside a letter is another currency's: `C$` is no `$`."""
    before, after = text[max(0, begin - 1) : begin], text[end : end + 1]
    return (not text[begin].isalnum() and before.isalpha()) or (
        not text[end - 1].isalnum() and after.isalpha()
    )
