"""A decision with its rows: the values put in, and which row hit."""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from pydantic import ValidationError

from operations.lines import Line
from operations.story_items import Decided
from workflows.kernel.attempts import NEXT_ATTEMPT, OTHERWISE
from workflows.kernel.decisions import Decision, Table
from workflows.kernel.gathering import PART_FAILED

__all__ = ["decided_again", "decision_lines", "difference", "tables_of"]


def tables_of(workflows: list[Any]) -> dict[str, Table[Any, Any]]:
    """Every table of these workflows' plans and the kernel's own, by name."""
    own = [table for each in workflows for table in each.plan.tables]
    return {table.name: table for table in (*own, NEXT_ATTEMPT, OTHERWISE, PART_FAILED)}


def decision_lines(
    item: Decided, limits: Mapping[str, Decimal], table: Table[Any, Any] | None
) -> Iterator[Line]:
    """Every row up to the hit when `table` still decides like this; else row and facts as recorded."""
    yield 0, f"decided {item.table} v{item.version}: {item.outcome}, because {item.because}", "bold"
    decision = decided_again(item, limits, table)
    if table is None or decision is None:
        yield 11, f"row {item.row}, as recorded; the current code {difference(item, table)}", "yellow"
        yield 11, ", ".join(f"{name}: {value}" for name, value in item.facts.items()), "dim"
        return
    for number, row in enumerate(table.rows[: item.row], start=1):
        conditions = row.text(decision.facts, limits) if row.conditions else "none above does"
        if number == item.row:
            yield 11, f"→   {number}. {row.outcome.value}, as {conditions}", "green"
        else:
            yield 11, f"no  {number}. {row.outcome.value} if {conditions}", "dim"


def decided_again(
    item: Decided, limits: Mapping[str, Decimal], table: Table[Any, Any] | None
) -> Decision[Any] | None:
    """What the current table says on the recorded facts; None unless it is the recorded decision."""
    if table is None or table.version != item.version:
        return None
    try:
        decision: Decision[Any] = table.decide(table.facts.model_validate(item.facts), limits)
    except (ValidationError, KeyError, TypeError):
        return None
    same = (decision.row, decision.outcome.value, decision.because) == (item.row, item.outcome, item.because)
    return decision if same else None


def difference(item: Decided, table: Table[Any, Any] | None) -> str:
    """Why the current table is not asked, as it completes `the current code`."""
    if table is None:
        return "has no table of this name"
    if table.version != item.version:
        return f"has version {table.version}"
    return "decides otherwise on these facts: its rows changed without a new version"
