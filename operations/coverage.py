"""What recorded runs reach of their workflows: stages, declared transitions, rows of tables; and what not."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from contracts.receipts import TrailLink
from operations.decision_rows import tables_of

__all__ = ["Coverage", "Mark", "coverage", "marks_in"]

Mark = tuple[str, str, str, str]
"""Workflow, what it is of (`stages`, `transitions`, a table with its version), where, to where or empty."""

BEGINNING = ""
"""Stands for the stage that a run begins in, which its trail does not name."""


@dataclass(frozen=True)
class Coverage:
    """Of one workflow's stages, transitions, or one table."""

    workflow: str
    what: str
    reached: int
    declared: int
    missing: tuple[str, ...]
    """In words, in the order of declaration."""


def marks_in(workflow: str, trail: Iterable[TrailLink]) -> Iterator[Mark]:
    """What a run of a workflow reached, with the trail in hand."""
    stage = BEGINNING
    for link in trail:
        for entry in link.entries:
            if "stage" in entry:
                yield workflow, "transitions", stage, str(entry["stage"])
                stage = str(entry["stage"])
                yield workflow, "stages", stage, ""
            elif "decision" in entry:
                yield workflow, f"{entry['decision']} v{entry['version']}", str(entry["row"]), ""


def coverage(workflows: Sequence[Any], marks: Iterable[Mark]) -> list[Coverage]:
    """Of every workflow, whether anything of it was reached or not."""
    reached = set(marks)
    return [each for workflow in workflows for each in of_workflow(workflow, reached)]


def of_workflow(workflow: Any, reached: set[Mark]) -> Iterator[Coverage]:
    plan, name = workflow.plan, workflow.plan.name
    first = next(iter(plan.stages))
    # A run is in its first stage as soon as it is anywhere.
    begun = any(mark[0] == name for mark in reached)
    stages = {stage.value: (name, "stages", stage.value, "") for stage in plan.stages}
    yield counted(name, "stages", stages, reached | ({stages[first.value]} if begun else set()))
    transitions = {
        f"{before.value} → {after.value}": (
            name,
            "transitions",
            BEGINNING if before is first else before.value,
            after.value,
        )
        for before, following in plan.stages.items()
        for after in following
    }
    yield counted(name, "transitions", transitions, reached)
    for table in tables_of([workflow]).values():
        title = f"{table.name} v{table.version}"
        rows = {
            f"{number}. {row.because}": (name, title, str(number), "")
            for number, row in enumerate(table.rows, start=1)
        }
        yield counted(name, title, rows, reached)


def counted(workflow: str, what: str, declared: dict[str, Mark], reached: set[Mark]) -> Coverage:
    missing = tuple(words for words, mark in declared.items() if mark not in reached)
    return Coverage(workflow, what, len(declared) - len(missing), len(declared), missing)
