"""The tenant's ledger under any sequence of leases, on both databases, against a model of a few lines."""

import itertools
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import Connection

from activities.database import Database
from activities.tenant_books import Budget, Per
from activities.tenant_ledger import TenantLedger
from contracts.leases import LeaseRequest, Settlement
from contracts.receipts import AttemptEnd

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
ZERO = Decimal(0)
MEMORY = Path("/dev/shm")  # noqa: S108 (only faster)
NUMBERS = itertools.count(1)
TENANTS = ("acme", "bolt")

cents = st.integers(0, 30).map(lambda number: Decimal(number) / 100)
tenants = st.sampled_from(TENANTS)
ends = st.sampled_from([AttemptEnd.SETTLED, AttemptEnd.UNKNOWN, AttemptEnd.RELEASED])
accounts = st.dictionaries(st.sampled_from("abcd"), st.tuples(ends, cents), max_size=4)


class Crashed(RuntimeError):
    """The process dies before it has committed."""


class DyingDatabase(Database):
    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """Everything is done, and nothing is kept."""
        with super().transaction() as connection:
            yield connection
            raise Crashed


@dataclass
class LeaseModel:
    """What one lease must come to."""

    tenant: str
    amount: Decimal
    closed: bool = False
    spent: dict[str, tuple[AttemptEnd, Decimal]] = field(default_factory=dict)
    whole: Decimal = ZERO

    def total(self, *wanted: AttemptEnd) -> Decimal:
        return sum((usd for end, usd in self.spent.values() if end in wanted), ZERO)

    def budget(self) -> Budget:
        return Budget(
            leased=ZERO if self.closed else self.amount,
            settled=self.total(AttemptEnd.SETTLED, AttemptEnd.RELEASED),
            unknown=self.total(AttemptEnd.UNKNOWN) + self.whole,
        )


class TenantLedgers(RuleBasedStateMachine):
    """Two tenants on one database; every example has names of its own."""

    url: ClassVar[str]

    def __init__(self) -> None:
        super().__init__()
        self.number = next(NUMBERS)
        self.ledger = TenantLedger(Database(self.url))
        self.leases: dict[str, LeaseModel] = {}
        self.caps: dict[tuple[str, Per], Decimal] = {}

    def teardown(self) -> None:
        self.ledger.database.close()

    def named(self, name: str) -> str:
        return f"{name}-{self.number}"

    def booked(self, tenant: str) -> Budget:
        parts = [lease.budget() for lease in self.leases.values() if lease.tenant == tenant]
        return Budget(
            sum((part.leased for part in parts), ZERO),
            sum((part.settled for part in parts), ZERO),
            sum((part.unknown for part in parts), ZERO),
        )

    def request(self, tenant: str, lease: str, amount: Decimal) -> LeaseRequest:
        return LeaseRequest(
            lease=lease,
            workflow="w",
            workflow_id="w/1",
            tenant=self.named(tenant),
            profile="p",
            amount=amount,
        )

    def fits(self, tenant: str, amount: Decimal) -> bool:
        booked = self.booked(tenant).booked
        return all(booked + amount <= cap for (name, _), cap in self.caps.items() if name == tenant)

    def draw(self, data: st.DataObject) -> tuple[str, LeaseModel]:
        name = data.draw(st.sampled_from(sorted(self.leases)))
        return name, self.leases[name]

    @rule(tenant=tenants, amount=cents)
    def open(self, tenant: str, amount: Decimal) -> None:
        """Granted exactly when it fits under every cap."""
        name = self.named(f"lease-{len(self.leases)}")
        answer = self.ledger.open(self.request(tenant, name, amount), NOON)
        assert answer.granted == self.fits(tenant, amount)
        if answer.granted:
            self.leases[name] = LeaseModel(tenant, amount)

    @precondition(lambda self: self.leases)
    @rule(data=st.data())
    def open_again(self, data: st.DataObject) -> None:
        """The same lease, also when it is closed by now."""
        name, lease = self.draw(data)
        assert self.ledger.open(self.request(lease.tenant, name, lease.amount), NOON).granted

    @precondition(lambda self: self.leases)
    @rule(data=st.data(), account=accounts, crash=st.booleans())
    def close(self, data: st.DataObject, account: dict[str, Any], crash: bool) -> None:
        """First, again, late, with more or with other words about the same attempts; or it dies meanwhile."""
        name, lease = self.draw(data)
        order = data.draw(st.permutations(sorted(account)))
        spent = [
            Settlement(attempt_id=attempt, step="s", step_number=1, route="p", model="m", end=end, usd=usd)
            for attempt in [*order, *order]
            for end, usd in [account[attempt]]
        ]
        if crash:
            dying = TenantLedger(DyingDatabase(self.url))
            with pytest.raises(Crashed):
                dying.close(name, spent, NOON)
            dying.database.close()
            return
        closed = self.ledger.close(name, spent, NOON)
        lease.spent = {**account, **lease.spent}
        lease.closed, lease.whole = True, ZERO
        assert (closed.settled, closed.unknown) == (lease.budget().settled, lease.budget().unknown)

    @precondition(lambda self: self.leases)
    @rule(data=st.data())
    def vanish(self, data: st.DataObject) -> None:
        """Only what is open can be forfeited."""
        name, lease = self.draw(data)
        self.ledger.forfeit(name, NOON)
        if not lease.closed:
            lease.closed, lease.whole = True, lease.amount

    @rule(tenant=tenants, per=st.sampled_from(Per), cap=st.none() | cents)
    def change_cap(self, tenant: str, per: Per, cap: Decimal | None) -> None:
        self.ledger.set_cap(self.named(tenant), per, cap, NOON)
        self.caps.pop((tenant, per), None)
        if cap is not None:
            self.caps[tenant, per] = cap

    @rule(tenant=tenants)
    def crash(self, tenant: str) -> None:
        """A process that dies in an opening has leased nothing; another goes on."""
        self.ledger.database.close()
        dying = TenantLedger(DyingDatabase(self.url))
        with pytest.raises(Crashed):
            dying.open(self.request(tenant, self.named("dying"), ZERO), NOON)
        dying.database.close()
        self.ledger = TenantLedger(Database(self.url))

    @invariant()
    def books_are_as_the_model_says(self) -> None:
        """In every period, for both tenants, with nothing of one in the other's books."""
        for tenant in TENANTS:
            for account in self.ledger.accounts(NOON, self.named(tenant)):
                assert account.budget == self.booked(tenant)
                assert account.cap == self.caps.get((tenant, account.per))


def check(url: str, examples: int) -> None:
    database = Database(url)
    database.upgrade()
    database.close()
    machine = type("TenantLedgersHere", (TenantLedgers,), {"url": url})
    checks = list(HealthCheck)
    chosen = settings(max_examples=examples, stateful_step_count=8, suppress_health_check=checks)
    run_state_machine_as_test(machine, settings=chosen)


@pytest.mark.timeout(300)
def test_books_of_two_tenants_are_conserved_whatever_happens() -> None:
    """Leases, accounts told twice and in any order, crashes, vanished runs, changes of caps."""
    with tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as folder:
        check(f"sqlite:///{folder}/ledger.db", examples=120)


@pytest.mark.timeout(300)
def test_postgresql_books_are_conserved_too(postgres_url: str) -> None:
    """The same machine on a real server, for fewer turns."""
    check(postgres_url, examples=30)
