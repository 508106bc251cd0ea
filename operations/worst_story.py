"""What a worst story says: what a workflow is given, what it is told, and what fails for good."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from contracts.values import Value
from workflows.kernel.plan import Plan

__all__ = ["LONGEST", "WorstStory", "plan_of"]

LONGEST = "\x01"
"""The character that takes most as JSON: six bytes."""


@dataclass(frozen=True)
class WorstStory:
    """One way through a workflow, with replies that lead there and texts at their limits."""

    name: str
    argument: Value
    replies: Mapping[str, Value]
    """What each step says in the end, by the step's name."""
    fails: frozenset[tuple[str, int]] = field(default_factory=frozenset)
    """Steps that never succeed, each with its place among the steps of the same name, by when they are first
    tried: of those side by side it is any one."""
    approved: bool = True
    """Whether a person says yes, at the last moment; else nobody says anything."""
    times: Mapping[str, int] = field(default_factory=dict)
    """How often steps occur of which the input says how many there are, where that is less than the plan
    allows: a run of all of them would be refused with its cap lifted."""


def plan_of(plan: Plan, story: WorstStory) -> Plan:
    """The plan with what the story's input allows: its run has to be held against that, not against more."""
    if not story.times:
        return plan
    at_most = tuple(
        {step: min(number, story.times.get(step.name, number)) for step, number in kind.items()}
        for kind in plan.at_most
    )
    return replace(plan, at_most=at_most)
