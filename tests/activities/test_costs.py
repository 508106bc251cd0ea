"""What runs cost, on both databases: each kind of money apart, at both grains, read without a trace."""

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import insert, text

from activities.costs import By, Cost, Wanted, costs, operations
from activities.database import Database, DatabaseError
from activities.ledger_tables import settlements
from activities.tenant_ledger import TenantLedger
from contracts.attempts import Fault
from tests.activities.costs_world import NOON, PRICE, attempt, run

ALL = Wanted()


@pytest.fixture
def ledger(database_url: str) -> Iterator[TenantLedger]:
    """Two tenants, three workflow ids: one reset, one open, one vanished."""
    database = Database(database_url)
    database.upgrade()
    kept = TenantLedger(database)
    first = [
        attempt("1.1", billed=(1_000, 100), fault=Fault.CUT_SHORT),
        attempt("1.2", billed=(1_000, 200), model="gpt-4o"),
        attempt("2.1", step=2, task="draft_reply"),
    ]
    run(kept, "a", first, workflow_id="resolve-ticket/acme/1")
    again = [attempt("2.2", step=2, task="draft_reply", billed=(500, 50))]
    run(kept, "b", again, workflow_id="resolve-ticket/acme/1", at=NOON + timedelta(days=1))
    run(kept, "c", None)
    run(kept, "d", None, tenant="bolt")
    kept.forfeit("d", NOON)
    yield kept
    database.close()


def by(ledger: TenantLedger, key: By, wanted: Wanted = ALL) -> tuple[dict[str | None, Cost], Cost]:
    with ledger.database.reading() as db:
        rows, whole = costs(db, wanted, key)
    return {each.key: each for each in rows}, whole


def test_proven_unknown_and_held_are_never_merged(ledger: TenantLedger) -> None:
    """By tenant: what was billed, the hold of a lost call, and the rest of an open lease, each apart."""
    rows, whole = by(ledger, By.TENANT)
    assert rows["acme"] == Cost(
        key="acme",
        attempts=4,
        unknown_attempts=1,
        operations=3,
        tokens=2_850,
        proven=PRICE.of(2_500, 350),
        failed=PRICE.of(1_000, 100),
        unknown=PRICE.of(3_000, 500),
        held=Decimal("0.05"),
    )
    assert rows["bolt"] == Cost(key="bolt", unknown=Decimal("0.05"))
    assert (whole.proven, whole.unknown) == (PRICE.of(2_500, 350), PRICE.of(3_000, 500) + Decimal("0.05"))


def test_an_operation_along_two_models_is_one_in_the_sum(ledger: TenantLedger) -> None:
    """Each model has its attempts; the sum does not count the step twice."""
    rows, whole = by(ledger, By.MODEL)
    assert (rows["gpt-4o"].operations, rows["gpt-4o-mini"].operations) == (1, 3)
    assert whole.operations == 3


def test_what_has_no_task_yet_is_nobody_s(ledger: TenantLedger) -> None:
    """An open lease, and a run that vanished: money without an attempt."""
    rows, _ = by(ledger, By.TASK)
    assert rows.keys() == {"read_ticket", "draft_reply", None}
    assert rows[None] == Cost(unknown=Decimal("0.05"), held=Decimal("0.05"))


def test_every_run_of_a_workflow_id_counts(ledger: TenantLedger) -> None:
    """A reset refunds nothing."""
    rows, _ = by(ledger, By.RUN)
    assert rows["resolve-ticket/acme/1"].proven == PRICE.of(2_500, 350)


def test_days_are_those_in_which_runs_began(ledger: TenantLedger) -> None:
    rows, _ = by(ledger, By.DAY)
    assert list(rows) == ["2026-11-20", "2026-11-21"]
    assert rows["2026-11-21"].proven == PRICE.of(500, 50)


@pytest.mark.parametrize("key", list(By))
def test_rows_add_up_to_the_sum(ledger: TenantLedger, key: By) -> None:
    rows, whole = by(ledger, key)
    for name in ("attempts", "tokens", "proven", "failed", "unknown", "held"):
        assert sum(getattr(each, name) for each in rows.values()) == getattr(whole, name)


def test_only_what_is_asked_for_counts(ledger: TenantLedger) -> None:
    """Since a moment and until before another; of one tenant."""
    tomorrow = NOON + timedelta(days=1)
    assert by(ledger, By.RUN, Wanted(since=tomorrow))[1] == by(ledger, By.DAY, Wanted(since=tomorrow))[1]
    assert by(ledger, By.RUN, Wanted(since=tomorrow))[1].proven == PRICE.of(500, 50)
    assert by(ledger, By.RUN, Wanted(until=tomorrow))[1].proven == PRICE.of(2_000, 300)
    assert by(ledger, By.RUN, Wanted(tenant="bolt"))[1].attempts == 0


def test_an_operation_costs_its_attempts_together(ledger: TenantLedger) -> None:
    """The failed one too; dearest first, a lost one at its worst case."""
    with ledger.database.reading() as db:
        found = operations(db, ALL)
    assert [(each.run, each.number, each.cost.attempts) for each in found] == [
        ("a", 2, 1),
        ("a", 1, 2),
        ("b", 2, 1),
    ]
    assert (found[1].cost.proven, found[1].cost.failed) == (PRICE.of(2_000, 300), PRICE.of(1_000, 100))
    assert (found[0].cost.proven, found[0].cost.unknown) == (Decimal(0), PRICE.of(3_000, 500))


def test_reading_makes_nothing(tmp_path: Path) -> None:
    """Where there is no ledger it says so."""
    file = tmp_path / "ledger.db"
    with (
        pytest.raises(DatabaseError, match="there is no ledger yet"),
        Database(f"sqlite:///{file}").reading(),
    ):
        pass
    assert not file.exists()


def test_reading_an_empty_database_leaves_it_empty(database_url: str) -> None:
    database = Database(database_url)
    with database.transaction():
        pass
    with pytest.raises(DatabaseError, match="there is no ledger yet"), database.reading():
        pass
    with database.transaction() as db:
        assert not db.dialect.has_table(db, "leases")
    database.close()


@pytest.mark.parametrize(("release", "says"), [("0001", "older release"), ("9999", "newer release")])
def test_another_release_is_refused_and_left_as_it_is(ledger: TenantLedger, release: str, says: str) -> None:
    with ledger.database.transaction() as db:
        db.execute(text("UPDATE alembic_version SET version_num = :release"), {"release": release})
    with pytest.raises(DatabaseError, match=says), ledger.database.reading():
        pass
    with ledger.database.transaction() as db:
        assert db.scalar(text("SELECT version_num FROM alembic_version")) == release


def test_reading_can_change_nothing(ledger: TenantLedger) -> None:
    """The database itself refuses."""
    row = {"lease": "a", "booked_at": NOON, "attempt_id": "9", "step": "", "step_number": 1, "route": ""}
    more = {"model": "", "end": "settled", "usd": Decimal(1), "tokens": 0, "calls": 0}
    with pytest.raises(DatabaseError, match="read"), ledger.database.reading() as db:
        db.execute(insert(settlements).values(**row, **more))


def test_reading_waits_for_no_writer_and_holds_none_up(ledger: TenantLedger) -> None:
    """It sees what was there when it began."""
    with ledger.database.reading() as db:
        before = costs(db, ALL, By.TENANT)[1]
        run(ledger, "e", [attempt("9.1", billed=(1, 1))])
        assert costs(db, ALL, By.TENANT)[1] == before
    assert by(ledger, By.TENANT)[1].attempts == before.attempts + 1
