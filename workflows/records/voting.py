"""Another opinion on what is doubtful: which section is read again, and what both readings say together."""

from collections.abc import Callable, Sequence

from workflows.records.drafts import Draft
from workflows.records.sections import Section
from workflows.records.tables import Vote, VoteFacts

__all__ = ["doubtful_section", "voted"]


def doubtful_section(draft: Draft, sections: Sequence[Section]) -> Section | None:
    """Where what is doubtful should stand: sums at the end, anything else at the beginning."""
    if not draft.doubtful or not sections:
        return None
    return sections[-1 if draft.broken_sums else 0]


def voted(first: Draft, second: Draft, decide: Callable[[VoteFacts], Vote]) -> Draft:
    """The first draft with every doubtful field settled, or in doubt between two values."""
    draft = first
    for name in first.doubtful:
        vote = decide(VoteFacts.of(name, draft, second))
        if vote is Vote.SECOND:
            draft = draft.with_value(name, second.found[name][0])
        elif vote is Vote.NEITHER:
            draft = draft.with_another(name, second.found[name][0])
    return draft
