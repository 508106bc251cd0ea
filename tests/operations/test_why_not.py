"""Why a table did not decide otherwise: the change that is named flips it, and no smaller one does."""

import itertools
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from enum import Enum, StrEnum
from types import NoneType
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel

from contracts.tickets import Problem, Wish
from contracts.values import Value
from operations.candidates import is_number, kinds_of
from operations.decision_rows import tables_of
from operations.why_not import Question, Way, rank, why_not
from operations.why_not_lines import sentence
from worker import WORKFLOWS
from workflows.kernel.decisions import Row, Table, facts_of, limit
from workflows.resolve_ticket import PLAN
from workflows.tickets.remedies import REMEDY, Remedy, RemedyFacts

AnyTable = Table[Any, Any]


class Size(StrEnum):
    SMALL = "small"
    LARGE = "large"
    HUGE = "huge"


class Carriage(StrEnum):
    POST = "post"
    LORRY = "lorry"
    SHIP = "ship"
    REFUSE = "refuse"


class Parcel(Value):
    """Facts of every kind, each also compared where nothing simple holds."""

    size: Size | None
    weight: Decimal
    pieces: int
    sent_on: date | None
    fragile: bool


facts = facts_of(Parcel)
PARCEL = Table(
    name="parcel",
    version=1,
    facts=Parcel,
    rows=(
        Row("empty", Carriage.REFUSE, facts.pieces < 1),
        Row(
            "in winter", Carriage.REFUSE, facts.sent_on >= date(2026, 12, 1), facts.sent_on < date(2027, 3, 1)
        ),
        Row("middling", Carriage.LORRY, facts.weight > limit("light"), facts.weight <= 20, ~facts.fragile),
        Row("a box", Carriage.POST, facts.size.is_(Size.SMALL), facts.pieces <= limit("many")),
        Row("heavy", Carriage.SHIP, facts.weight > 20, ~facts.size.is_(None)),
        Row("odd", Carriage.LORRY, facts.pieces.one_of(3, 7), facts.sent_on < date(2026, 6, 1)),
        Row("else", Carriage.REFUSE),
    ),
)
PARCEL_LIMITS = {"light": Decimal("1.5"), "many": Decimal(4)}
OF_SHEETS = {name: value for each in WORKFLOWS for name, value in each.plan.thresholds.items()}
EVERY: list[tuple[AnyTable, Mapping[str, Decimal]]] = [
    *((table, OF_SHEETS) for table in tables_of(list(WORKFLOWS)).values()),
    (PARCEL, PARCEL_LIMITS),
]
TABLES = pytest.mark.parametrize(("table", "limits"), EVERY, ids=[table.name for table, _ in EVERY])
KINDS: Mapping[type, st.SearchStrategy[Any]] = {
    bool: st.booleans(),
    int: st.integers(-3, 70),
    Decimal: st.decimals(-5, 130, places=2) | st.integers(0, 60).map(Decimal),
    date: st.dates(date(2026, 1, 1), date(2027, 12, 31)),
    NoneType: st.none(),
}
MANY = settings(max_examples=50, suppress_health_check=[HealthCheck.too_slow])


def any_facts(table: AnyTable) -> st.SearchStrategy[BaseModel]:
    """What a run could meet, not only what the table can tell apart."""
    fields = {
        name: st.one_of(
            *(
                st.sampled_from(kind) if issubclass(kind, Enum) else KINDS[kind]
                for kind in kinds_of(field.annotation)
            )
        )
        for name, field in table.facts.model_fields.items()
    }
    return st.fixed_dictionaries(fields).map(table.facts.model_validate)


def decided(
    table: AnyTable, facts: BaseModel, limits: Mapping[str, Decimal], changed: Sequence[tuple[Any, Any]]
) -> Any:
    """By the table itself, with nothing of what is tested here."""
    moved = {place.name: value for place, value in changed if not place.threshold}
    other = {place.name: value for place, value in changed if place.threshold}
    return table.decide(facts.model_copy(update=moved), {**limits, **other}).outcome


def asked(data: st.DataObject, table: AnyTable, limits: Mapping[str, Decimal]) -> tuple[BaseModel, Any]:
    """Random facts, and an outcome that they do not lead to."""
    given = data.draw(any_facts(table))
    outcome = table.decide(given, limits).outcome
    return given, data.draw(st.sampled_from([each for each in type(outcome) if each is not outcome]))


@TABLES
@MANY
@given(data=st.data())
def test_every_change_that_is_named_flips_the_decision(
    table: AnyTable, limits: Mapping[str, Decimal], data: st.DataObject
) -> None:
    """With its nearest value and with any other that it speaks for, and by the row that it names."""
    given, wanted = asked(data, table, limits)
    for way in why_not(table, given, limits, wanted):
        for values in itertools.product(*(change.reach.values for change in way.changes)):
            changed = [(change.place, value) for change, value in zip(way.changes, values, strict=True)]
            assert decided(table, given, limits, changed) is wanted
        assert way.decision.outcome is wanted


@TABLES
@MANY
@given(data=st.data())
def test_no_single_change_is_smaller(
    table: AnyTable, limits: Mapping[str, Decimal], data: st.DataObject
) -> None:
    """Tried with every candidate, and with random values: none that flips it is missing or nearer."""
    given, wanted = asked(data, table, limits)
    ways = why_not(table, given, limits, wanted)
    named = {way.changes[0].place: way.changes[0] for way in ways if len(way.changes) == 1}
    for place in Question(table, given, limits, wanted).places:
        values = [*place.candidates.values]
        if place.threshold:
            values.append(data.draw(KINDS[Decimal]))
        else:
            values.append(getattr(data.draw(any_facts(table)), place.name))
        for value in values:
            if value == place.was or decided(table, given, limits, [(place, value)]) is not wanted:
                continue
            assert place in named
            if value in place.candidates.values:
                assert rank(place, named[place].value) <= rank(place, value)
    assert [rank(each.place, each.value) for each in named.values()] == sorted(
        rank(each.place, each.value) for each in named.values()
    )


@TABLES
@MANY
@given(data=st.data())
def test_two_changes_are_named_only_where_one_does_not_do_and_none_are_smaller(
    table: AnyTable, limits: Mapping[str, Decimal], data: st.DataObject
) -> None:
    """An exhaustive search over both candidate sets; where nothing is named, no pair does it."""
    given, wanted = asked(data, table, limits)
    ways = why_not(table, given, limits, wanted)
    if ways and len(ways[0].changes) == 1:
        return
    places = Question(table, given, limits, wanted).places
    found = [
        sorted((rank(one, first), rank(other, second)), reverse=True)
        for one, other in itertools.combinations(places, 2)
        for first, second in itertools.product(one.candidates.values, other.candidates.values)
        if decided(table, given, limits, [(one, first), (other, second)]) is wanted
    ]
    assert bool(found) == bool(ways)
    for way in ways:
        assert sorted((rank(each.place, each.value) for each in way.changes), reverse=True) == min(found)


@TABLES
@MANY
@given(data=st.data())
def test_what_is_said_of_a_number_is_true_of_every_number_meant(
    table: AnyTable, limits: Mapping[str, Decimal], data: st.DataObject
) -> None:
    """Not only of candidates: `at least` holds for any number above, `before` for any day before."""
    given, wanted = asked(data, table, limits)
    for way in why_not(table, given, limits, wanted):
        (change, *more) = way.changes
        if more or not is_number(change.value):
            continue
        unit: Any = timedelta(days=1) if isinstance(change.value, date) else 1
        low, high = change.reach.values[0], change.reach.values[-1]
        beyond = data.draw(st.integers(0, 200)) * unit
        words = change.reach.words
        meant = [change.value]
        if " and " in words or words == "present":
            meant += [min(low + beyond, high), max(high - beyond, low)]
        elif any(each in words for each in ("at least", "above", "later", "after")):
            meant.append(low + beyond)
        elif any(each in words for each in ("at most", "below", "earlier", "before")):
            meant.append(high - beyond)
        for value in meant:
            assert decided(table, given, limits, [(change.place, value)]) is wanted


def remedy(**changed: Any) -> RemedyFacts:
    """A lamp that was the wrong one, delivered lately, all in order."""
    usual = {
        "wish": Wish.REFUND,
        "problem": Problem.WRONG_ITEM,
        "orders_found": 1,
        "senders_own": True,
        "already_refunded": False,
        "late": False,
        "days_since_delivery": 2,
        "total": "129",
    }
    return RemedyFacts.model_validate({**usual, **changed})


def told(table: AnyTable, ways: Sequence[Way], wanted: StrEnum) -> list[str]:
    """What comes after the `if` of each sentence."""
    return [sentence(table, wanted, way).partition(" if ")[2] for way in ways]


@pytest.mark.parametrize(
    ("given", "wanted", "says"),
    [
        (
            {},
            Remedy.REFUND,
            ["total were at most 50 (it is 129)", "approval_above_usd were at least 129 (it is 50)"],
        ),
        (
            {"total": "24.8"},
            Remedy.ASK_APPROVAL,
            ["total were above 50 (it is 24.8)", "approval_above_usd were below 24.8 (it is 50)"],
        ),
        (
            {},
            Remedy.HAND_OVER,
            [
                "senders_own were no (it is yes)",
                "wish were information or other (it is refund)",
                "problem were late, changed_mind or none (it is wrong_item)",
            ],
        ),
        ({"orders_found": 0}, Remedy.ASK_APPROVAL, ["orders_found were 1 (it is 0)"]),
        ({}, Remedy.ASK_ORDER_NUMBER, ["orders_found were above 1 (it is 1)"]),
        (
            {"days_since_delivery": None},
            Remedy.SAY_TOO_LATE,
            ["days_since_delivery were above 30 (it is absent)"],
        ),
        (
            {"days_since_delivery": 70},
            Remedy.REFUND,
            ["days_since_delivery were at most 30 (it is 70) and total were at most 50 (it is 129)"],
        ),
        ({"orders_found": 0, "senders_own": False, "already_refunded": True}, Remedy.REFUND, []),
    ],
)
def test_an_answer_reads_as_a_sentence(given: dict[str, Any], wanted: Remedy, says: list[str]) -> None:
    """The smallest first; two where one does not do; none where two do not."""
    ways = why_not(REMEDY, remedy(**given), PLAN.thresholds, wanted)
    assert told(REMEDY, ways, wanted) == says


def parcel(**changed: Any) -> Parcel:
    usual = {"size": None, "weight": "1", "pieces": 1, "sent_on": "2026-06-10", "fragile": True}
    return Parcel.model_validate({**usual, **changed})


@pytest.mark.parametrize(
    ("given", "wanted", "says"),
    [
        (
            {"weight": "30", "fragile": False},
            Carriage.LORRY,
            ["weight were above 1.5 and at most 20 (it is 30)"],
        ),
        ({"pieces": 3}, Carriage.LORRY, ["sent_on were before 2026-06-01 (it is 2026-06-10)"]),
        (
            {"size": "small", "weight": "25"},
            Carriage.REFUSE,
            [
                "pieces were below 1 (it is 1)",
                "sent_on were 2026-12-01 or later and before 2027-03-01 (it is 2026-06-10)",
                "size were absent (it is small)",
            ],
        ),
        (
            {"pieces": 5, "sent_on": None},
            Carriage.LORRY,
            ["weight were above 1.5 and at most 20 (it is 1) and fragile were no (it is yes)"],
        ),
    ],
)
def test_what_holds_only_between_two_bounds_names_both(
    given: dict[str, Any], wanted: Carriage, says: list[str]
) -> None:
    """Not `at most 20`, where less than the light limit would go by another way."""
    ways = why_not(PARCEL, parcel(**given), PARCEL_LIMITS, wanted)
    assert told(PARCEL, ways, wanted) == says


class Pair(Value):
    width: int = 0
    height: int = 0
    size: Size = Size.SMALL
    fragile: bool = False
    urgent: bool = False


pair = facts_of(Pair)


def pairs(*rows: Row[Carriage]) -> list[str]:
    """What two changes make a small parcel, neither fragile nor urgent, go by ship."""
    last = Row("else", Carriage.POST)
    table = Table(name="pair", version=1, facts=Pair, rows=(*rows, last))
    return told(table, why_not(table, Pair(), {}, Carriage.SHIP), Carriage.SHIP)


def test_of_two_changes_only_what_holds_for_both_together_is_said() -> None:
    """Each alone could go on for ever beside the other's nearest value, but not both."""
    assert pairs(
        Row("too large", Carriage.REFUSE, pair.width >= 20, pair.height >= 20),
        Row("large", Carriage.SHIP, pair.width >= 10, pair.height >= 10),
    ) == ["width were 10 (it is 0) and height were 10 (it is 0)"]


def test_the_smallest_two_are_those_whose_larger_change_is_smallest() -> None:
    """Two answers turned are less than a small number and another member of an Enum."""
    assert pairs(
        Row("wide", Carriage.SHIP, pair.width >= 10, pair.size.is_(Size.LARGE)),
        Row("both", Carriage.SHIP, pair.fragile, pair.urgent),
    ) == ["fragile were yes (it is no) and urgent were yes (it is no)"]
