"""What runs cost, added up by the database: proven, held and unknown apart, by attempts and by operations.

An operation is one step of a run: its attempts together, the failed ones too. Days, and what is asked for
since or until a moment, go by when a run took its lease, as its tenant's caps do.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, case, func, select

from activities.ledger_tables import leases, settlements
from activities.tenant_ledger import WHOLE
from contracts.receipts import AttemptEnd

__all__ = ["By", "Cost", "Operation", "Wanted", "costs", "operations"]

ZERO = Decimal(0)


class By(StrEnum):
    """What costs are grouped by."""

    RUN = "run"
    """A workflow id: every run of it, those before a reset too."""
    TENANT = "tenant"
    WORKFLOW = "workflow"
    TASK = "task"
    MODEL = "model"
    ROUTE = "route"
    DAY = "day"


KEYS: dict[By, ColumnElement[Any]] = {
    By.RUN: leases.c.workflow_id,
    By.TENANT: leases.c.tenant,
    By.WORKFLOW: leases.c.workflow,
    By.TASK: settlements.c.step,
    By.MODEL: settlements.c.model,
    By.ROUTE: settlements.c.route,
    By.DAY: leases.c.day,
}
OF_LEASES = frozenset({By.RUN, By.TENANT, By.WORKFLOW, By.DAY})


@dataclass(frozen=True)
class Wanted:
    """Which leases count: all but for these limits."""

    tenant: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    """Not itself."""


@dataclass
class Cost:
    """Amounts in US dollars, each apart from the others."""

    key: str | None = None
    """None where nobody can say: of a run that is open or vanished, which task, model or route."""
    attempts: int = 0
    unknown_attempts: int = 0
    operations: int = 0
    tokens: int = 0
    """Proven ones."""
    proven: Decimal = ZERO
    failed: Decimal = ZERO
    """The part of what is proven that went into attempts which failed."""
    unknown: Decimal = ZERO
    held: Decimal = ZERO
    """What is left of leases that are open."""

    @property
    def all(self) -> Decimal:
        """The most that it can have cost; what it is sorted by."""
        return self.proven + self.unknown + self.held

    def add(self, other: "Cost") -> None:
        """All but the key."""
        for name in COUNTS:
            setattr(self, name, getattr(self, name) + getattr(other, name))


COUNTS = ("attempts", "unknown_attempts", "operations", "tokens", "proven", "failed", "unknown", "held")


@dataclass(frozen=True)
class Operation:
    """One step of a run."""

    run: str
    workflow_id: str
    tenant: str
    number: int
    task: str
    cost: Cost = field(default_factory=Cost)


def costs(db: Connection, wanted: Wanted, by: By) -> tuple[list[Cost], Cost]:
    """A row for each, dearest first, days in their order; and all together, each operation counted once."""
    rows: dict[str | None, Cost] = {}
    for each in (*spent(db, wanted, KEYS[by]), *held(db, wanted, KEYS[by] if by in OF_LEASES else None)):
        rows.setdefault(each.key, Cost(key=each.key)).add(each)
    if by in OF_LEASES:
        whole = summed(rows.values())
    else:
        whole = summed((*spent(db, wanted, leases.c.tenant), *held(db, wanted, None)))
    if by is By.DAY:
        return sorted(rows.values(), key=lambda each: each.key or ""), whole
    return sorted(rows.values(), key=lambda each: (-each.all, each.key or "")), whole


def operations(db: Connection, wanted: Wanted, limit: int | None = None) -> list[Operation]:
    """What each operation cost, its failed attempts included; dearest first."""
    named = (leases.c.lease, leases.c.workflow_id, leases.c.tenant, settlements.c.step_number)
    query = limited(
        select(*named, func.max(settlements.c.step).label("step"), *MEASURES)
        .join_from(settlements, leases)
        .where(settlements.c.attempt_id != WHOLE)
        .group_by(*named)
        .order_by(func.sum(settlements.c.usd).desc(), leases.c.lease, settlements.c.step_number),
        wanted,
    ).limit(limit)
    return [
        Operation(row.lease, row.workflow_id, row.tenant, row.step_number, row.step, cost_of(row, None, 1))
        for row in db.execute(query)
    ]


def is_unknown() -> ColumnElement[bool]:
    return settlements.c.end == AttemptEnd.UNKNOWN.value


MEASURES = (
    func.sum(case((settlements.c.attempt_id != WHOLE, 1), else_=0)).label("attempts"),
    func.sum(case((and_(is_unknown(), settlements.c.attempt_id != WHOLE), 1), else_=0)).label("lost"),
    func.sum(case((is_unknown(), 0), else_=settlements.c.tokens)).label("tokens"),
    func.sum(case((~is_unknown(), settlements.c.usd))).label("proven"),
    func.sum(case((and_(~is_unknown(), settlements.c.fault.is_not(None)), settlements.c.usd))).label(
        "failed"
    ),
    func.sum(case((is_unknown(), settlements.c.usd))).label("unknown"),
)


def spent(db: Connection, wanted: Wanted, key: ColumnElement[Any]) -> Iterator[Cost]:
    """What is booked; a tenant's own sums, which the database can hold, and added up further only here."""
    inner = limited(
        select(key.label("key"), leases.c.tenant.label("owner"), *MEASURES)
        .join_from(settlements, leases)
        .group_by(key, leases.c.tenant, settlements.c.lease, settlements.c.step_number),
        wanted,
    ).subquery()
    named = (inner.c.key, inner.c.owner)
    sums = [func.sum(inner.c[each.name]).label(each.name) for each in MEASURES]
    steps = func.sum(case((inner.c.attempts > 0, 1), else_=0)).label("steps")
    for row in db.execute(select(*named, steps, *sums).group_by(*named)):
        yield cost_of(row, word(row.key), int(row.steps))


def held(db: Connection, wanted: Wanted, key: ColumnElement[Any] | None) -> Iterator[Cost]:
    """What is left of open leases. Of which task, model or route it will be, only their ends can say."""
    named = [leases.c.tenant] if key is None else [leases.c.tenant, key]
    query = limited(
        select(*named, func.sum(leases.c.rest)).where(leases.c.closed_at.is_(None)).group_by(*named), wanted
    )
    for row in db.execute(query):
        yield Cost(key=None if key is None else word(row[1]), held=row[-1] or ZERO)


def cost_of(row: Any, key: str | None, steps: int) -> Cost:
    return Cost(
        key=key,
        attempts=int(row.attempts),
        unknown_attempts=int(row.lost),
        operations=steps,
        tokens=int(row.tokens),
        proven=row.proven or ZERO,
        failed=row.failed or ZERO,
        unknown=row.unknown or ZERO,
    )


def word(key: Any) -> str | None:
    return (f"{key:%Y-%m-%d}" if isinstance(key, date) else str(key or "")) or None


def limited(query: Select[Any], wanted: Wanted) -> Select[Any]:
    if wanted.tenant is not None:
        query = query.where(leases.c.tenant == wanted.tenant)
    if wanted.since is not None:
        query = query.where(leases.c.opened_at >= wanted.since)
    if wanted.until is not None:
        query = query.where(leases.c.opened_at < wanted.until)
    return query


def summed(each: Iterable[Cost]) -> Cost:
    whole = Cost()
    for part in each:
        whole.add(part)
    return whole
