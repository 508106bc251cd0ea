"""A recorded run as it would have been had a person taken two days to answer."""

from datetime import timedelta

from operations.story import Story, story
from operations.story_items import Waited
from tests.operations.recorded import recorded

__all__ = ["TWO_DAYS", "answered_after_two_days"]

TWO_DAYS = timedelta(days=2, hours=3)


def answered_after_two_days() -> Story:
    """Everything from the answer on is later; nothing else is another."""
    told = story(recorded("refunded-after-approval"))
    answered = next(number for number, item in enumerate(told.items) if item.kind == "answer")
    waited = TWO_DAYS.total_seconds()
    items = [
        item.model_copy(update={"waited_s": (item.waited_s or 0) + waited})
        if isinstance(item, Waited) and item.state == "cancelled"
        else item
        for item in told.items[:answered]
    ]
    items += [item.model_copy(update={"at": item.at + TWO_DAYS}) for item in told.items[answered:]]
    assert told.ended_at is not None
    changed = {
        "items": items,
        "ended_at": told.ended_at + TWO_DAYS,
        "duration_s": told.duration_s + waited,
    }
    return told.model_copy(update=changed)
