"""The table of records, on both databases: which document has the row, and what becomes of the others."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from alembic import command
from sqlalchemy import insert, select, text

from activities import ledger_releases
from activities.database import Database
from activities.ledger_tables import record_versions, records
from activities.records import written
from contracts.extraction import WriteRecord, WrittenAs

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
NEW, UPDATED, UNCHANGED = WrittenAs.NEW, WrittenAs.UPDATED, WrittenAs.UNCHANGED
FIELDS = {"total": "12", "lines": [{"what": "Tea", "price": "12"}]}


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    opened = Database(database_url)
    opened.upgrade()
    yield opened
    opened.close()


def write(
    database: Database,
    content: str,
    hour: int | None,
    record: dict[str, Any] = FIELDS,
    source: str = "bill.txt",
) -> tuple[WrittenAs, int]:
    """A document that was given so many hours after noon."""
    request = WriteRecord(
        tenant="acme",
        source=source,
        digest=content * 64,
        record_type="bill",
        record=record,
        places={},
        given_at=None if hour is None else NOON + timedelta(hours=hour),
    )
    with database.transaction() as connection:
        done = written(connection, request, f"key/{content}", NOON + timedelta(days=1))
    return done.what, done.version


def rows(database: Database, table: Any = records) -> list[tuple[str, int]]:
    with database.reading() as connection:
        found = connection.execute(select(table).order_by(table.c.source, table.c.version))
        return [(row.digest[0], row.version) for row in found]


def test_the_document_that_was_given_last_has_the_row_not_the_one_that_is_written_last(
    database: Database,
) -> None:
    """A retry whose acknowledgement was lost, or a person who agreed a day later, changes nothing."""
    assert write(database, "1", 1) == (NEW, 1)
    assert write(database, "2", 2) == (UPDATED, 2)
    assert write(database, "1", 1) == (WrittenAs.SUPERSEDED, 2)
    assert write(database, "2", 2) == (UNCHANGED, 2)
    assert rows(database) == [("2", 2)]
    assert rows(database, record_versions) == [("1", 1), ("2", 2)]


def test_an_older_content_that_is_given_anew_is_the_next_version(database: Database) -> None:
    """As `--again` does."""
    assert [write(database, content, hour) for hour, content in enumerate("121")] == [
        (NEW, 1),
        (UPDATED, 2),
        (UPDATED, 3),
    ]
    assert rows(database) == [("1", 3)]


def test_a_document_given_again_unchanged_is_later_than_one_that_still_waits(database: Database) -> None:
    """One was given at one o'clock and again at three: what was given at two is older."""
    assert write(database, "1", 1) == (NEW, 1)
    assert write(database, "1", 3) == (UNCHANGED, 1)
    assert write(database, "2", 2) == (WrittenAs.SUPERSEDED, 1)
    assert rows(database) == [("1", 1)]


def test_another_name_has_its_own_row(database: Database) -> None:
    assert write(database, "2", 2, source="a/bill.txt") == (NEW, 1)
    assert write(database, "1", 1, source="b/bill.txt") == (NEW, 1)
    assert write(database, "2", 3, source="copy.txt") == (UNCHANGED, 1)
    assert rows(database) == [("2", 1), ("1", 1)]


@pytest.mark.parametrize(
    "other",
    [
        {**FIELDS, "tax": "2"},
        {"total": "12", "rows": FIELDS["lines"]},
        {"total": "12", "lines": [{"what": "Tea", "price": "12", "pieces": "3"}]},
    ],
)
def test_the_same_document_with_other_fields_or_columns_is_the_next_version(
    database: Database, other: dict[str, Any]
) -> None:
    assert write(database, "1", 1) == (NEW, 1)
    assert write(database, "1", 2, other) == (UPDATED, 2)
    assert write(database, "1", 3, other) == (UNCHANGED, 2)


def test_rows_found_where_none_were_are_written_and_none_found_where_some_were_are_not(
    database: Database,
) -> None:
    """Without a row nobody knows the columns."""
    empty = {"total": "12", "lines": list[Any]()}
    assert write(database, "1", 1, empty) == (NEW, 1)
    assert write(database, "1", 2) == (UPDATED, 2)
    assert write(database, "1", 3, empty) == (UNCHANGED, 2)


def test_what_an_older_release_wrote_is_older_than_anything(database_url: str) -> None:
    """Its rows stay, and the next document of the name is given later."""
    database = Database(database_url)
    held = {"tenant": "acme", "record_type": "bill", "source": "bill.txt", "version": 4, "digest": "1" * 64}
    content = {"record": FIELDS, "places": {}, "doubts": [], "written_by": "key", "written_at": NOON}
    with database.transaction() as connection:
        config = ledger_releases.configuration()
        config.attributes["connection"] = connection
        command.upgrade(config, "0004")
        for table in (records, record_versions):
            connection.execute(insert(table).values(**held, **content))
    database.upgrade()
    with database.reading() as connection:
        assert connection.execute(text("SELECT given_at FROM records")).scalars().all() == [None]
    assert write(database, "1", None) == (UNCHANGED, 4)
    assert write(database, "2", 0) == (UPDATED, 5)
    assert write(database, "3", None) == (WrittenAs.SUPERSEDED, 5)
    database.close()
