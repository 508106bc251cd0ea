"""The parts of one piece of work, side by side: one of them may fail and the others go on.

Every part's first hold is taken before anything starts. What follows the failure of a part is for a table to
say: the others go on, or they are stopped, in order.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar

from pydantic import BaseModel

from contracts.attempts import Fault
from contracts.values import Value
from workflows.kernel.decisions import Row, Table, facts_of
from workflows.kernel.endings import LeaseDenied, StepFailed, StoryEnded
from workflows.kernel.scheduling import Begun
from workflows.kernel.steps import Steps

__all__ = ["PART_FAILED", "AfterFailure", "Gathered", "PartFacts", "gather"]

Request = TypeVar("Request", bound=BaseModel)
Reply = TypeVar("Reply", bound=BaseModel)
Part = TypeVar("Part")


class AfterFailure(StrEnum):
    """What becomes of the other parts."""

    GO_ON = "go_on"
    STOP = "stop"


class PartFacts(Value):
    """What the choice depends on."""

    fault: Fault | None
    """None when there was no money for another attempt."""


facts = facts_of(PartFacts)

PART_FAILED = Table(
    name="part_failed",
    version=1,
    facts=PartFacts,
    rows=(
        Row(
            "nobody would answer the others either",
            AfterFailure.STOP,
            facts.fault.one_of(
                Fault.QUOTA_EXHAUSTED,
                Fault.UNAUTHORISED,
                Fault.MODEL_NOT_FOUND,
                Fault.REDIRECTED,
                Fault.CIRCUIT_OPEN,
                Fault.NOT_STARTED,
            ),
        ),
        Row("it says nothing about the others", AfterFailure.GO_ON),
    ),
)


@dataclass(frozen=True)
class Gathered(Generic[Part]):
    """What came of the parts, by their place in the order in which they were given."""

    parts: Mapping[int, Part]
    """What was made of their replies."""
    gaps: Mapping[int, str]
    """Of every part without a reply, why."""


async def gather(
    steps: Steps, begun: Sequence[Begun[Request, Reply]], take: Callable[[int, Reply], Part], at_once: int
) -> Gathered[Part]:
    """See every part through, at most so many at a time; `take` is given its number and its reply.

    Raises StoryEnded only when the run itself has to end; then nothing is left under way.
    """
    return await Gathering[Reply, Part](steps, take, at_once).of(begun)


class Gathering(Generic[Reply, Part]):
    def __init__(self, steps: Steps, take: Callable[[int, Reply], Part], at_once: int) -> None:
        self._steps = steps
        self._take = take
        self._room = asyncio.Semaphore(at_once)
        self._tasks: list[asyncio.Task[None]] = []
        self._parts: dict[int, Part] = {}
        self._gaps: dict[int, str] = {}
        self._stopped = ""

    async def of(self, begun: Sequence[Begun[Request, Reply]]) -> Gathered[Part]:
        self._tasks = [asyncio.create_task(self._part(number, each)) for number, each in enumerate(begun)]
        try:
            await self._all()
        except (Exception, asyncio.CancelledError):
            self._stop("the run has to end")
            await asyncio.gather(*self._tasks, return_exceptions=True)
            raise
        finally:
            self._steps.give_back_held(begun)
        return Gathered(self._parts, dict(sorted(self._gaps.items())))

    async def _all(self) -> None:
        for ended in await asyncio.gather(*self._tasks, return_exceptions=True):
            # A part that was stopped is a gap; whatever else was raised is the end of the run.
            if isinstance(ended, BaseException) and not isinstance(ended, asyncio.CancelledError):
                raise ended
        for number, _ in enumerate(self._tasks):
            if number not in self._parts:
                self._gaps.setdefault(number, self._stopped)

    async def _part(self, number: int, begun: Begun[Request, Reply]) -> None:
        async with self._room:
            try:
                self._parts[number] = self._take(number, await self._steps.finish(begun))
            except LeaseDenied:
                raise  # nobody else may spend either
            except StoryEnded as ended:
                self._steps.run.check_open()
                self._gaps[number] = ended.ending.reason
                if not self._stopped and self._decide(ended) is AfterFailure.STOP:
                    self._stop(f"stopped, since another part failed: {ended.ending.reason}")

    def _decide(self, ended: StoryEnded) -> AfterFailure:
        fault = ended.fault if isinstance(ended, StepFailed) else None
        return self._steps.run.decide(PART_FAILED, PartFacts(fault=fault)).outcome

    def _stop(self, why: str) -> None:
        """Cancel whatever goes on, in order."""
        self._stopped = why
        for task in self._tasks:
            if task is not asyncio.current_task():
                task.cancel()
