"""How a workflow declares itself: its stages, steps, tables, and the numbers it starts with."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any

from temporalio.exceptions import ApplicationError

from contracts.sheet import Escrow, Sheet, SheetRequest, StepNumbers, resolve_routes
from contracts.steps import Effect, ModelTask, Step
from contracts.terms import Amount
from workflows.kernel.decisions import Table
from workflows.kernel.event_counts import TASK_TIMEOUT
from workflows.kernel.ledger import first_output, worst_case

__all__ = ["MOST_AT_ONCE", "Plan", "least_cap"]

MOST_AT_ONCE = 16
"""Of gathered calls: as many as a provider answers side by side without telling us to wait."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What can be known of a workflow before it runs."""

    name: str
    stages: Mapping[StrEnum, tuple[StrEnum, ...]]
    """Each stage with those that may follow it; the first is where a run begins."""
    steps: tuple[Step[Any, Any], ...]
    tables: tuple[Table[Any, Any], ...] = ()
    cap: Amount
    """The default; must survive two attempts whose cost stays unknown."""
    deadline: timedelta
    task_timeout: timedelta = TASK_TIMEOUT
    """Within which a whole run must be replayed when its worker died; and as long one that died in the middle
    of a workflow task goes unnoticed."""
    escrow: Escrow
    max_input_bytes: int = 2_000_000
    """Of the start's argument as JSON. A larger one is refused before anything is started."""
    thresholds: Mapping[str, Decimal] = field(default_factory=dict)
    parks: tuple[Step[Any, Any], ...] = ()
    """Steps that wait for a person, as long as the terms allow, before their failure ends the story."""
    at_most: tuple[Mapping[Step[Any, Any], int], ...] = ()
    """How often each step may occur: a run has to fit into one of these. When left out, each step once."""
    gathers: tuple[ModelTask[Any, Any], ...] = ()
    """Tasks whose calls are the parts of one piece of work, each gathered at most once."""
    asks: tuple[Effect[Any, Any], ...] = ()
    """Effects that a person is asked about, each at most once."""
    way_out: tuple[Step[Any, Any], ...] = ()
    """What the way out may do, each once; its attempts have to fit into the escrow's time."""

    def __post_init__(self) -> None:
        missing = {name for table in self.tables for name in table.limits} - set(self.thresholds)
        if missing:
            raise ValueError(f"{self.name}: no threshold for {', '.join(sorted(missing))}")
        entered = {after for following in self.stages.values() for after in following} - set(self.stages)
        if entered:
            raise ValueError(f"{self.name}: no transitions are declared for {', '.join(sorted(entered))}")
        counted = {step for times in self.at_most for step in times}
        strange = {
            step.name
            for step in (*counted, *self.asks, *self.gathers, *self.way_out)
            if step not in self.steps
        }
        if strange:
            raise ValueError(f"{self.name}: not among its steps: {', '.join(sorted(strange))}")

    @property
    def model_tasks(self) -> list[ModelTask[Any, Any]]:
        """Its steps that cost money."""
        return [step for step in self.steps if isinstance(step, ModelTask)]

    @property
    def stories(self) -> tuple[Mapping[str, int], ...]:
        """How often each step may occur, by name, in each kind of run."""
        declared = self.at_most or (dict.fromkeys(self.steps, 1),)
        return tuple({step.name: number for step, number in times.items()} for times in declared)

    def check_steps(self, occurred: Mapping[str, int]) -> None:
        """Raise ApplicationError for a run that fits into no declared kind: its certificate would be void."""
        for times in self.stories:
            if all(number <= times.get(name, 0) for name, number in occurred.items()):
                return
        counts = ", ".join(f"{number} {name}" for name, number in occurred.items())
        raise ApplicationError(
            f"{self.name} declares no run of {counts}", type="undeclared_step", non_retryable=True
        )

    def check_gathered(self, task: str, gathered: int, at_once: int) -> None:
        """Raise ApplicationError for parts that nobody declared, that were gathered before, or that are too
        many at a time: the certificate counts on it."""
        if gathered > sum(each.name == task for each in self.gathers) or at_once > MOST_AT_ONCE:
            raise ApplicationError(
                f"{self.name} declares no gathering {gathered} of {task}, {at_once} at a time",
                type="undeclared_gathering",
                non_retryable=True,
            )

    def check_question(self, effect: str, asked: int) -> None:
        """Raise ApplicationError for a question that nobody declared, or one that was asked before."""
        if asked > sum(each.name == effect for each in self.asks):
            raise ApplicationError(
                f"{self.name} declares no question {asked} about {effect}",
                type="undeclared_question",
                non_retryable=True,
            )

    def sheet_request(self, profile: str) -> SheetRequest:
        """The code's half of the sheet."""
        # What is parked may be sent along the routes of another profile.
        steps = (*self.steps, resolve_routes) if self.parks else self.steps
        return SheetRequest(
            profile=profile,
            steps={step.name: numbers_of(step, parks=step in self.parks) for step in steps},
            escrow=self.escrow,
            thresholds=dict(self.thresholds),
        )

    def check_transition(self, before: StrEnum, after: StrEnum) -> None:
        """Raise ApplicationError for a transition that nobody declared."""
        if after not in self.stages[before]:
            raise ApplicationError(
                f"{self.name} declares no transition from {before.value} to {after.value}",
                type="undeclared_transition",
                non_retryable=True,
            )


def numbers_of(step: Step[Any, Any], *, parks: bool = False) -> StepNumbers:
    return StepNumbers(
        policy=step.policy,
        max_request_bytes=step.max_request_bytes,
        max_output_tokens=step.max_output_tokens if isinstance(step, ModelTask) else 0,
        overhead_bytes=step.overhead_bytes if isinstance(step, ModelTask) else 0,
        offers=step.offers if isinstance(step, Effect) else None,
        parks=parks,
    )


def least_cap(plan: Plan, sheet: Sheet) -> Amount:
    """Escrow and the worst first attempt: below this a run could not begin and still find its way out."""
    first = next((step for step in plan.steps if isinstance(step, ModelTask)), None)
    hold = Amount()
    if first is not None:
        numbers = sheet.steps[first.name]
        route = sheet.routes[0]
        hold = worst_case(numbers, route, numbers.max_request_bytes, first_output(numbers, route))
    return sheet.escrow.amount + hold + Amount(steps=1)
