"""Why a decision was not another one, as sentences for a person and as JSON for a program."""

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from enum import StrEnum
from typing import Any

from pydantic import TypeAdapter

from operations.lines import Line
from operations.story_items import Decided
from operations.why_not import Change, Way
from workflows.kernel.decisions import Table, show

__all__ = ["answer_json", "answer_lines", "sentence"]

ANY: TypeAdapter[Any] = TypeAdapter(Any)


def answer_lines(
    item: Decided,
    table: Table[Any, Any],
    limits: Mapping[str, Decimal],
    wanted: StrEnum,
    ways: Sequence[Way],
) -> Iterator[Line]:
    """The decision, then every way to the outcome, the smallest first, with the row that would hit."""
    yield (
        0,
        f"{item.table} v{item.version} at event {item.event}: {item.outcome}, because {item.because} "
        f"(row {item.row})",
        "bold",
    )
    if item.outcome == wanted.value:
        yield 0, f"it is {wanted.value}: nothing has to change", "green"
        return
    if not ways:
        yield 0, f"no single change makes it {wanted.value}, nor do two together", "yellow"
    elif len(ways[0].changes) > 1:
        yield 0, f"no single change makes it {wanted.value}; the smallest two together:", "yellow"
    for way in ways:
        hit = way.decision
        changed = {change.place.name: change.value for change in way.changes if change.place.threshold}
        filled = table.rows[hit.row - 1].text(hit.facts, {**limits, **changed})
        yield 0, sentence(table, wanted, way), "green"
        yield 2, f"by row {hit.row}: {hit.because}: {filled}", "dim"


def sentence(table: Table[Any, Any], wanted: StrEnum, way: Way) -> str:
    """For example `remedy would be refund if total were at most 50 (it is 129)`."""
    conditions = [
        f"{change.place.name} were {change.reach.words} (it is {show(change.place.was)})"
        for change in way.changes
    ]
    return f"{table.name} would be {wanted.value} if {' and '.join(conditions)}"


def answer_json(
    item: Decided, table: Table[Any, Any], wanted: StrEnum, ways: Sequence[Way]
) -> dict[str, Any]:
    """`ways` is empty when neither one nor two changes do it, and when nothing has to change."""
    return {
        "table": item.table,
        "version": item.version,
        "event": item.event,
        "outcome": item.outcome,
        "because": item.because,
        "row": item.row,
        "wanted": wanted.value,
        "ways": [
            {
                "sentence": sentence(table, wanted, way),
                "changes": [change_json(change) for change in way.changes],
                "row": way.decision.row,
                "because": way.decision.because,
            }
            for way in ways
        ],
    }


def change_json(change: Change) -> dict[str, Any]:
    told = {"was": change.place.was, "value": change.value}
    return {
        "kind": "threshold" if change.place.threshold else "fact",
        "name": change.place.name,
        **ANY.dump_python(told, mode="json"),
        "words": change.reach.words,
    }
