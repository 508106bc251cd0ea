"""What a person should know about a draft before agreeing to it."""

from collections.abc import Iterator

from contracts.extraction import Doubt
from workflows.records.drafts import Draft, dates_of, meanings

__all__ = ["doubts_of"]

MOST_CHARACTERS = 300
# Enough for a person to see what is wrong with a table.
MOST_BAD_ROWS = 50


def doubts_of(draft: Draft) -> tuple[Doubt, ...]:
    """Every one with its field, in an order in which a person would look."""
    return tuple(Doubt(field=name, why=why[:MOST_CHARACTERS]) for name, why in doubted(draft))


def doubted(draft: Draft) -> Iterator[tuple[str, str]]:
    yield from ((name, "not found in the document") for name in draft.missing)
    yield from between_several(draft)
    for name, copied in draft.unproven.items():
        if name not in draft.missing:
            yield name, f"{copied!r} was read, and does not stand in the document"
    for name in draft.computed:
        yield name, f"{draft.found[name][0].says} is what the sums need; no reading found it there"
    for rule in draft.broken_sums:
        yield rule.total, f"it is not proven to be the sum of {', '.join(rule.of)}"
    if dates := draft.other_dates:
        yield dates_of(draft.record.fields)[0], f"the document holds {', '.join(dates)}, and no field does"
    yield from ((draft.record.rows_name, why) for why in draft.bad_rows[:MOST_BAD_ROWS])
    if (more := len(draft.bad_rows) - MOST_BAD_ROWS) > 0:
        yield draft.record.rows_name, f"and {more} more of its rows"


def between_several(draft: Draft) -> Iterator[tuple[str, str]]:
    shared = draft.shared
    for name in draft.conflicting:
        if name in shared:
            yield (
                name,
                f"it was read where {', '.join(each for each in shared[name] if each != name)} stands, too",
            )
        else:
            says = dict.fromkeys(text for copy in draft.found[name] for text in meanings(copy))
            yield name, f"the document may say {', '.join(says)}"
