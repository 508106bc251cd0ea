"""Attempts as the tenants' ledger has them, and what a provider's export says of them."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, func, select

from activities.ledger_tables import leases, settlements
from activities.tenant_ledger import WHOLE
from contracts.receipts import AttemptEnd
from contracts.sheet import Price

__all__ = ["BookedAttempt", "Finding", "Found", "Proven", "attempts_by_id", "attempts_within", "open_since"]

# How many ids one question may name: below what any SQLite takes.
AT_ONCE = 500


class Finding(StrEnum):
    """Why something in an export proves nothing."""

    NOT_IN_LEDGER = "not in the ledger"
    NOT_TOLD_APART = "not told apart"
    NO_PRICE = "no price"
    OPEN_RUNS = "open runs"
    AT_THE_EDGE = "at the edge"
    TOO_RECENT = "too recent"
    # What contradicts the ledger:
    DIFFERS = "differs"
    ABOVE_HOLD = "above its hold"
    NEVER_BEGAN = "never began"
    OTHER_MODEL = "other model"
    FEWER_THAN_PROVEN = "fewer than proven"
    MORE_THAN_KNOWN = "more than known"

    @property
    def contradicts(self) -> bool:
        """Whether export and ledger cannot both be right; else the export only says too little."""
        return self in CONTRADICTIONS


CONTRADICTIONS = frozenset(
    {
        Finding.DIFFERS,
        Finding.ABOVE_HOLD,
        Finding.NEVER_BEGAN,
        Finding.OTHER_MODEL,
        Finding.FEWER_THAN_PROVEN,
        Finding.MORE_THAN_KNOWN,
    }
)


@dataclass(frozen=True)
class Found:
    """Something that was not booked, for a person."""

    finding: Finding
    place: str
    """A line of the file, or a span of time with its model."""
    words: str


@dataclass(frozen=True)
class BookedAttempt:
    """One row of the settlements, with its lease."""

    lease: str
    attempt_id: str
    tenant: str
    day: date
    workflow_id: str
    opened_at: datetime
    """Of its lease; where sums are judged, of the first lease of its workflow id."""
    booked_at: datetime
    route: str
    model: str
    end: AttemptEnd
    usd: Decimal
    """What is proven; of an unknown one, its hold."""
    tokens: int
    price: Price | None

    @property
    def is_unknown(self) -> bool:
        return self.end is AttemptEnd.UNKNOWN


@dataclass(frozen=True)
class Proven:
    """An attempt that was unknown, and what it cost."""

    attempt: BookedAttempt
    tokens: int
    usd: Decimal


COLUMNS = (
    *(
        settlements.c[name]
        for name in ("lease", "attempt_id", "booked_at", "route", "model", "end", "usd", "tokens")
    ),
    *(leases.c[name] for name in ("tenant", "day", "workflow_id", "opened_at")),
)
# A run that was reset may take its lease after an attempt: it began with the first lease of its id, or later.
EVERY_RUN = leases.alias("every_run")
began = (
    select(func.min(EVERY_RUN.c.opened_at))
    .where(EVERY_RUN.c.workflow_id == leases.c.workflow_id)
    .correlate(leases)
    .scalar_subquery()
)
PRICES = (settlements.c.price_input, settlements.c.price_output)


def attempts_by_id(db: Connection, names: Sequence[str]) -> Iterator[BookedAttempt]:
    """Those of these ids; an id that stands for a whole run is nobody's."""
    for at in range(0, len(names), AT_ONCE):
        asked = [name for name in names[at : at + AT_ONCE] if name != WHOLE]
        yield from told(
            db.execute(select(*COLUMNS, *PRICES).join(leases).where(settlements.c.attempt_id.in_(asked)))
        )


def attempts_within(db: Connection, start: datetime, end: datetime) -> Iterator[BookedAttempt]:
    """Those of runs that went on at any moment of a span of time, runs that vanished (as `*`) too."""
    named = [each for each in COLUMNS if each is not leases.c.opened_at]
    within = (began < end) & (settlements.c.booked_at >= start)
    wanted = select(*named, began.label("opened_at"), *PRICES).join_from(settlements, leases).where(within)
    yield from told(db.execute(wanted))


def open_since(db: Connection, end: datetime) -> Iterator[datetime]:
    """When those runs began that are open, of those before a moment."""
    yield from db.scalars(select(began).select_from(leases).where(leases.c.closed_at.is_(None), began < end))


def told(rows: Iterable[Any]) -> Iterator[BookedAttempt]:
    for row in rows:
        fields = dict(row._mapping)
        paid_in, paid_out = (fields.pop(each.name) for each in PRICES)
        known = paid_in is not None and paid_out is not None
        price = Price(input=paid_in, output=paid_out) if known else None
        yield BookedAttempt(**fields | {"end": AttemptEnd(fields["end"])}, price=price)
