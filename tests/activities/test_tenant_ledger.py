"""The tenant's ledger, on both databases: who is admitted, what is booked, and that nothing counts twice."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import delete, select, update

from activities.database import Database, DatabaseError, database_url
from activities.ledger_tables import audit
from activities.tenant_books import Budget, Per
from activities.tenant_ledger import NoLease, TenantLedger
from contracts.leases import Lease, LeaseRequest, Settlement
from contracts.receipts import AttemptEnd

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
TENTH = Decimal("0.1")


@pytest.fixture
def ledger(database_url: str) -> Iterator[TenantLedger]:
    """On an empty database."""
    database = Database(database_url)
    database.upgrade()
    yield TenantLedger(database)
    database.close()


def request(lease: str, usd: str = "0.1", tenant: str = "acme") -> LeaseRequest:
    return LeaseRequest(
        lease=lease,
        workflow="w",
        workflow_id=f"w/{lease}",
        tenant=tenant,
        profile="fast",
        amount=Decimal(usd),
    )


def spent(attempt: str, usd: str, end: AttemptEnd = AttemptEnd.SETTLED) -> Settlement:
    return Settlement(
        attempt_id=attempt, step="read", step_number=1, route="fast", model="m", end=end, usd=Decimal(usd)
    )


def total(ledger: TenantLedger, tenant: str = "acme") -> Budget:
    (account,) = (each for each in ledger.accounts(NOON, tenant) if each.per is Per.TOTAL)
    return account.budget


def lines(ledger: TenantLedger) -> list[Any]:
    with ledger.database.transaction() as db:
        return list(db.execute(select(audit).order_by(audit.c.number)))


def booked(leased: str = "0", settled: str = "0", unknown: str = "0") -> Budget:
    return Budget(Decimal(leased), Decimal(settled), Decimal(unknown))


def test_a_lease_is_denied_only_above_the_cap(ledger: TenantLedger) -> None:
    """The last cent may be leased, and not one more; the reason names cap, rest and amount."""
    ledger.set_cap("acme", Per.DAY, Decimal("0.3"), NOON)
    assert [ledger.open(request(f"r{n}"), NOON).granted for n in range(3)] == [True] * 3
    denied = ledger.open(request("r3", "0.000000000001"), NOON)
    assert not denied.granted
    assert denied.free == 0
    assert denied.reason == (
        "acme may spend 0.3 USD a day, of which 0 are free; the run may cost 0.000000000001"
    )


def test_a_lease_asked_for_again_is_the_same_lease(ledger: TenantLedger) -> None:
    """A local activity whose reply was lost runs again."""
    ledger.set_cap("acme", Per.TOTAL, TENTH, NOON)
    assert ledger.open(request("r"), NOON) == ledger.open(request("r"), NOON + timedelta(days=1)).model_copy(
        update={"period": "2026-11-24"}
    )
    assert total(ledger) == booked(leased="0.1")


def test_a_tenant_without_a_cap_is_admitted_and_booked(ledger: TenantLedger) -> None:
    """So a cap that is set later counts what was spent before."""
    assert ledger.open(request("r", "5"), NOON) == Lease(lease="r", granted=True, period="2026-11-24")
    ledger.set_cap("acme", Per.MONTH, Decimal("5.05"), NOON)
    assert not ledger.open(request("s"), NOON).granted
    assert ledger.open(request("t", "0.05"), NOON).granted


def test_an_attempt_is_booked_once_however_often_it_is_told(ledger: TenantLedger) -> None:
    """Also twice in one account. What is left is given back once."""
    ledger.open(request("r"), NOON)
    account = [spent("1", "0.02"), spent("2", "0.03", AttemptEnd.UNKNOWN), spent("1", "0.02")]
    first, again = ledger.close("r", account, NOON), ledger.close("r", account[::-1], NOON)
    assert (first.settled, first.unknown, first.returned) == (
        Decimal("0.02"),
        Decimal("0.03"),
        Decimal("0.05"),
    )
    assert (again.settled, again.unknown, again.returned) == (first.settled, first.unknown, Decimal(0))
    assert total(ledger) == booked(settled="0.02", unknown="0.03")


def test_what_is_found_after_the_end_is_booked_above_the_cap(ledger: TenantLedger) -> None:
    """It is true cost, whoever else has leased the money since."""
    ledger.set_cap("acme", Per.DAY, TENTH, NOON)
    ledger.open(request("r"), NOON)
    ledger.close("r", [], NOON)
    assert ledger.open(request("s"), NOON).granted
    ledger.close("r", [spent("1", "0.04")], NOON)
    assert total(ledger) == booked(leased="0.1", settled="0.04")
    assert lines(ledger)[-1].free_after == Decimal("-0.04")


def test_a_vanished_run_is_booked_unknown_until_it_gives_account(ledger: TenantLedger) -> None:
    """Its own word replaces the worst case."""
    ledger.open(request("r"), NOON)
    ledger.forfeit("r", NOON)
    assert total(ledger) == booked(unknown="0.1")
    ledger.close("r", [spent("1", "0.04")], NOON)
    assert total(ledger) == booked(settled="0.04")


def test_what_is_unknown_cannot_be_leased_again(ledger: TenantLedger) -> None:
    """A lost call is neither free nor paid, so nobody else gets its money."""
    ledger.set_cap("acme", Per.TOTAL, TENTH, NOON)
    ledger.open(request("r"), NOON)
    ledger.close("r", [spent("1", "0.1", AttemptEnd.UNKNOWN)], NOON)
    assert not ledger.open(request("s", "0.000001"), NOON).granted


def test_a_lease_counts_in_the_periods_in_which_it_was_opened(ledger: TenantLedger) -> None:
    """A new day has its own money; what an old run spends stays with the old day."""
    ledger.set_cap("acme", Per.DAY, TENTH, NOON)
    ledger.open(request("r"), NOON)
    tomorrow = NOON + timedelta(days=1)
    assert ledger.open(request("s"), tomorrow).granted
    ledger.close("r", [spent("1", "0.1")], tomorrow)
    days = {each.period: each.budget for each in ledger.accounts(tomorrow) if each.per is Per.DAY}
    assert days == {"2026-11-25": booked(leased="0.1")}


def test_many_at_once_never_pass_the_cap(ledger: TenantLedger) -> None:
    """Forty ask from eight threads for what ten may have."""
    ledger.set_cap("acme", Per.DAY, Decimal(1), NOON)
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda n: ledger.open(request(f"r{n}"), NOON), range(40)))
    assert sum(answer.granted for answer in answers) == 10
    assert total(ledger) == booked(leased="1")
    audited = lines(ledger)
    assert [each.free_after for each in audited[:-1]] == [each.free_before for each in audited[1:]]


def test_a_lease_that_nobody_granted_is_refused(ledger: TenantLedger) -> None:
    """A ledger that was put back to an older copy does not invent one."""
    with pytest.raises(NoLease, match="knows no lease r"):
        ledger.close("r", [spent("1", "0.1")], NOON)


@pytest.mark.parametrize(
    "rewrite", [lambda: update(audit).values(tenant="other"), lambda: delete(audit)], ids=["update", "delete"]
)
def test_the_audit_is_append_only(ledger: TenantLedger, rewrite: Callable[[], Any]) -> None:
    """The database itself refuses to change what was written down."""
    ledger.open(request("r"), NOON)
    with pytest.raises(DatabaseError, match="append-only"), ledger.database.transaction() as db:
        db.execute(rewrite())


def test_workers_that_start_at_once_upgrade_one_after_the_other(database_url: str) -> None:
    """The first makes the tables, the others find them."""
    databases = [Database(database_url) for _ in range(6)]
    with ThreadPoolExecutor(6) as threads:
        list(threads.map(Database.upgrade, databases))
    assert databases[0].is_current()
    for each in databases:
        each.close()


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("nonsense", "is no URL; give"),
        ("mysql://u:secret@h/db", "cannot hold the ledger; give"),
        ("sqlite://", "cannot hold the ledger; give"),
    ],
)
def test_a_url_of_another_kind_is_refused_in_one_line(url: str, says: str) -> None:
    """The line names the variable and what may be given, and no password."""
    with pytest.raises(DatabaseError, match=says) as refused:
        database_url(url)
    assert "TENUTO_DATABASE_URL" in str(refused.value)
    assert "secret" not in str(refused.value)


def test_a_database_that_is_away_is_told_in_one_line_without_its_password() -> None:
    """Nobody listens at port 1."""
    with pytest.raises(DatabaseError) as refused:
        Database("postgresql://u:secret@127.0.0.1:1/ledger").upgrade()
    assert "check TENUTO_DATABASE_URL" in str(refused.value)
    assert "secret" not in str(refused.value)
    assert "\n" not in str(refused.value)
