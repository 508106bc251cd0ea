"""Records in a table of the ledger's database: one row for each document's name, each version kept."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, func, insert, select, update
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
    """Within one transaction: the same document changes nothing, a changed one is the next version."""
    alike = (records.c.tenant == request.tenant) & (records.c.record_type == request.record_type)
    same = connection.execute(select(records.c.version).where(alike, records.c.digest == request.digest))
    if (version := same.scalars().first()) is not None:
        return Written(what=WrittenAs.UNCHANGED, version=version)
    mine = alike & (records.c.source == request.source)
    row = connection.execute(select(records.c.version).where(mine).with_for_update()).one_or_none()
    version = 1 if row is None else row.version + 1
    content = {
        "digest": request.digest,
        "version": version,
        "record": request.record,
        "places": request.places,
        "doubts": [each.model_dump() for each in request.doubts],
        "written_by": key,
        "written_at": now,
    }
    name = {"tenant": request.tenant, "record_type": request.record_type, "source": request.source}
    connection.execute(insert(record_versions).values({**name, **content}))
    if row is None:
        connection.execute(insert(records).values({**name, **content}))
        return Written(what=WrittenAs.NEW, version=version)
    connection.execute(update(records).where(mine).values(content))
    return Written(what=WrittenAs.UPDATED, version=version)


def rows_of(connection: Connection, tenant: str) -> dict[str, dict[str, Any]]:
    """The tenant's records as they stand in the table, by the digest of their document."""
    found = connection.execute(select(records.c.digest, records.c.record).where(records.c.tenant == tenant))
    return {row.digest: row.record for row in found}


def versions_of(connection: Connection, tenant: str) -> int:
    """How many versions of them were ever written."""
    mine = select(func.count()).select_from(record_versions).where(record_versions.c.tenant == tenant)
    return connection.execute(mine).scalar_one()
