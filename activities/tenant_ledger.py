"""The tenant's ledger: what its runs may lease, have leased and have spent.

Every change of a tenant's books locks the tenant first, so changes have one order and the audit tells it. A
lease is denied only when at that moment `leased + settled + unknown + amount` is above a cap. Always: leased
is the sum of the rests of open leases; settled and unknown are the sums of settlements.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, bindparam, delete, insert, select, update

from activities.database import Database
from activities.ledger_tables import LARGEST, budgets, caps, leases, settlements
from activities.tenant_books import Budget, Per, TenantBooks
from contracts.leases import Lease, LeaseClosed, LeaseRequest, Settlement
from contracts.receipts import AttemptEnd
from contracts.values import plain

__all__ = ["NoLease", "OpenLease", "TenantAccount", "TenantLedger"]

ZERO = Decimal(0)
WHOLE = "*"
"""Instead of an attempt's id: all that a run may have spent of which no history is left."""

# Built once, as in tenant_books; `of` is a lease.
LEASE = select(leases).where(leases.c.lease == bindparam("of"))
NEW_LEASE = insert(leases)
CLOSED = (
    update(leases)
    .where(leases.c.lease == bindparam("of"))
    .values(rest=bindparam("rest"), closed_at=bindparam("closed_at"))
)
SETTLE = insert(settlements)
KNOWN = select(settlements.c.attempt_id).where(settlements.c.lease == bindparam("of"))
SPENT = select(settlements.c.end, settlements.c.usd).where(settlements.c.lease == bindparam("of"))
WHOLE_USD = select(settlements.c.usd).where(
    settlements.c.lease == bindparam("of"), settlements.c.attempt_id == WHOLE
)


class NoLease(LookupError):
    """There is no lease of that id. One line."""


@dataclass(frozen=True)
class OpenLease:
    """One that nobody has closed."""

    lease: str
    workflow_id: str
    tenant: str
    opened_at: datetime


@dataclass(frozen=True)
class TenantAccount:
    """One budget of a tenant, with its cap if it has one."""

    tenant: str
    per: Per
    period: str
    cap: Decimal | None
    budget: Budget

    @property
    def free(self) -> Decimal | None:
        """None without a cap; never below zero."""
        return None if self.cap is None else max(ZERO, self.cap - self.budget.booked)


class TenantLedger:
    """Blocks for as long as a transaction takes; every method is one."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def open(self, request: LeaseRequest, moment: datetime) -> Lease:
        """Grant the lease or deny it. Asked again, a granted one is the same; a denied one is judged anew."""
        with self.database.transaction() as db:
            books = TenantBooks.locked(db, request.tenant, moment.date(), moment)
            period = Per.DAY.period(books.day)
            if lease_row(db, request.lease) is None:
                reason = refusal(books, request.amount)
                if reason is not None:
                    books.book("denied", request.lease, request.amount)
                    free = free_of(books)
                    return Lease(lease=request.lease, granted=False, reason=reason, free=free, period=period)
                books.book("opened", request.lease, request.amount, leased=request.amount)
                named = request.model_dump(include={"lease", "workflow", "workflow_id", "tenant", "profile"})
                money = {"amount": request.amount, "rest": request.amount}
                db.execute(NEW_LEASE, {**named, **money, "day": books.day, "opened_at": moment})
                books.write()
            return Lease(lease=request.lease, granted=True, free=free_of(books), period=period)

    def close(self, lease: str, spent: Iterable[Settlement], moment: datetime) -> LeaseClosed:
        """Book what is not booked yet, by attempt, and give the rest back. Raises NoLease.

        What comes for a lease that is closed is booked all the same, also above the cap: it is true cost.
        """
        with self.database.transaction() as db:
            books, row = self._locked(db, lease, moment)
            take_back_whole(db, books, row)
            known = set(db.scalars(KNOWN, {"of": lease}))
            new = list({each.attempt_id: each for each in spent if each.attempt_id not in known}.values())
            rest = book(db, books, row, new, moment)
            books.book("closed", lease, rest, leased=-rest)
            db.execute(CLOSED, {"of": lease, "rest": ZERO, "closed_at": row.closed_at or moment})
            books.write()
            return LeaseClosed(lease=lease, **sums(db, lease), returned=rest)

    def forfeit(self, lease: str, moment: datetime) -> None:
        """Its run's history is gone: all that is left of an open lease is unknown. Raises NoLease."""
        with self.database.transaction() as db:
            books, row = self._locked(db, lease, moment)
            if row.closed_at is not None:
                return
            gone = Settlement(
                attempt_id=WHOLE,
                step="",
                step_number=1,
                route=row.profile,
                model="",
                end=AttemptEnd.UNKNOWN,
                usd=row.rest,
            )
            book(db, books, row, [gone], moment)
            db.execute(update(leases).where(leases.c.lease == lease).values(rest=ZERO, closed_at=moment))
            books.write()

    def set_cap(self, tenant: str, per: Per, cap: Decimal | None, moment: datetime) -> None:
        """From now on; None lifts it. What is leased stays leased."""
        with self.database.transaction() as db:
            books = TenantBooks.locked(db, tenant, moment.date(), moment)
            before = books.free
            db.execute(delete(caps).where(caps.c.tenant == tenant, caps.c.per == per.value))
            books.caps.pop(per, None)
            if cap is not None:
                db.execute(insert(caps).values(tenant=tenant, per=per.value, cap=cap))
                books.caps[per] = cap
            books.note(f"cap per {per.value}" if per is not Per.TOTAL else "cap", None, cap, before)

    def accounts(self, moment: datetime, tenant: str | None = None) -> list[TenantAccount]:
        """Every capped budget of now, and the total of each tenant; sorted."""
        with self.database.transaction() as db:
            limits = {(each.tenant, Per(each.per)): each.cap for each in db.execute(select(caps))}
            now = {per.period(moment.date()): per for per in Per}
            rows = db.execute(select(budgets).where(budgets.c.period.in_(now)))
            booked = {(row.tenant, now[row.period]): budget_of(row) for row in rows}
        keys = {key for key in booked if key[1] is Per.TOTAL or key in limits} | limits.keys()
        return [
            TenantAccount(
                tenant=name,
                per=per,
                period=per.period(moment.date()),
                cap=limits.get((name, per)),
                budget=booked.get((name, per), Budget()),
            )
            for name, per in sorted(keys)
            if tenant in (None, name)
        ]

    def open_leases(self, before: datetime) -> list[OpenLease]:
        """Those opened before a moment, oldest first."""
        wanted = (
            select(leases.c.lease, leases.c.workflow_id, leases.c.tenant, leases.c.opened_at)
            .where(leases.c.closed_at.is_(None), leases.c.opened_at < before)
            .order_by(leases.c.opened_at)
        )
        with self.database.transaction() as db:
            return [OpenLease(*row) for row in db.execute(wanted)]

    def _locked(self, db: Connection, lease: str, moment: datetime) -> tuple[TenantBooks, Any]:
        """The books of the lease's own day, and the lease as it is once they are locked."""
        row = lease_row(db, lease)
        if row is None:
            raise NoLease(f"{self.database.name} knows no lease {lease}")
        books = TenantBooks.locked(db, row.tenant, row.day, moment)
        return books, lease_row(db, lease)


def refusal(books: TenantBooks, amount: Decimal) -> str | None:
    """Why an amount may not be leased; None when it may."""
    if books.budgets[Per.TOTAL].booked + amount > LARGEST:
        return f"{plain(amount)} USD more than the ledger can hold for one tenant"
    free = books.free
    if free is None or amount <= free:
        return None
    per, cap = books.tightest()
    span = "in all" if per is Per.TOTAL else f"a {per.value}"
    left = max(ZERO, free)
    return (
        f"{books.tenant} may spend {plain(cap)} USD {span}, of which {plain(left)} are free; "
        f"the run may cost {plain(amount)}"
    )


def free_of(books: TenantBooks) -> Decimal | None:
    return None if books.free is None else max(ZERO, books.free)


def book(db: Connection, books: TenantBooks, lease: Any, new: list[Settlement], moment: datetime) -> Decimal:
    """Settle attempts from the lease, and above it where they cost more; returns what is left of it."""
    rest: Decimal = lease.rest
    for what, ends in (
        ("settled", (AttemptEnd.SETTLED, AttemptEnd.RELEASED)),
        ("unknown", (AttemptEnd.UNKNOWN,)),
    ):
        usd = sum((each.usd for each in new if each.end in ends), ZERO)
        if usd:
            taken = min(rest, usd)
            rest -= taken
            moved = {"settled": ZERO, "unknown": ZERO, what: usd}
            settled, unknown = moved["settled"], moved["unknown"]
            books.book(what, lease.lease, usd, leased=-taken, settled=settled, unknown=unknown)
    rows = [{"lease": lease.lease, "booked_at": moment, **columns_of(each)} for each in new]
    if rows:
        db.execute(SETTLE, rows)
    return rest


def columns_of(settlement: Settlement) -> dict[str, Any]:
    fields = dict(settlement)
    price, fault = fields.pop("price"), settlement.fault
    prices = {
        "price_input": None if price is None else price.input,
        "price_output": None if price is None else price.output,
    }
    # A driver may write an enum's name where its value is meant.
    return {**fields, **prices, "end": settlement.end.value, "fault": None if fault is None else fault.value}


def take_back_whole(db: Connection, books: TenantBooks, lease: Any) -> None:
    """A run that was taken for vanished gives account after all: its own word replaces the worst case."""
    usd = db.scalar(WHOLE_USD, {"of": lease.lease})
    if usd is not None:
        whole = (settlements.c.lease == lease.lease) & (settlements.c.attempt_id == WHOLE)
        db.execute(delete(settlements).where(whole))
        books.book("found again", lease.lease, usd, unknown=-usd)


def sums(db: Connection, lease: str) -> dict[str, Decimal]:
    rows = db.execute(SPENT, {"of": lease}).all()
    return {
        "settled": sum((usd for end, usd in rows if end != AttemptEnd.UNKNOWN), ZERO),
        "unknown": sum((usd for end, usd in rows if end == AttemptEnd.UNKNOWN), ZERO),
    }


def lease_row(db: Connection, lease: str) -> Any:
    return db.execute(LEASE, {"of": lease}).one_or_none()


def budget_of(row: Any) -> Budget:
    return Budget(row.leased, row.settled, row.unknown)
