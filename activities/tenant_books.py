"""One tenant's books, locked: its caps, and its budgets of one day, that day's month, and for good."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, bindparam, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from activities.ledger_tables import audit, budgets, caps

__all__ = ["Budget", "Per", "Proof", "TenantBooks"]

ZERO = Decimal(0)

# Built once: building them took more than the database. Of a budget, tenant and period are `of` and `within`.
BUDGET = (
    select(budgets.c.leased, budgets.c.settled, budgets.c.unknown)
    .where(budgets.c.tenant == bindparam("of"), budgets.c.period == bindparam("within"))
    .with_for_update()
)
CAPS = select(caps.c.per, caps.c.cap).where(caps.c.tenant == bindparam("of"))
WRITE = (
    update(budgets)
    .where(budgets.c.tenant == bindparam("of"), budgets.c.period == bindparam("within"))
    .values({name: bindparam(name) for name in ("leased", "settled", "unknown")})
)
NOTE = insert(audit)


class Per(StrEnum):
    """What a cap is for. Every lease counts in one budget of each kind, capped or not."""

    TOTAL = "total"
    DAY = "day"
    MONTH = "month"

    def period(self, day: date) -> str:
        """The budget that a lease of that day counts in."""
        return {Per.TOTAL: "total", Per.DAY: f"{day:%Y-%m-%d}", Per.MONTH: f"{day:%Y-%m}"}[self]


@dataclass
class Budget:
    """What is booked in one period. Amounts are in US dollars."""

    leased: Decimal = ZERO
    settled: Decimal = ZERO
    unknown: Decimal = ZERO

    @property
    def booked(self) -> Decimal:
        return self.leased + self.settled + self.unknown


@dataclass(frozen=True)
class Proof:
    """That an unknown attempt, booked at its hold, cost so much."""

    lease: str
    attempt_id: str
    held: Decimal
    usd: Decimal


class TenantBooks:
    """The books of one tenant as one transaction sees and changes them. Made by `locked` only."""

    def __init__(self, db: Connection, tenant: str, day: date, moment: datetime) -> None:
        self._db = db
        self._moment = moment
        self.tenant = tenant
        self.day = day
        self.caps: dict[Per, Decimal] = {}
        self.budgets: dict[Per, Budget] = {}

    @classmethod
    def locked(cls, db: Connection, tenant: str, day: date, moment: datetime) -> "TenantBooks":
        """Wait for whoever changes this tenant's books, then read them."""
        books = cls(db, tenant, day, moment)
        # One row first, always the same: who has it has the tenant, so nobody can wait in a circle.
        for per in Per:
            books.budgets[per] = books._budget(per)
        rows = db.execute(CAPS, {"of": tenant})
        books.caps = {Per(per): cap for per, cap in rows}
        return books

    @property
    def free(self) -> Decimal | None:
        """What may still be leased under every cap; None without one. Below zero when more is booked."""
        left = [cap - self.budgets[per].booked for per, cap in self.caps.items()]
        return min(left) if left else None

    def tightest(self) -> tuple[Per, Decimal]:
        """The cap that leaves the least free."""
        return min(self.caps.items(), key=lambda each: each[1] - self.budgets[each[0]].booked)

    def book(
        self,
        what: str,
        lease: str | None,
        amount: Decimal,
        *,
        leased: Decimal = ZERO,
        settled: Decimal = ZERO,
        unknown: Decimal = ZERO,
    ) -> None:
        """Add to every budget, and write down what was free before and after."""
        before = self.free
        for budget in self.budgets.values():
            budget.leased += leased
            budget.settled += settled
            budget.unknown += unknown
        self.note(what, lease, amount, before)

    def note(self, what: str, lease: str | None, amount: Decimal | None, free_before: Decimal | None) -> None:
        """A line of the audit."""
        self._db.execute(NOTE, self._line(what, lease, amount, free_before))

    def prove(self, proofs: Iterable[Proof], source: str) -> None:
        """Move what is proven from unknown to settled, and write down why; many at once: others wait."""
        lines = []
        for proof in proofs:
            before = self.free
            for budget in self.budgets.values():
                budget.unknown -= proof.held
                budget.settled += proof.usd
            line = self._line("reconciled", proof.lease, proof.usd, before)
            lines.append({**line, "attempt_id": proof.attempt_id, "source": source})
        if lines:
            self._db.execute(NOTE, lines)

    def write(self) -> None:
        """Put the budgets back."""
        rows = [{**self._place(per), **vars(budget)} for per, budget in self.budgets.items()]
        self._db.execute(WRITE, rows)

    def _line(
        self, what: str, lease: str | None, amount: Decimal | None, free_before: Decimal | None
    ) -> dict[str, Any]:
        line = {"at": self._moment, "what": what, "tenant": self.tenant, "lease": lease, "amount": amount}
        return {**line, "free_before": free_before, "free_after": self.free}

    def _budget(self, per: Per) -> Budget:
        row = self._db.execute(BUDGET, self._place(per)).one_or_none()
        if row is None:
            empty = {"leased": ZERO, "settled": ZERO, "unknown": ZERO}
            self._db.execute(
                new_row(self._db)
                .values(tenant=self.tenant, period=per.period(self.day), **empty)
                .on_conflict_do_nothing()
            )
            row = self._db.execute(BUDGET, self._place(per)).one()
        return Budget(*row)

    def _place(self, per: Per) -> dict[str, str]:
        return {"of": self.tenant, "within": per.period(self.day)}


def new_row(db: Connection) -> Any:
    """An insert into `budgets` that may meet somebody else's; each database's own."""
    return (postgresql if db.dialect.name == "postgresql" else sqlite).insert(budgets)
