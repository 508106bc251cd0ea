"""Why a decision came out otherwise: facts that differ, and the first row that tells the two apart."""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from pydantic import BaseModel

from workflows.kernel.decisions import Row, Table

__all__ = ["decision_reasons"]

Side = tuple[Mapping[str, Any], Mapping[str, Decimal]]
"""The trail's entry, and the thresholds that it was made with."""


def decision_reasons(table: Table[Any, Any] | None, then: Side, now: Side) -> Iterator[str]:
    """For a person, one reason a line. `table` is the current code's; None when it has none of that name."""
    (before, limits_then), (after, limits_now) = then, now
    for name, value in after["facts"].items():
        recorded = before["facts"].get(name)
        if recorded != value:
            yield f"{name} was {recorded}, is {value}"
    if table is None:
        return
    facts = facts_of(table, after)
    if facts is None:
        return
    hit = table.rows[after["row"] - 1]
    same_facts, same_limits = before["facts"] == after["facts"], limits_then == limits_now
    decided_then = decided_by(table, facts, limits_then) if same_facts else None
    if decided_then is not None and decided_then.because == before["because"]:
        # Only a threshold moved: the earlier of the two rows is the one that it tells apart.
        earlier = min(decided_then, hit, key=table.rows.index)
        for whose, limits in (("then", limits_then), ("now", limits_now)):
            said = "holds" if earlier.hits(facts, limits) else "does not hold"
            yield f"{whose} {earlier.because}: {earlier.text(facts, limits)}: {said}"
        return
    yield f"then row {before['row']}: {before['because']}"
    yield f"now row {after['row']}: {after['because']}: {hit.text(facts, limits_now)}"
    if same_facts and same_limits:
        yield "the table's rows are others"


def facts_of(table: Table[Any, Any], entry: Mapping[str, Any]) -> BaseModel | None:
    """As the current table reads them; None when it does not."""
    try:
        facts: BaseModel = table.facts.model_validate(entry["facts"])
    except ValueError:
        return None
    return facts


def decided_by(table: Table[Any, Any], facts: BaseModel, limits: Mapping[str, Decimal]) -> Row[Any] | None:
    """The current table's row under other thresholds; None when one is missing."""
    try:
        return table.rows[table.decide(facts, limits).row - 1]
    except (KeyError, TypeError):
        return None
