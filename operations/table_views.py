"""A decision table as plain words: what it decides on, with which thresholds, row by row."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from enum import Enum
from types import NoneType
from typing import Any

from contracts.values import Value
from operations.candidates import kinds_of
from operations.decision_rows import tables_of
from workflows.kernel.decisions import Table, show

__all__ = ["FactView", "RowView", "TableView", "views_of"]

WORDS: Mapping[str, str] = {
    "bool": "yes or no",
    "int": "a whole number",
    "Decimal": "a number",
    "date": "a date",
}


class FactView(Value):
    """One fact, and what it can be."""

    name: str
    may_be: str


class RowView(Value):
    """One row; `condition` is `always` for the last."""

    number: int
    outcome: str
    because: str
    condition: str


class TableView(Value):
    """Everything that a person has to know to apply the table by hand."""

    table: str
    version: int
    facts: tuple[FactView, ...]
    thresholds: dict[str, Decimal]
    """As runs that start now get them in their sheet; a run that goes on keeps its own."""
    rows: tuple[RowView, ...]


def views_of(workflows: Sequence[Any]) -> dict[str, TableView]:
    """Every table of these workflows and of the kernel, by name, with the numbers of its workflow's plan."""
    thresholds = {table.name: each.plan.thresholds for each in workflows for table in each.plan.tables}
    return {
        name: view_of(table, thresholds.get(name, {})) for name, table in tables_of(list(workflows)).items()
    }


def view_of(table: Table[Any, Any], thresholds: Mapping[str, Decimal]) -> TableView:
    return TableView(
        table=table.name,
        version=table.version,
        facts=tuple(
            FactView(name=name, may_be=may_be(field.annotation))
            for name, field in table.facts.model_fields.items()
        ),
        thresholds={name: thresholds[name] for name in sorted(table.limits) if name in thresholds},
        rows=tuple(
            RowView(number=number, outcome=row.outcome.value, because=row.because, condition=row.text())
            for number, row in enumerate(table.rows, start=1)
        ),
    )


def may_be(annotation: Any) -> str:
    """For a person: what a fact of that type can be."""
    return " or ".join(
        "absent"
        if kind is NoneType
        else f"one of {show(tuple(kind))}"
        if issubclass(kind, Enum)
        else WORDS.get(kind.__name__, kind.__name__)
        for kind in kinds_of(annotation)
    )
