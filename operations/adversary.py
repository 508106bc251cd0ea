"""An adversary: answers every activity of a run as badly as the step's contract and policy allow.

Each attempt of a model task is billed at its whole hold. The first on a route is cut short, so that its limit
is doubled; the next two are invalid, with a reply to be shown again that is as long as can be; the rest are
lost. Where a policy has too few attempts for all of that, none is cut short: an invalid reply that is shown
again costs more than a longer one. Only the very last attempt that the policy, the routes and three repairs
allow succeeds.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any

from temporalio import activity
from temporalio.common import RawValue
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.exceptions import ApplicationError

from activities.catalogue import Catalogue
from activities.failures import error_of
from activities.sheets import SheetActivities, sheet_of
from contracts.attempts import (
    MOST_ERROR,
    MOST_REPLY,
    Cost,
    Failure,
    Fault,
    ModelCall,
    ModelReply,
    Provenance,
    Repair,
    Usage,
)
from contracts.leases import CloseLease, Lease, LeaseClosed, LeaseRequest, close_lease, open_lease
from contracts.sheet import Sheet, SheetRequest, resolve_sheet
from contracts.steps import Effect, ModelTask, Read, Step
from operations.worst_story import LONGEST, WorstStory
from workflows.kernel.attempts import MAX_REPAIRS
from workflows.kernel.plan import Plan

__all__ = ["Adversary"]

LONGEST_REPAIR = Repair(reply=LONGEST * MOST_REPLY, error=LONGEST * MOST_ERROR)
A_MOMENT = timedelta(milliseconds=1)
NOTHING_KNOWN = Provenance(prompt="", reply_schema="", settings="")


class Adversary:
    """Of one run."""

    def __init__(
        self, plan: Plan, story: WorstStory, catalogue: Catalogue, attempts: Mapping[str, int]
    ) -> None:
        self._steps: dict[str, Step[Any, Any]] = {step.name: step for step in plan.steps}
        self._story = story
        self._catalogue = catalogue
        self._attempts = attempts
        """How many one occurrence of each step can have."""
        self._made: defaultdict[str, int] = defaultdict(int)
        self._cut: defaultdict[str, bool] = defaultdict(bool)
        """Whether the first reply on the route was cut short."""
        self._occurrences: defaultdict[str, list[str]] = defaultdict(list)

    def activities(self) -> list[Callable[..., Any]]:
        """What a worker registers: sheet and routes as they are, but for the waits between attempts, and one
        answer for everything else."""

        @activity.defn(name=resolve_sheet.name)
        async def without_waits(request: SheetRequest) -> Sheet:
            return hasty(sheet_of(request, self._catalogue, {}))

        @activity.defn(dynamic=True)
        async def answer(arguments: Sequence[RawValue]) -> Any:
            return self._answer(activity.info(), arguments)

        return [SheetActivities(self._catalogue, {}).resolve_routes, without_waits, answer]

    def _answer(self, info: activity.Info, arguments: Sequence[RawValue]) -> Any:
        if info.activity_type == open_lease.name:
            return Lease(lease=argument(arguments[0], LeaseRequest).lease, granted=True, period="")
        if info.activity_type == close_lease.name:
            lease = argument(arguments[0], CloseLease).lease
            return LeaseClosed(lease=lease, settled=0, unknown=0, returned=0)
        step = self._steps[info.activity_type]
        match step:
            case Read():
                # Free, and retried where it runs: there is nothing to be won.
                return self._story.replies[step.name]
            case ModelTask():
                return self._model(step, info, argument(arguments[1], ModelCall))
            case Effect():
                if not self._is_last(step, info):
                    raise lost()
                return self._story.replies[step.name]
        raise AssertionError(f"{step.name} is of no known kind")

    def _model(self, step: ModelTask[Any, Any], info: activity.Info, call: ModelCall) -> Any:
        usage = Usage(input_tokens=call.max_input_bytes, output_tokens=call.max_output_tokens)
        name = occurrence(info)
        place = self._made[name] % step.policy.attempts
        if self._is_last(step, info):
            kind: Any = ModelReply.__class_getitem__(step.reply)
            return kind(reply=self._story.replies[step.name], usage=usage, provenance=NOTHING_KNOWN)
        if place == 0:
            larger = self._catalogue.routes[call.route].max_output_tokens > call.max_output_tokens
            self._cut[name] = larger and step.policy.attempts > MAX_REPAIRS + 1
            if self._cut[name]:
                raise billed(Fault.CUT_SHORT, usage, None)
        if place - self._cut[name] < MAX_REPAIRS:
            raise billed(Fault.INVALID_REPLY, usage, LONGEST_REPAIR)
        raise lost()

    def _is_last(self, step: Step[Any, Any], info: activity.Info) -> bool:
        """Count this attempt; whether it is the one that succeeds."""
        name = occurrence(info)
        if name not in self._occurrences[step.name]:
            self._occurrences[step.name].append(name)
        self._made[name] += 1
        number = self._occurrences[step.name].index(name) + 1
        fails = (step.name, number) in self._story.fails
        return not fails and self._made[name] >= self._attempts[step.name]


def hasty(sheet: Sheet) -> Sheet:
    """Attempts follow each other at once: a wait costs nothing, and skipping it may skip a repair, too."""
    steps = {
        name: numbers.model_copy(
            update={"policy": numbers.policy.model_copy(update={"first_wait": A_MOMENT})}
        )
        for name, numbers in sheet.steps.items()
    }
    return sheet.model_copy(update={"steps": steps})


def occurrence(info: activity.Info) -> str:
    """Which step of the run: the first number of the attempt's id."""
    return info.activity_id.partition(".")[0]


def argument(raw: RawValue, kind: type[Any]) -> Any:
    return pydantic_data_converter.payload_converter.from_payload(raw.payload, kind)


def billed(fault: Fault, usage: Usage, repair: Repair | None) -> ApplicationError:
    return error_of(
        Failure(fault=fault, cost=Cost.ACTUAL, reason="as bad as it gets", usage=usage, repair=repair)
    )


def lost() -> ApplicationError:
    return error_of(Failure(fault=Fault.CONNECTION_LOST, cost=Cost.UNKNOWN, reason="nobody can say"))
