"""A run's stays: from entering one stage to entering the next, with what happened in between."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from operations.story import Story
from operations.story_items import Item, StageEntered

__all__ = ["Stay", "beginnings", "stays"]


@dataclass(frozen=True)
class Stay:
    """Once in one stage."""

    stage: str
    event: int
    at: datetime
    until: datetime
    """When it was left; for the last stage the run's end, or its last recorded event."""
    items: tuple[Item, ...]
    last: bool
    """Nothing follows it, or nothing yet."""

    @property
    def seconds(self) -> float:
        return (self.until - self.at).total_seconds()


def beginnings(workflows: list[Any]) -> dict[str, str]:
    """The stage in which a run of each workflow begins: no trail names it."""
    return {each.plan.name: next(iter(each.plan.stages)).value for each in workflows}


def stays(told: Story, beginning: str) -> list[Stay]:
    """In order; the first is in the stage `beginning`."""
    return list(parts(told, beginning))


def parts(told: Story, beginning: str) -> Iterator[Stay]:
    stage, event, at, items = beginning, 0, told.started_at, list[Item]()
    for item in told.items:
        if isinstance(item, StageEntered):
            # A decision is put behind what it follows from, and so may its stage be.
            until = max(at, item.at)
            yield Stay(stage, event, at, until, tuple(items), last=False)
            stage, event, at, items = item.stage, item.event, until, []
        else:
            items.append(item)
    end = told.ended_at or told.started_at + timedelta(seconds=told.duration_s)
    yield Stay(stage, event, at, max(at, end), tuple(items), last=True)
