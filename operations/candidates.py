"""The finitely many values that a table can tell apart, derived from the table itself.

A row compares a fact with bounds, so it cannot tell two numbers between the same bounds from each other: the
bounds and their neighbours stand for all numbers. Yes-or-no facts and Enums have finitely many values anyhow.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from enum import Enum
from math import floor
from types import NoneType, UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel

from workflows.kernel.decisions import Condition, Limit, Table

__all__ = ["Candidates", "domain_of", "fact_candidates", "is_number", "kinds_of", "limit_candidates"]

AnyTable = Table[Any, Any]
Number = int | Decimal | date

# Money is told apart by cents; by less where a bound itself is finer.
CENT = Decimal("0.01")
# Where nothing is compared, any value stands for all.
ANY_NUMBER: Mapping[type, Number] = {int: 0, Decimal: Decimal(0), date: date(2000, 1, 1)}


@dataclass(frozen=True)
class Candidates:
    """The values of one fact or threshold, and for numbers and dates the bounds that they lie around."""

    values: tuple[object, ...]
    bounds: tuple[Number, ...] = ()


def domain_of(table: AnyTable, limits: Mapping[str, Decimal]) -> dict[str, tuple[object, ...]]:
    """Every fact's values; all combinations of them reach every row that any facts reach."""
    return {name: fact_candidates(table, name, limits).values for name in table.facts.model_fields}


def fact_candidates(table: AnyTable, name: str, limits: Mapping[str, Decimal]) -> Candidates:
    """Raises TypeError for a fact of a kind that no table decides on."""
    bounds = bounds_of(table, name, limits)
    values: list[object] = []
    for kind in kinds_of(table.facts.model_fields[name].annotation):
        if kind is NoneType:
            values.append(None)
        elif kind is bool:
            values += [False, True]
        elif issubclass(kind, Enum):
            values += list(kind)
        elif kind in ANY_NUMBER:
            values += around(bounds, kind) or [ANY_NUMBER[kind]]
        else:
            raise TypeError(f"table {table.name}: {name} is of a kind that no table decides on: {kind}")
    return Candidates(tuple(values), bounds)


def limit_candidates(
    table: AnyTable, name: str, facts: BaseModel, limits: Mapping[str, Decimal]
) -> Candidates:
    """A threshold is told apart by the facts that it is compared with, as they are and as they could be."""
    met: set[Any] = set()
    for fact in {condition.fact for condition in conditions_of(table) if condition.bound == Limit(name)}:
        met |= {getattr(facts, fact), *fact_candidates(table, fact, limits).values}
    bounds = tuple(sorted(value for value in met if is_number(value)))
    kind = int if all(isinstance(value, int) for value in bounds) else Decimal
    return Candidates(tuple(Decimal(value) for value in around(bounds, kind)), bounds)


def conditions_of(table: AnyTable) -> Iterator[Condition]:
    return (condition for row in table.rows for condition in row.conditions)


def bounds_of(table: AnyTable, name: str, limits: Mapping[str, Decimal]) -> tuple[Any, ...]:
    """The numbers or dates that a fact is compared with, thresholds among them, in their order."""
    found: set[Any] = set()
    for condition in conditions_of(table):
        if condition.fact == name:
            bound = condition.bound
            bound = limits[bound.name] if isinstance(bound, Limit) else bound
            found |= {each for each in (bound if isinstance(bound, tuple) else (bound,)) if is_number(each)}
    return tuple(sorted(found))


def is_number(value: object) -> bool:
    """Whether it has an order: a number or a date."""
    return isinstance(value, (int, Decimal, date)) and not isinstance(value, (bool, Enum))


def around(bounds: Sequence[Any], kind: type) -> list[Any]:
    """Each bound, and the next value below and above it."""
    step: Any
    if kind is date:
        step = timedelta(days=1)
    elif kind is int:
        bounds, step = [floor(bound) for bound in bounds], 1
    else:
        # The same for all of them, and none of them is between another and its neighbour.
        bounds = [Decimal(bound) for bound in bounds]
        step = min((CENT, *(Decimal(1).scaleb(int(bound.as_tuple().exponent)) for bound in bounds)))
    found = set(bounds)
    for bound in bounds:
        for sign in (-1, 1):
            with suppress(OverflowError):  # before the first day, or after the last
                found.add(bound + sign * step)
    return sorted(found)


def kinds_of(annotation: Any) -> Iterable[type]:
    """The classes that a fact may be of; NoneType among them when it may be absent."""
    origin = get_origin(annotation)
    if origin is Annotated:
        return kinds_of(get_args(annotation)[0])
    if origin in (Union, UnionType):
        return [kind for each in get_args(annotation) for kind in kinds_of(each)]
    return [annotation]
