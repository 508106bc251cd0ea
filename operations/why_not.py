"""Why a table did not decide otherwise: the smallest change of its facts or thresholds that flips it.

A change gives one fact or one threshold another of the values that the table can tell apart. Which of two is
smaller: a number moved, by its share of what it is; then a date, by days; then yes turned into no or no into
yes; then another member of an Enum; then a value where none is, or none where one is; last a threshold, since
that changes other runs too. Within a place the nearest value counts, of two as near the larger, and one below
zero only where no other does it.
"""

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import Enum, StrEnum
from fractions import Fraction
from typing import Any

from pydantic import BaseModel, ValidationError

from operations.candidates import Candidates, fact_candidates, is_number, limit_candidates
from operations.reaches import Reach, reach_of
from workflows.kernel.decisions import Decision, Table

__all__ = ["Change", "Place", "Question", "Way", "rank", "why_not"]

Rank = tuple[int | Fraction, ...]


@dataclass(frozen=True)
class Place:
    """A fact or a threshold: what it is, and what it could be."""

    name: str
    threshold: bool
    was: Any
    candidates: Candidates


@dataclass(frozen=True)
class Change:
    """Another value for a place, and all values that do the same."""

    place: Place
    value: Any
    """The nearest."""
    reach: Reach


@dataclass(frozen=True)
class Way:
    """Changes that lead to the wanted outcome together, and by which row."""

    changes: tuple[Change, ...]
    decision: Decision[Any]


class Question:
    """One decision that can be asked again with other facts and thresholds."""

    def __init__(
        self, table: Table[Any, Any], facts: BaseModel, limits: Mapping[str, Decimal], wanted: StrEnum
    ) -> None:
        self.table, self.facts, self.limits, self.wanted = table, facts, limits, wanted
        self.values = {name: getattr(facts, name) for name in table.facts.model_fields}
        self.places = (
            *(
                Place(name, False, was, fact_candidates(table, name, limits))
                for name, was in self.values.items()
            ),
            *(
                Place(name, True, limits[name], limit_candidates(table, name, facts, limits))
                for name in sorted(table.limits)
            ),
        )

    def decided(self, changed: Sequence[tuple[Place, Any]]) -> Decision[Any] | None:
        """What the table says then; None for facts that their model refuses."""
        limits = {**self.limits, **{place.name: value for place, value in changed if place.threshold}}
        moved = {place.name: value for place, value in changed if not place.threshold}
        try:
            facts = self.table.facts.model_validate({**self.values, **moved}) if moved else self.facts
        except ValidationError:
            return None
        decision: Decision[Any] = self.table.decide(facts, limits)
        return decision

    def flips(self, *changed: tuple[Place, Any]) -> bool:
        decision = self.decided(changed)
        return decision is not None and decision.outcome is self.wanted


def why_not(
    table: Table[Any, Any], facts: BaseModel, limits: Mapping[str, Decimal], wanted: StrEnum
) -> tuple[Way, ...]:
    """Every place that flips the decision alone, the smallest change first; else the smallest two together.

    Empty when two do not either. The outcome as it is must be another one.
    """
    question = Question(table, facts, limits, wanted)
    alone = [change for place in question.places if (change := nearest(question, place)) is not None]
    if alone:
        alone.sort(key=lambda change: rank(change.place, change.value))
        return tuple(way_of(question, change) for change in alone)
    together = smallest_two(question)
    return (way_of(question, *together),) if together is not None else ()


def nearest(question: Question, place: Place, *beside: tuple[Place, Any]) -> Change | None:
    """The smallest change of this place that flips it, with others made beside it."""
    flipping = [value for value in others(place) if question.flips((place, value), *beside)]
    if not flipping:
        return None
    value = min(flipping, key=lambda each: (rank(place, each), size(each)))
    value, reach = reach_of(place.was, value, flipping, place.candidates)
    return Change(place, value, reach)


def others(place: Place) -> list[Any]:
    return [value for value in place.candidates.values if value != place.was]


def smallest_two(question: Question) -> tuple[Change, ...] | None:
    """The pair whose larger change is smallest, then whose smaller one is."""
    pairs = [
        ((rank(one, first), rank(other, second)), (one, first), (other, second))
        for one, other in itertools.combinations(question.places, 2)
        for first, second in itertools.product(others(one), others(other))
        if question.flips((one, first), (other, second))
    ]
    if not pairs:
        return None
    _, first, second = min(pairs, key=lambda pair: sorted(pair[0], reverse=True))
    # Each reach holds beside the other's value; for both together all of their values have to.
    one, other = nearest(question, first[0], second), nearest(question, second[0], first)
    if one and other and all_flip(question, one, other):
        return one, other
    return tuple(Change(place, value, Reach.exactly(value)) for place, value in (first, second))


def all_flip(question: Question, one: Change, other: Change) -> bool:
    values = itertools.product(one.reach.values, other.reach.values)
    return all(question.flips((one.place, first), (other.place, second)) for first, second in values)


def way_of(question: Question, *changes: Change) -> Way:
    decision = question.decided([(change.place, change.value) for change in changes])
    if decision is None:
        raise AssertionError("what flips a decision are facts that their model takes")
    return Way(changes, decision)


def rank(place: Place, value: Any) -> Rank:
    """How large it is to change this place to that value; the smaller is the smaller change."""
    was = place.was
    if value is None or was is None:
        return (4,)
    if not is_number(value):
        return (3 if isinstance(value, Enum) else 2,)
    if isinstance(value, date):
        return (1, abs((value - was).days), -value.toordinal())
    kind = 5 if place.threshold else 0
    moved = abs(Fraction(value) - Fraction(was)) / max(abs(Fraction(was)), Fraction(1))
    return (kind, int(value < 0 <= was), moved, -Fraction(value))


def size(value: Any) -> Rank:
    """Where nothing was, nothing is near: then the smallest number stands for the others."""
    if not is_number(value) or isinstance(value, date):
        return ()
    return (int(value < 0), abs(Fraction(value)))
