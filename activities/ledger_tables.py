"""The ledger's tables as the code sees them; activities/migrations makes them."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    Date,
    DateTime,
    Dialect,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    TypeDecorator,
)

__all__ = [
    "LARGEST",
    "audit",
    "budgets",
    "caps",
    "leases",
    "metadata",
    "record_versions",
    "records",
    "settlements",
]

PLACES = 12
LARGEST = Decimal(2**63 - 1).scaleb(-PLACES)
"""More than nine million US dollars: what 64 bits of 10^-12 US dollars hold."""


class Money(TypeDecorator[Decimal]):
    """US dollars as whole numbers of 10^-12: exact on every database, and a Decimal here."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> Any:
        if value is None:
            return None
        whole = value.scaleb(PLACES)
        if whole != whole.to_integral_value() or abs(value) > LARGEST:
            raise OverflowError(f"{value} US dollars cannot be booked exactly")
        return int(whole)

    def process_result_value(self, value: Any, dialect: Dialect) -> Decimal | None:
        return None if value is None else Decimal(value).scaleb(-PLACES)


class Moment(TypeDecorator[datetime]):
    """A moment in UTC; SQLite keeps no zone."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


metadata = MetaData()

caps = Table(
    "caps",
    metadata,
    Column("tenant", String(64), primary_key=True),
    Column("per", String(8), primary_key=True),
    Column("cap", Money, nullable=False),
)

# The row of the period `total` is the one that every change of a tenant's books locks first.
budgets = Table(
    "budgets",
    metadata,
    Column("tenant", String(64), primary_key=True),
    Column("period", String(10), primary_key=True),
    Column("leased", Money, nullable=False),
    Column("settled", Money, nullable=False),
    Column("unknown", Money, nullable=False),
)

leases = Table(
    "leases",
    metadata,
    Column("lease", String(80), primary_key=True),
    Column("workflow", String(200), nullable=False),
    Column("workflow_id", String(1000), nullable=False),
    Column("tenant", String(64), nullable=False),
    Column("profile", String(64), nullable=False),
    Column("amount", Money, nullable=False),
    Column("rest", Money, nullable=False),
    Column("day", Date, nullable=False),
    Column("opened_at", Moment, nullable=False),
    Column("closed_at", Moment),
)

settlements = Table(
    "settlements",
    metadata,
    Column("lease", String(80), ForeignKey(leases.c.lease), primary_key=True),
    Column("attempt_id", String(80), primary_key=True),
    Column("step", String(200), nullable=False),
    Column("step_number", Integer, nullable=False),
    Column("route", String(64), nullable=False),
    Column("model", String(200), nullable=False),
    Column("end", String(16), nullable=False),
    Column("usd", Money, nullable=False),
    Column("tokens", BigInteger, nullable=False),
    Column("calls", Integer, nullable=False),
    Column("fault", String(40)),
    Column("booked_at", Moment, nullable=False),
    # US dollars per million tokens; empty where an older release booked, or nobody knows.
    Column("price_input", Money),
    Column("price_output", Money),
)

audit = Table(
    "audit",
    metadata,
    Column("number", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    Column("at", Moment, nullable=False),
    Column("what", String(16), nullable=False),
    Column("tenant", String(64), nullable=False),
    Column("lease", String(80)),
    Column("amount", Money),
    Column("free_before", Money),
    Column("free_after", Money),
    Column("attempt_id", String(80)),
    Column("source", String(64)),
)


def record_columns() -> list[Column[Any]]:
    """Of a row and of each of its versions."""
    return [
        Column("digest", String(64), nullable=False),
        Column("record", JSON, nullable=False),
        Column("places", JSON, nullable=False),
        Column("doubts", JSON, nullable=False),
        Column("written_by", String(1000), nullable=False),
        Column("written_at", Moment, nullable=False),
        # When the run that wrote it was started; empty where an older release wrote.
        Column("given_at", Moment),
    ]


records = Table(
    "records",
    metadata,
    Column("tenant", String(64), primary_key=True),
    Column("record_type", String(40), primary_key=True),
    Column("source", String(250), primary_key=True),
    Column("version", Integer, nullable=False),
    *record_columns(),
    Index("records_by_digest", "tenant", "record_type", "digest"),
)

record_versions = Table(
    "record_versions",
    metadata,
    Column("tenant", String(64), primary_key=True),
    Column("record_type", String(40), primary_key=True),
    Column("source", String(250), primary_key=True),
    Column("version", Integer, primary_key=True),
    *record_columns(),
)
