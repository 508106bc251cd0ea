"""Sums for which arithmetic has a proposal: a value that was not found, or was misread, where the others say
what it has to be, and that amount stands in the document.

It is a proposal: a document may not add up, and some amount of it may fill the gap. Another reading has to
find it, too, or a person. That the rows come to some number proves little by itself, since a row may have
been overlooked: another rule has to agree.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from decimal import Decimal

from contracts.quotes import QuotedPages
from contracts.records import Sum
from contracts.values import plain
from workflows.records.drafts import Copied, Draft
from workflows.records.lines import Number, written
from workflows.records.sections import Section

__all__ = ["settled_sums"]

# Of one page. Sums stand on the first or the last one, and no page of either has more to look through.
MOST_NUMBERS = 400
AMOUNT = re.compile(r"[.,]\d\d-?$")
RATE = re.compile(r" ?%")


def settled_sums(draft: Draft, sections: Sequence[Section]) -> Draft:
    """Each broken rule that one other value would keep, and only one, gets it, before what was read."""
    ends = [*dict.fromkeys((sections[0], sections[-1]))] if sections else []
    for rule in draft.record.sums:
        if rule in draft.broken_sums:
            fitting = [*replaced(draft, rule, ends)]
            if len(fitting) == 1:
                draft = fitting[0]
    return draft


def replaced(draft: Draft, rule: Sum, sections: Sequence[Section]) -> Iterator[Draft]:
    """The draft with another value for each field of the rule in turn, that keeps all its rules and stands
    there."""
    fields = [name for name in rule.of if "." not in name]
    for name in (rule.total, *fields):
        rules = [each for each in draft.record.sums if name in (each.total, *each.of)]
        if len(fields) < len(rule.of) and len(rules) == 1:
            continue
        wanted = wanted_of(draft, rule, name)
        if not wanted or (copied := place_of(wanted, sections)) is None:
            continue
        settled = draft.with_value(name, copied)
        if not any(each in settled.broken_sums for each in rules):
            yield replace(settled, found={**settled.found, name: (copied, *draft.found.get(name, ()))})


def wanted_of(draft: Draft, rule: Sum, name: str) -> Decimal | None:
    """What the field has to be for the rule to be kept; None where another part is not known."""
    others = [draft.part(other) for other in rule.of if other != name]
    known = [value for value in others if value is not None]
    if len(known) < len(others):
        return None
    if name == rule.total:
        return sum(known, Decimal(0))
    total = draft.number(rule.total)
    return None if total is None else total - sum(known, Decimal(0))


def place_of(wanted: Decimal, sections: Sequence[Section]) -> Copied | None:
    """The last place where this amount stands: a sum stands below what it is the sum of."""
    for section in reversed(sections):
        for page in reversed(QuotedPages(section.pages, section.start).pages):
            for number in reversed(written(page.text, 0, len(page.text), MOST_NUMBERS)):
                if number.value == wanted and is_amount(page.text, number):
                    place = page.place(number.start, number.end)
                    return Copied(plain(wanted), place, computed=True)
    return None


def is_amount(text: str, number: Number) -> bool:
    """Written with its cents, and no rate: pages, pieces and days are numbers, too."""
    return AMOUNT.search(text[number.start : number.end]) is not None and RATE.match(text, number.end) is None
