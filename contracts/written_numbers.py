"""Numbers as people write them: 1.234,56 and 1,234.56, 1 234,56 and 1'234.56.

What a number means depends on where it was written, which a document does not say. So all meanings that a
form can have are told: `1.234` is 1234 and 1.234.
"""

import re
import unicodedata
from collections.abc import Iterator
from decimal import Decimal

__all__ = ["numbers_in"]

# More digits are no amount; longer runs of digits and spaces are tables.
MOST_DIGITS = 15
MOST_GROUPS = 5
APOSTROPHES = str.maketrans({"\u2019": "'", "\u02bc": "'", "\u2212": "-", "\u2013": "-"})
RUN = re.compile(r"[0-9]+(?:[.,' ][0-9]+)*")
# What the parts of a number look like, for each pair of a group's mark and the decimal mark.
FORMS = [
    (group, decimal, re.compile(rf"([0-9]{{1,3}}(?:{re.escape(group)}[0-9]{{3}})+)(?:{decimal_form})?"))
    for group, decimal, decimal_form in [
        (".", ",", r",([0-9]{1,4})"),
        (",", ".", r"\.([0-9]{1,4})"),
        (" ", ",", r",([0-9]{1,4})"),
        (" ", ".", r"\.([0-9]{1,4})"),
        ("'", ".", r"\.([0-9]{1,4})"),
        ("'", ",", r",([0-9]{1,4})"),
    ]
]
# Between a sign, or a bracket, and the number.
CURRENCY = re.compile(r"(?:[$\u20ac\u00a3\u00a5]|(?<![A-Za-z])[A-Z]{3}|(?<![A-Za-z])[A-Z]{1,2}\$) ?$")
SPACE, PIECE = re.compile(r"\s"), re.compile("[^ ]+")
UNGROUPED = re.compile(r"([0-9]+)(?:[.,]([0-9]{1,4}))?")


def numbers_in(text: str) -> frozenset[Decimal]:
    """All that the numbers in it can mean; negative with a minus before or after it, or in brackets."""
    text = unicodedata.normalize("NFKC", text).translate(APOSTROPHES)
    text = SPACE.sub(" ", text)
    found: set[Decimal] = set()
    for run in RUN.finditer(text):
        for begin, number in parts_of(run.group()):
            start = run.start() + begin
            negative = is_negative(text, start, start + len(number))
            found.update(-each if negative else each for each in readings(number))
    return frozenset(found)


def parts_of(run: str) -> Iterator[tuple[int, str]]:
    """A run of digits and spaces may be one number, grouped, or several beside each other."""
    pieces = [(piece.start(), piece.end()) for piece in PIECE.finditer(run)]
    for first, (begin, _) in enumerate(pieces):
        for _, end in pieces[first : first + MOST_GROUPS]:
            yield begin, run[begin:end]


def readings(number: str) -> Iterator[Decimal]:
    """What digits with these marks between them can mean."""
    if sum(character.isdecimal() for character in number) > MOST_DIGITS:
        return
    if whole := UNGROUPED.fullmatch(number):
        yield exact(whole[1], whole[2])
    for group, _, form in FORMS:
        if whole := form.fullmatch(number):
            yield exact(whole[1].replace(group, ""), whole[2])


def exact(digits: str, decimals: str | None) -> Decimal:
    return Decimal(f"{digits}.{decimals}" if decimals else digits)


def is_negative(text: str, begin: int, end: int) -> bool:
    """By what stands around the number; a dash between two words or numbers is no minus."""
    before, after = CURRENCY.sub("", text[:begin].rstrip(" ")).rstrip(" "), text[end:]
    if before.endswith("-"):
        return not before[:-1].rstrip(" ")[-1:].isalnum() or before[:-1].endswith(" ")
    if before.endswith("("):
        return after.lstrip(" ").startswith(")")
    return after.startswith("-") and not after[1:2].isalnum()
