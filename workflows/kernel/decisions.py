"""Decision tables: ordered rows on typed facts, first hit wins, the last row always hits.

A table is data, so it can be printed with the values put in, checked, and asked why it did not
decide otherwise:

    facts = facts_of(RemedyFacts)
    REMEDY = Table(
        name="remedy", version=1, facts=RemedyFacts,
        rows=(
            Row("too late", Remedy.DECLINE, facts.days > limit("refund_window_days")),
            Row("small", Remedy.REFUND, facts.total <= limit("approval_above")),
            Row("everything else", Remedy.ASK),
        ),
    )
"""

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import Enum, StrEnum
from typing import Any, Generic, NoReturn, TypeVar

from pydantic import BaseModel

from contracts.values import plain

__all__ = ["Condition", "Decision", "Fact", "Limit", "Row", "Table", "facts_of", "limit", "show"]

Facts = TypeVar("Facts", bound=BaseModel)
Outcome = TypeVar("Outcome", bound=StrEnum)
Value = bool | Enum | int | Decimal | date | None

# An absent fact is neither below nor above anything, so `<` and `>=` both miss it; it is no value but itself.
COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "is": operator.eq,
    "is not": operator.ne,
    "<": lambda fact, bound: fact is not None and fact < bound,
    "<=": lambda fact, bound: fact is not None and fact <= bound,
    ">": lambda fact, bound: fact is not None and fact > bound,
    ">=": lambda fact, bound: fact is not None and fact >= bound,
    "one of": lambda fact, members: fact in members,
    "none of": lambda fact, members: fact not in members,
}
OPPOSITES = {"is": "is not", "<": ">=", ">": "<=", "one of": "none of"}
OPPOSITES |= {opposite: comparison for comparison, opposite in OPPOSITES.items()}


@dataclass(frozen=True)
class Limit:
    """A number from the run's sheet."""

    name: str


def limit(name: str) -> Limit:
    """Compare with the sheet's threshold of that name instead of a constant."""
    return Limit(name)


@dataclass(frozen=True)
class Condition:
    """One comparison of a fact."""

    fact: str
    comparison: str
    bound: Any

    def holds(self, facts: BaseModel, limits: Mapping[str, Decimal]) -> bool:
        bound = limits[self.bound.name] if isinstance(self.bound, Limit) else self.bound
        return COMPARISONS[self.comparison](getattr(facts, self.fact), bound)

    def __invert__(self) -> "Condition":
        return Condition(self.fact, OPPOSITES[self.comparison], self.bound)

    def text(self, facts: BaseModel | None = None, limits: Mapping[str, Decimal] | None = None) -> str:
        """For a person; with the values put in where they are given."""
        fact = self.fact if facts is None else f"{self.fact} ({show(getattr(facts, self.fact))})"
        if isinstance(self.bound, Limit):
            bound = self.bound.name
            if limits is not None:
                bound += f" ({plain(limits[bound])})"
        else:
            bound = show(self.bound)
        return f"{fact} {self.comparison} {bound}"

    def __bool__(self) -> NoReturn:
        raise no_truth(self.fact)


def no_truth(fact: str) -> TypeError:
    """Python would take one side of an `and`, and lose the other without a word."""
    return TypeError(
        f"a condition on facts.{fact} is neither true nor false before a run: Row(..., a, b) instead of "
        "`a and b`, two rows instead of `a or b`, ~a instead of `not a`, two conditions instead of 1 < a < 5"
    )


def show(value: object) -> str:
    """A fact's value for a person."""
    if isinstance(value, tuple):
        return ", ".join(show(member) for member in value)
    if isinstance(value, Enum):
        return str(value.value)
    if isinstance(value, Decimal):
        return plain(value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "absent" if value is None else str(value)


class Fact:
    """A fact's name, for writing conditions. A bool fact is a condition itself, and `~` is its opposite.

    Raises TypeError for `==`, `!=`, `in`, `and`, `or` and `not`, which Python would answer at once.
    """

    def __init__(self, name: str) -> None:
        self.name = name

    def __eq__(self, other: object) -> NoReturn:
        raise TypeError(
            f"`==` and `in` say nothing of facts.{self.name}: write facts.{self.name}.is_(...) or "
            f"facts.{self.name}.one_of(...)"
        )

    def __ne__(self, other: object) -> NoReturn:
        raise TypeError(f"`!=` says nothing of facts.{self.name}: write ~facts.{self.name}.is_(...)")

    def __bool__(self) -> NoReturn:
        raise no_truth(self.name)

    def is_(self, value: Value) -> Condition:
        return Condition(self.name, "is", value)

    def one_of(self, *values: Value) -> Condition:
        return Condition(self.name, "one of", values)

    def __invert__(self) -> Condition:
        return Condition(self.name, "is", False)

    def __lt__(self, bound: Value | Limit) -> Condition:
        return Condition(self.name, "<", bound)

    def __le__(self, bound: Value | Limit) -> Condition:
        return Condition(self.name, "<=", bound)

    def __gt__(self, bound: Value | Limit) -> Condition:
        return Condition(self.name, ">", bound)

    def __ge__(self, bound: Value | Limit) -> Condition:
        return Condition(self.name, ">=", bound)


class FactNames:
    """Attribute access to a facts model's names; a name it lacks fails at import."""

    def __init__(self, model: type[BaseModel]) -> None:
        self._model = model

    def __getattr__(self, name: str) -> Fact:
        if name not in self._model.model_fields:
            raise AttributeError(f"{self._model.__name__} has no fact {name!r}")
        return Fact(name)


def facts_of(model: type[BaseModel]) -> FactNames:
    """The names of a facts model, for writing rows."""
    return FactNames(model)


class Row(Generic[Outcome]):
    """An outcome, the words for it, and the conditions that must all hold.

    Raises TypeError for what is no condition.
    """

    def __init__(self, because: str, outcome: Outcome, *conditions: Condition | Fact) -> None:
        for condition in conditions:
            if not isinstance(condition, Condition | Fact):
                raise TypeError(f"row {because!r}: {condition!r} is no condition; write facts.x.is_(...)")
        self.because = because
        self.outcome = outcome
        self.conditions = tuple(
            Condition(condition.name, "is", True) if isinstance(condition, Fact) else condition
            for condition in conditions
        )

    def hits(self, facts: BaseModel, limits: Mapping[str, Decimal]) -> bool:
        return all(condition.holds(facts, limits) for condition in self.conditions)

    def text(self, facts: BaseModel | None = None, limits: Mapping[str, Decimal] | None = None) -> str:
        return " and ".join(condition.text(facts, limits) for condition in self.conditions) or "always"


@dataclass(frozen=True)
class Decision(Generic[Outcome]):
    """What a table said, and by which row."""

    table: str
    version: int
    row: int
    because: str
    outcome: Outcome
    facts: BaseModel

    def entry(self) -> dict[str, Any]:
        """The trail's record: enough to read it when the code is gone."""
        return {
            "decision": self.table,
            "version": self.version,
            "row": self.row,
            "because": self.because,
            "outcome": self.outcome.value,
            "facts": self.facts.model_dump(mode="json"),
        }


class Table(Generic[Facts, Outcome]):
    """An ordered list of rows. Raise its version when a row changes; thresholds may change freely."""

    def __init__(
        self, *, name: str, version: int, facts: type[Facts], rows: tuple[Row[Outcome], ...]
    ) -> None:
        if not rows or rows[-1].conditions:
            raise ValueError(f"table {name}: the last row must always hit")
        for row in rows[:-1]:
            if not row.conditions:
                raise ValueError(f"table {name}: no row after {row.because!r} can be reached")
            for condition in row.conditions:
                asks = f"table {name}: {row.because!r} asks for {condition.fact}"
                if condition.fact not in facts.model_fields:
                    raise ValueError(f"{asks}, which {facts.__name__} has not")
                if isinstance(condition.bound, Fact):
                    raise ValueError(
                        f"{asks} beside another fact; a bound is a value or limit(...): make the comparison "
                        f"a fact of {facts.__name__}"
                    )
        self.name = name
        self.version = version
        self.facts = facts
        self.rows = rows

    def decide(self, facts: Facts, limits: Mapping[str, Decimal]) -> Decision[Outcome]:
        """The first row that hits."""
        for number, row in enumerate(self.rows, start=1):
            if row.hits(facts, limits):
                return Decision(self.name, self.version, number, row.because, row.outcome, facts)
        raise AssertionError("the last row always hits")

    @property
    def limits(self) -> frozenset[str]:
        """The thresholds that the sheet must hold."""
        bounds = (condition.bound for row in self.rows for condition in row.conditions)
        return frozenset(bound.name for bound in bounds if isinstance(bound, Limit))
