"""Whether a table has rows that nothing reaches or outcomes that never come, found by trying everything."""

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any

from pydantic import ValidationError

from operations.candidates import domain_of
from workflows.kernel.decisions import Decision, Table

__all__ = ["Idle", "decisions_of", "idle_parts"]

AnyTable = Table[Any, Any]


@dataclass(frozen=True)
class Idle:
    """What a table has for nothing; both empty for a sound one."""

    rows: tuple[str, ...]
    """The reasons of rows that the rows above them leave nothing."""
    outcomes: tuple[StrEnum, ...]
    """Members of the outcome's Enum that no row comes to: the code after the decision waits in vain."""


def decisions_of(table: AnyTable, limits: Mapping[str, Decimal]) -> Iterator[Decision[Any]]:
    """What the table says to each combination of the values that it can tell apart."""
    domain = domain_of(table, limits)
    for values in itertools.product(*domain.values()):
        try:
            facts = table.facts.model_validate(dict(zip(domain, values, strict=True)))
        except ValidationError:
            continue  # facts that their own model refuses never come to the table
        yield table.decide(facts, limits)


def idle_parts(table: AnyTable, limits: Mapping[str, Decimal]) -> Idle:
    """With these thresholds; others may reach other rows."""
    reached: set[int] = set()
    came: set[StrEnum] = set()
    for decision in decisions_of(table, limits):
        reached.add(decision.row)
        came.add(decision.outcome)
    every = type(table.rows[-1].outcome)
    return Idle(
        rows=tuple(row.because for number, row in enumerate(table.rows, start=1) if number not in reached),
        outcomes=tuple(outcome for outcome in every if outcome not in came),
    )
