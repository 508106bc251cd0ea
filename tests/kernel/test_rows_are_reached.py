"""Every row of every table decides something: found by trying all combinations of small domains."""

import itertools
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

import pytest

from contracts.attempts import Fault
from contracts.steps import Offers
from contracts.tickets import Problem, Wish
from contracts.values import Value
from workflows.kernel.attempts import MAX_REPAIRS, NEXT_ATTEMPT, OTHERWISE, Next, Otherwise
from workflows.kernel.decisions import Row, Table, facts_of, limit
from workflows.resolve_ticket import PLAN, REMEDY, Remedy

AnyTable = Table[Any, Any]
Domain = Mapping[str, Sequence[object]]

BOTH = (False, True)
# Each fact's values on both sides of every bound that a row compares it with.
DOMAINS: dict[AnyTable, Domain] = {
    REMEDY: {
        "wish": tuple(Wish),
        "problem": tuple(Problem),
        "orders_found": (0, 1, 2),
        "senders_own": BOTH,
        "already_refunded": BOTH,
        "late": BOTH,
        "days_since_delivery": (None, 0, 30, 31),
        "total": (Decimal(0), Decimal(50), Decimal("50.01")),
    },
    NEXT_ATTEMPT: {
        "fault": tuple(Fault),
        "offers": (None, *Offers),
        "may_have_happened": BOTH,
        "leaving": BOTH,
        "attempts_left": (0, 1),
        "seen": range(1, MAX_REPAIRS + 2),
        "larger_possible": BOTH,
        "affordable": BOTH,
        "in_time": BOTH,
        "elsewhere": BOTH,
    },
    OTHERWISE: {
        "given_up": (Next.GIVE_UP, Next.NO_MONEY, Next.NO_TIME),
        "leaving": BOTH,
        "routes_left": (0, 1),
        "next_affordable": BOTH,
        "parks": BOTH,
    },
}
OUTCOMES = {REMEDY: Remedy, NEXT_ATTEMPT: Next, OTHERWISE: Otherwise}
LIMITS = PLAN.thresholds
TABLES = pytest.mark.parametrize("table", DOMAINS, ids=lambda table: table.name)


def decided(table: AnyTable, domain: Domain, limits: Mapping[str, Decimal]) -> Iterator[tuple[int, object]]:
    """The row and the outcome of each combination."""
    for values in itertools.product(*domain.values()):
        facts = table.facts.model_validate(dict(zip(domain, values, strict=True)))
        decision = table.decide(facts, limits)
        yield decision.row, decision.outcome


def idle_rows(table: AnyTable, domain: Domain, limits: Mapping[str, Decimal]) -> list[str]:
    """The reasons of rows that no combination reaches."""
    reached = {row for row, _ in decided(table, domain, limits)}
    return [row.because for number, row in enumerate(table.rows, start=1) if number not in reached]


@TABLES
def test_every_row_can_be_reached(table: AnyTable) -> None:
    """None is shadowed by the rows above it."""
    assert idle_rows(table, DOMAINS[table], LIMITS) == []


@TABLES
def test_every_outcome_can_come(table: AnyTable) -> None:
    """The code after the decision has no branch that nothing leads to."""
    assert {outcome for _, outcome in decided(table, DOMAINS[table], LIMITS)} == set(OUTCOMES[table])


@TABLES
def test_every_fact_of_a_table_is_varied_here(table: AnyTable) -> None:
    """A fact that is added needs its values."""
    assert set(DOMAINS[table]) == set(table.facts.model_fields)


def test_a_shadowed_row_is_found_by_its_reason() -> None:
    """The search above can fail."""

    class Parcel(Value):
        total: Decimal

    facts = facts_of(Parcel)
    rows = (
        Row("dear", Next.LATER, facts.total > limit("most")),
        Row("very dear", Next.GIVE_UP, facts.total > 100),
        Row("else", Next.AGAIN),
    )
    table = Table(name="parcel", version=1, facts=Parcel, rows=rows)
    totals = {"total": [Decimal(50), Decimal(51), Decimal(101)]}
    assert idle_rows(table, totals, {"most": Decimal(50)}) == ["very dear"]
