"""What two readings of the same fields say together."""

from collections.abc import Callable

from workflows.records.drafts import Draft
from workflows.records.tables import Vote, VoteFacts

__all__ = ["voted"]


def voted(first: Draft, second: Draft, decide: Callable[[VoteFacts], Vote]) -> Draft:
    """The first draft with every doubtful field settled, or in doubt between two values."""
    draft = first
    for name in first.doubtful:
        vote = decide(VoteFacts.of(name, draft, second))
        if vote is Vote.SECOND:
            draft = draft.with_value(name, second.found[name][0])
        elif vote is Vote.NEITHER:
            draft = draft.with_another(name, second.found[name][0])
    return draft.without_repeated()
