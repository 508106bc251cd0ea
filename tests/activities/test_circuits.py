"""What opens a circuit, for how long, and that nobody asks meanwhile: over real HTTP, on both databases."""

import logging
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import monotonic

import pytest
from sqlalchemy import update

from activities.catalogue import load_catalogue
from activities.circuit_book import LONGEST, OPENINGS, PROBE, Circuit, CircuitBook
from activities.database import Database
from activities.models import ModelActivities
from activities.provider_gate import PATIENCE_S, ProviderGate
from activities.provider_tables import circuits
from contracts.attempts import Cost, Failure, Fault
from tests.activities.provider import SECRET, Provider, provider
from tests.fault_server import Behaviour, FaultServer, faults

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
NO_MONEY = faults.status(429, {"error": {"code": "insufficient_quota", "message": "scripted"}})
BUSY = faults.status(503)


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    opened = Database(database_url)
    opened.upgrade()
    yield opened
    opened.close()


@pytest.fixture
def book(database: Database) -> CircuitBook:
    return CircuitBook(database)


def failure(fault: Fault, retry_after_s: float | None = None) -> Failure:
    return Failure(fault=fault, cost=Cost.NONE, reason="scripted", retry_after_s=retry_after_s)


def seconds(circuit: Circuit | None, moment: datetime = NOON) -> float:
    assert circuit is not None
    return circuit.left(moment).total_seconds()


@pytest.mark.parametrize("fault", OPENINGS)
def test_a_circuit_opens_after_so_many_failures_in_a_row(book: CircuitBook, fault: Fault) -> None:
    """And stays open for its time, not before and not after."""
    opening = OPENINGS[fault]
    for number in range(1, opening.after):
        assert seconds(book.failed("large", failure(fault), NOON)) == 0, number
    opened = book.failed("large", failure(fault), NOON)
    assert opened == book.find("large")
    assert seconds(opened) == opening.time.total_seconds()
    assert seconds(opened, NOON + opening.time) == 0
    assert book.find("small") is None


def test_other_faults_open_nothing(book: CircuitBook) -> None:
    """A model that answers wrongly, or a request that is wrong, says nothing of the next one."""
    for fault in set(Fault) - OPENINGS.keys():
        for _ in range(6):
            assert book.failed("large", failure(fault), NOON) is None
    assert book.every() == []


def test_an_overloaded_provider_that_names_a_time_is_believed_at_once(book: CircuitBook) -> None:
    """But not for longer than a quarter of an hour; a time of nothing is none."""
    assert seconds(book.failed("a", failure(Fault.OVERLOADED, 42), NOON)) == 42
    assert seconds(book.failed("b", failure(Fault.OVERLOADED, 10**6), NOON)) == LONGEST.total_seconds()
    assert seconds(book.failed("c", failure(Fault.OVERLOADED, 0), NOON)) == 0


def test_an_opened_circuit_is_never_shortened_by_another_failure(book: CircuitBook) -> None:
    book.failed("large", failure(Fault.QUOTA_EXHAUSTED), NOON)
    later = book.failed("large", failure(Fault.OVERLOADED, 1), NOON + timedelta(seconds=1))
    assert seconds(later) == OPENINGS[Fault.QUOTA_EXHAUSTED].time.total_seconds()
    assert later is not None
    assert later.opened_at == NOON


def test_when_its_time_is_over_one_of_all_callers_may_try(book: CircuitBook) -> None:
    opened = book.failed("large", failure(Fault.QUOTA_EXHAUSTED), NOON)
    assert opened is not None
    assert opened.until is not None
    over = opened.until
    with ThreadPoolExecutor(8) as callers:
        turns = list(callers.map(lambda _: book.take_turn("large", over, over), range(8)))
    assert sorted(turns) == [False] * 7 + [True]
    assert seconds(book.find("large"), over) == PROBE.total_seconds()


def test_failures_side_by_side_are_all_counted(book: CircuitBook) -> None:
    with ThreadPoolExecutor(8) as callers:
        list(callers.map(lambda _: book.failed("large", failure(Fault.SERVER_ERROR), NOON), range(8)))
    found = book.find("large")
    assert found is not None
    assert found.in_a_row == 8


def test_a_success_forgets_only_failures_from_before_it_began(book: CircuitBook) -> None:
    book.failed("large", failure(Fault.QUOTA_EXHAUSTED), NOON)
    assert not book.close("large", NOON - timedelta(seconds=1))
    assert book.close("large", NOON + timedelta(seconds=1))
    assert not book.close("large")


class Workers:
    """Two, as two processes would be: nothing in common but the provider and the database."""

    def __init__(self, server: FaultServer, first: Provider, second: Provider) -> None:
        self.server = server
        self.first = first
        self.second = second

    async def failed(self, worker: Provider, *behaviours: Behaviour) -> Failure:
        self.server.script(*behaviours)
        return await worker.failure()


def patient(database: Database) -> ProviderGate:
    """What a circuit does is shown by a database that answers, however busy the machine is."""
    return ProviderGate(database, patience_s=60)


@asynccontextmanager
async def two_workers(
    url: str, folder: Path, profile: str = "keyed", changed: str = ""
) -> AsyncIterator[Workers]:
    async with AsyncExitStack() as stack:
        databases = [Database(url), Database(url)]
        for database in databases:
            stack.callback(database.close)
        first = await stack.enter_async_context(
            provider(profile, folder=folder, gate=patient(databases[0]), changed=changed)
        )
        catalogue = load_catalogue(folder / "models.toml", {"SCRIPTED_KEY": SECRET})
        models = ModelActivities(catalogue, gate=patient(databases[1]))
        stack.push_async_callback(models.close)
        yield Workers(first.server, first, Provider(first.server, models, profile))


def end_the_time(database: Database) -> None:
    """As if it were over by now."""
    with database.transaction() as db:
        db.execute(update(circuits).values(until=datetime.now(UTC) - timedelta(seconds=1)))


async def test_what_one_worker_learned_the_other_does_not_ask(database: Database, tmp_path: Path) -> None:
    """One request in all; the other attempt costs nothing and says when to come again."""
    async with two_workers(database.url.render_as_string(hide_password=False), tmp_path) as workers:
        told = await workers.failed(workers.first, NO_MONEY)
        kept_back = [await workers.second.failure(), await workers.first.failure()]
        assert len(workers.server.entries) == 1
    assert told.fault is Fault.QUOTA_EXHAUSTED
    for each in kept_back:
        assert (each.fault, each.cost) == (Fault.CIRCUIT_OPEN, Cost.NONE)
        assert each.retry_after_s is not None
        assert 290 < each.retry_after_s <= 300
        assert each.reason.startswith("keyed is left alone until ")
        assert each.reason.endswith("Z: quota_exhausted")


async def test_after_its_time_one_attempt_tries_and_its_success_closes(
    database: Database, tmp_path: Path
) -> None:
    async with two_workers(database.url.render_as_string(hide_password=False), tmp_path) as workers:
        await workers.failed(workers.first, NO_MONEY)
        end_the_time(database)
        assert (await workers.second.read()).usage is not None
        assert CircuitBook(database).every() == []
        assert len(workers.server.entries) == 2


async def test_an_attempt_that_tries_in_vain_opens_it_again(database: Database, tmp_path: Path) -> None:
    async with two_workers(database.url.render_as_string(hide_password=False), tmp_path) as workers:
        await workers.failed(workers.first, NO_MONEY)
        end_the_time(database)
        assert (await workers.failed(workers.second, NO_MONEY)).fault is Fault.QUOTA_EXHAUSTED
        assert (await workers.second.failure()).fault is Fault.CIRCUIT_OPEN
        assert len(workers.server.entries) == 2


async def test_a_success_in_between_begins_the_count_anew(database: Database, tmp_path: Path) -> None:
    """Twice overloaded, a good reply, twice overloaded: still asked."""
    async with two_workers(database.url.render_as_string(hide_password=False), tmp_path) as workers:
        for _ in range(2):
            await workers.failed(workers.first, BUSY, BUSY)
            await workers.first.failure()
            await workers.first.read()
        assert len(workers.server.entries) == 6
        await workers.failed(workers.first, BUSY, BUSY, BUSY)
        await workers.first.failure()
        await workers.first.failure()
        assert (await workers.first.failure()).fault is Fault.CIRCUIT_OPEN
        assert len(workers.server.entries) == 9


async def test_a_route_may_do_without_a_circuit(database: Database, tmp_path: Path) -> None:
    url = database.url.render_as_string(hide_password=False)
    async with two_workers(url, tmp_path, "streaming", "circuit = false\n") as workers:
        for _ in range(2):
            assert (await workers.failed(workers.first, NO_MONEY)).fault is Fault.QUOTA_EXHAUSTED
        assert CircuitBook(database).every() == []


async def test_a_key_that_only_this_worker_lacks_opens_nothing(database: Database, tmp_path: Path) -> None:
    """The provider said nothing: another worker has the key."""
    async with provider(folder=tmp_path, env={}, gate=ProviderGate(database)) as asked:
        assert (await asked.failure()).fault is Fault.UNAUTHORISED
    assert CircuitBook(database).every() == []


async def test_a_database_that_hangs_holds_up_one_call_for_a_second(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A writer that never ends has SQLite; the next calls do not ask it at all."""
    asked_at, find = [], CircuitBook.find

    def noted(book: CircuitBook, route: str) -> Circuit | None:
        asked_at.append(monotonic())
        return find(book, route)

    monkeypatch.setattr(CircuitBook, "find", noted)
    database = Database(f"sqlite:///{tmp_path / 'busy.db'}")
    database.upgrade()
    async with provider(folder=tmp_path, gate=ProviderGate(database, away_s=600)) as asked:
        with database.transaction():
            assert (await asked.read()).usage is not None
            assert monotonic() - asked_at[0] >= PATIENCE_S
            for _ in range(4):
                assert (await asked.read()).usage is not None
            assert len(asked_at) == 1
    database.close()


async def test_a_database_that_is_away_stops_no_call_and_is_told_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Here it has no tables; failures and successes pass as if there were no circuits."""
    database = Database(f"sqlite:///{tmp_path / 'empty.db'}")
    caplog.set_level(logging.WARNING)
    async with provider(folder=tmp_path, gate=ProviderGate(database, away_s=0)) as asked:
        assert (await asked.failure(NO_MONEY)).fault is Fault.QUOTA_EXHAUSTED
        assert (await asked.read()).usage is not None
    database.close()
    assert [each.name for each in caplog.records] == ["activities.provider_gate"]
    assert "circuits and token limits are not watched: sqlite:///" in caplog.text
