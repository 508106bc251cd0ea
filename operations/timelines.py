"""What a run's timeline shows: rows of bars, in seconds since its start, in groups."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from operations.explaining import attempt_name, told_by_itself
from operations.stays import stays
from operations.story import Story
from operations.story_items import (
    ApprovalEnded,
    AttemptMade,
    Booked,
    CancelAsked,
    Item,
    ParkingEnded,
    PersonAnswered,
    PersonRepaired,
    ReadMade,
    SignalIgnored,
    Waited,
)
from operations.time_axes import Span, cuts_in

__all__ = ["Bar", "Look", "Timeline", "TimelineRow", "look_of", "timeline"]


class Look(StrEnum):
    """How a bar looks; each has a shape or a pattern of its own beside its colour."""

    STAGE = "stage"
    QUEUED = "queued"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    UNKNOWN = "unknown"
    CANCELLED = "cancelled"
    RUNNING = "running"
    WAITED = "waited"
    PERSON = "person"


@dataclass(frozen=True)
class Bar:
    """From and to, in seconds since the run's start; a moment where both are the same."""

    start: float
    end: float
    look: Look


@dataclass(frozen=True)
class TimelineRow:
    """One line: what it is, what came of it, and when."""

    name: str
    words: str
    look: Look
    bars: list[Bar] = field(default_factory=list)


@dataclass(frozen=True)
class Timeline:
    """Rows by group, and the waits in which nothing ran that are too long to be drawn."""

    end: float
    groups: dict[str, list[TimelineRow]]
    cuts: list[Span]

    @property
    def bars(self) -> Iterator[Bar]:
        yield from (bar for rows in self.groups.values() for row in rows for bar in row.bars)


def timeline(told: Story, beginning: str) -> Timeline:
    """Of a run that began in the stage `beginning`."""
    groups = {
        "stages": list(stage_rows(told, beginning)),
        "steps": list(step_rows(told)),
        "waits and people": list(wait_rows(told)),
    }
    whole = Timeline(told.duration_s, {name: rows for name, rows in groups.items() if rows}, [])
    running = [
        (bar.start, bar.end)
        for bar in whole.bars
        if bar.look not in (Look.STAGE, Look.QUEUED, Look.WAITED, Look.PERSON)
    ]
    moments = [at for bar in whole.bars for at in (bar.start, bar.end)]
    return Timeline(whole.end, whole.groups, cuts_in(whole.end, moments, running))


def since(told: Story, item: Item) -> float:
    return (item.at - told.started_at).total_seconds()


def stage_rows(told: Story, beginning: str) -> Iterator[TimelineRow]:
    rows: dict[str, TimelineRow] = {}
    for stay in stays(told, beginning):
        row = rows.setdefault(stay.stage, TimelineRow(stay.stage, "", Look.STAGE))
        start = (stay.at - told.started_at).total_seconds()
        row.bars.append(Bar(start, start + stay.seconds, Look.STAGE))
    yield from rows.values()


def step_rows(told: Story) -> Iterator[TimelineRow]:
    for item in told.items:
        if isinstance(item, AttemptMade):
            look = look_of(item)
            words = item.outcome if item.fault is None else item.fault
            yield TimelineRow(attempt_name(item), words, look, list(attempt_bars(item, told, look)))
        elif isinstance(item, ReadMade):
            look = look_of(item)
            at = since(told, item)
            yield TimelineRow(item.step, item.fault or "found", look, [Bar(at, at, look)])


def look_of(item: AttemptMade | ReadMade) -> Look:
    """What came of it. Not to know what it cost, or whether it happened, is an outcome of its own."""
    if isinstance(item, ReadMade):
        return Look.SUCCEEDED if item.fault is None else Look.FAILED
    if item.outcome in ("queued", "running"):
        return Look.RUNNING
    if item.outcome == "succeeded":
        return Look.SUCCEEDED
    if item.cost is Booked.UNKNOWN:
        return Look.UNKNOWN
    return Look.CANCELLED if item.outcome == "cancelled" else Look.FAILED


def attempt_bars(item: AttemptMade, told: Story, look: Look) -> Iterator[Bar]:
    start = since(told, item)
    taken = told.duration_s if item.queued_s is None else start + item.queued_s
    yield Bar(start, taken, Look.QUEUED)
    if item.queued_s is not None:
        yield Bar(taken, told.duration_s if item.ran_s is None else taken + item.ran_s, look)


def wait_rows(told: Story) -> Iterator[TimelineRow]:
    for number, item in enumerate(told.items):
        at = since(told, item)
        if isinstance(item, Waited) and not told_by_itself(item):
            end = told.duration_s if item.waited_s is None else at + item.waited_s
            came = what_came(told.items[number + 1 :], item) or item.state
            yield TimelineRow(item.what, came, Look.WAITED, [Bar(at, end, Look.WAITED)])
        elif isinstance(item, PersonAnswered | PersonRepaired | CancelAsked | SignalIgnored):
            yield TimelineRow(*person_words(item), Look.PERSON, [Bar(at, at, Look.PERSON)])


def what_came(after: Sequence[Item], wait: Waited) -> str:
    """Of a wait for a person that ended early: what that person said."""
    if wait.state != "cancelled":
        return ""
    ended = next((item for item in after if isinstance(item, ApprovalEnded | ParkingEnded)), None)
    return "" if ended is None else ended.outcome


def person_words(item: PersonAnswered | PersonRepaired | CancelAsked | SignalIgnored) -> tuple[str, str]:
    match item:
        case PersonAnswered():
            return item.by or "somebody", f"answered: {item.verdict or 'unreadable'}"
        case PersonRepaired():
            return item.by or "somebody", f"sent a repair: {item.do or 'unreadable'}"
        case CancelAsked():
            return item.by or "somebody", "asked the run to end"
        case SignalIgnored():
            return f"signal {item.name}", "ignored"
