"""The paths that runs took, added up: how often each stage and transition, how long, and at what cost."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from statistics import median
from typing import Any

from operations.stays import Stay, stays
from operations.story import Story
from operations.story_items import AttemptMade, Booked

__all__ = ["RunMap", "StagePassed", "Transition", "run_maps"]


@dataclass(frozen=True)
class Transition:
    """From one stage to the next. What is measured is the stay that it ended."""

    before: str
    after: str
    declared: bool
    """By the current plan; a run of older code may have gone another way."""
    count: int
    median_s: float | None
    """None where it never happened."""
    median_usd: Decimal | None
    """Proven US dollars; None where it never happened."""
    unknown: int
    """Attempts in these stays whose cost nobody can say."""


@dataclass(frozen=True)
class StagePassed:
    """One stage."""

    stage: str
    entered: int
    ended: Mapping[str, int]
    """How many runs ended in it, by state; those that go on are `running`."""


@dataclass(frozen=True)
class RunMap:
    """Of one workflow."""

    workflow: str
    runs: int
    stages: tuple[StagePassed, ...]
    transitions: tuple[Transition, ...]

    @property
    def never(self) -> tuple[Transition, ...]:
        return tuple(each for each in self.transitions if not each.count)


def run_maps(stories: Iterable[Story], workflows: Sequence[Any]) -> tuple[list[RunMap], int]:
    """One for each workflow that any of these runs is of, and how many runs were left out.

    Left out are runs of which no worker has completed a task, and of workflows with no plan here.
    """
    plans = {each.plan.name: each.plan for each in workflows}
    told: dict[str, list[Story]] = defaultdict(list)
    left_out = 0
    for each in stories:
        if each.workflow in plans and each.state != "not started":
            told[each.workflow].append(each)
        else:
            left_out += 1
    return [map_of(plan, told[name]) for name, plan in plans.items() if told[name]], left_out


def map_of(plan: Any, stories: Sequence[Story]) -> RunMap:
    declared = {
        (before.value, after.value): list[Stay]()
        for before, following in plan.stages.items()
        for after in following
    }
    taken = dict(declared)
    entered, ended = Counter[str](), defaultdict[str, Counter[str]](Counter)
    for stay, after, state in once(stories, next(iter(plan.stages)).value):
        entered[stay.stage] += 1
        if after is None:
            ended[stay.stage][state] += 1
        else:
            taken.setdefault((stay.stage, after), []).append(stay)
    names = dict.fromkeys([*(stage.value for stage in plan.stages), *entered])
    return RunMap(
        workflow=plan.name,
        runs=len({(each.workflow_id, each.run_id) for each in stories}),
        stages=tuple(StagePassed(name, entered[name], dict(ended[name])) for name in names),
        transitions=tuple(transition(way, way in declared, found) for way, found in taken.items()),
    )


def once(stories: Iterable[Story], beginning: str) -> Iterator[tuple[Stay, str | None, str]]:
    """Each stay with the stage after it, None at an end, and the run's state.

    A run that goes on from another which was reset repeats what came before: that counts once.
    """
    seen = set[tuple[object, ...]]()
    for told in stories:
        passed = stays(told, beginning)
        for stay, following in zip(passed, [*passed[1:], None], strict=True):
            after = following.stage if following is not None else None
            # Two runs of a workflow id can end in the same stay, which is then two ends.
            key = (told.workflow_id, stay.event, stay.at, after, told.run_id if after is None else "")
            if key not in seen:
                seen.add(key)
                yield stay, after, told.state


def transition(way: tuple[str, str], declared: bool, found: Sequence[Stay]) -> Transition:
    return Transition(
        before=way[0],
        after=way[1],
        declared=declared,
        count=len(found),
        median_s=median(stay.seconds for stay in found) if found else None,
        median_usd=median(proven(stay) for stay in found) if found else None,
        unknown=sum(each.cost is Booked.UNKNOWN for stay in found for each in model_attempts(stay)),
    )


def model_attempts(stay: Stay) -> list[AttemptMade]:
    return [item for item in stay.items if isinstance(item, AttemptMade) and item.route is not None]


def proven(stay: Stay) -> Decimal:
    return sum((each.usd or Decimal(0) for each in model_attempts(stay)), start=Decimal(0))
