"""Records in a table of the ledger's database: one row for each document's name, each version kept."""

import asyncio
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, func, insert, select, update
from temporalio import activity

from activities.database import Database, DatabaseError
from activities.failures import failed
from activities.heartbeats import heartbeating
from activities.ledger_tables import record_versions, records
from contracts.attempts import Cost, EffectCall, Fault
from contracts.extraction import WriteRecord, Written, WrittenAs, write_record

__all__ = ["RecordActivities", "rows_of", "versions_of", "written"]


class RecordActivities:
    """The activities that write records."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def activities(self) -> list[Callable[..., Any]]:
        """What a worker registers."""
        return [self.write_record]

    @activity.defn(name=write_record.name)
    async def write_record(self, request: WriteRecord, call: EffectCall) -> Written:
        """Write a row once for each document. Fails as `overloaded`, cost unknown, without a database."""
        # A database may be busy for longer than a heartbeat's timeout.
        async with heartbeating():
            return await asyncio.to_thread(self._write, request, call)

    def _write(self, request: WriteRecord, call: EffectCall) -> Written:
        try:
            with self._database.transaction() as connection:
                return written(connection, request, call.key, datetime.now(UTC))
        except DatabaseError as error:
            raise failed(Fault.OVERLOADED, Cost.UNKNOWN, str(error)) from None


def written(connection: Connection, request: WriteRecord, key: str, now: datetime) -> Written:
    """Within one transaction: the same document changes nothing, a changed one is the next version.

    Neither does one that was given before the one in the row: it comes late, from a person or another try.
    """
    alike = (records.c.tenant == request.tenant) & (records.c.record_type == request.record_type)
    mine = alike & (records.c.source == request.source)
    same = select(records.c.version, records.c.record).where(alike, records.c.digest == request.digest)
    for held in connection.execute(same):
        if holds_all(held.record, request.record):
            given_again(connection, mine & (records.c.digest == request.digest), request.given_at)
            return Written(what=WrittenAs.UNCHANGED, version=held.version)
    row = connection.execute(select(records).where(mine).with_for_update()).one_or_none()
    if row is not None and before(request.given_at, row.given_at):
        return Written(what=WrittenAs.SUPERSEDED, version=row.version)
    version = 1 if row is None else row.version + 1
    content = {
        "digest": request.digest,
        "version": version,
        "record": request.record,
        "places": request.places,
        "doubts": [each.model_dump() for each in request.doubts],
        "written_by": key,
        "written_at": now,
        "given_at": request.given_at,
    }
    name = {"tenant": request.tenant, "record_type": request.record_type, "source": request.source}
    connection.execute(insert(record_versions).values({**name, **content}))
    if row is None:
        connection.execute(insert(records).values({**name, **content}))
        return Written(what=WrittenAs.NEW, version=version)
    connection.execute(update(records).where(mine).values(content))
    return Written(what=WrittenAs.UPDATED, version=version)


def holds_all(held: Mapping[str, Any], record: Mapping[str, Any]) -> bool:
    """Whether both have the same fields and columns. A list without rows tells of no columns to be added."""
    return held.keys() == record.keys() and all(
        columns_of(value) in (set(), columns_of(held[name])) for name, value in record.items()
    )


def columns_of(value: Any) -> set[str]:
    return set(value[0]) if isinstance(value, list) and value else set()


def before(given: datetime | None, other: datetime | None) -> bool:
    """Whether one document was given before another; None is before any moment."""
    return other is not None and (given is None or given < other)


def given_again(connection: Connection, mine: ColumnElement[bool], at: datetime | None) -> None:
    """What is in the row now is what was given last; the row stays as it is."""
    if at is not None:
        older = records.c.given_at.is_(None) | (records.c.given_at < at)
        connection.execute(update(records).where(mine, older).values(given_at=at))


def rows_of(connection: Connection, tenant: str) -> dict[str, dict[str, Any]]:
    """The tenant's records as they stand in the table, by the digest of their document."""
    found = connection.execute(select(records.c.digest, records.c.record).where(records.c.tenant == tenant))
    return {row.digest: row.record for row in found}


def versions_of(connection: Connection, tenant: str) -> int:
    """How many versions of them were ever written."""
    mine = select(func.count()).select_from(record_versions).where(record_versions.c.tenant == tenant)
    return connection.execute(mine).scalar_one()
