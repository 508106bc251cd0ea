"""Items of a story that are one piece of work: many steps side by side, with what their failures led to."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from operations.story_items import AttemptMade, Decided, Item, Waited
from workflows.kernel.attempts import NEXT_ATTEMPT, OTHERWISE
from workflows.kernel.gathering import PART_FAILED

__all__ = ["Part", "SideBySide", "put_together"]

# Fewer are told one by one: their order says enough.
FEWEST = 4
AFTER_FAILURES = frozenset({NEXT_ATTEMPT.name, OTHERWISE.name, PART_FAILED.name})


@dataclass(frozen=True)
class Part:
    """One of the steps."""

    number: str
    attempts: tuple[AttemptMade, ...]
    """At least one, in their order."""

    @property
    def last(self) -> AttemptMade:
        """What the step came to."""
        return self.attempts[-1]


@dataclass(frozen=True)
class SideBySide:
    """The attempts of the steps, and the decisions and waits between them."""

    items: tuple[Item, ...]

    @property
    def attempts(self) -> list[AttemptMade]:
        """Of all steps, in the order of scheduling."""
        return [item for item in self.items if isinstance(item, AttemptMade)]

    @property
    def parts(self) -> list[Part]:
        """By the number of the step."""
        numbers = sorted({step_number(each) for each in self.attempts}, key=lambda each: (len(each), each))
        own = {each: tuple(a for a in self.attempts if step_number(a) == each) for each in numbers}
        return [Part(number, attempts) for number, attempts in own.items()]


def put_together(items: Iterable[Item]) -> Iterator[Item | SideBySide]:
    """The same items in the same order, those of at least FEWEST steps side by side as one."""
    held: list[Item] = []
    for item in items:
        if not goes_with(item, [each for each in held if isinstance(each, AttemptMade)]):
            yield from as_told(held)
            held = []
        if held or is_of_a_model(item):
            held.append(item)
        else:
            yield item
    yield from as_told(held)


def as_told(held: list[Item]) -> Iterator[Item | SideBySide]:
    together = SideBySide(tuple(held))
    if len(together.parts) >= FEWEST:
        yield together
    else:
        yield from held


def goes_with(item: Item, before: list[AttemptMade]) -> bool:
    """Whether it is of the same piece of work as these attempts."""
    match item:
        case AttemptMade():
            return any(
                each.step == item.step
                and (step_number(each) == step_number(item) or goes_on_at(each, item.at))
                for each in before
            )
        case Decided():
            return item.table in AFTER_FAILURES
        case Waited():
            return any(item.what.startswith(f"{each.step} again after ") for each in before)
        case _:
            return False


def is_of_a_model(item: Item) -> bool:
    return isinstance(item, AttemptMade) and item.route is not None


def goes_on_at(attempt: AttemptMade, moment: datetime) -> bool:
    if attempt.queued_s is None or attempt.ran_s is None:
        return True
    return attempt.at + timedelta(seconds=attempt.queued_s + attempt.ran_s) > moment


def step_number(attempt: AttemptMade) -> str:
    return attempt.attempt_id.partition(".")[0]
