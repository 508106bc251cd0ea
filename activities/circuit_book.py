"""Circuits: which routes every worker leaves alone for a while, because their provider said why."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, delete, select, update
from sqlalchemy.dialects import postgresql, sqlite

from activities.database import Database
from activities.provider_tables import circuits
from contracts.attempts import Failure, Fault

__all__ = ["OPENINGS", "PROBE", "Circuit", "CircuitBook", "Opening"]


@dataclass(frozen=True)
class Opening:
    """After how many failures in a row a route is left alone, and for how long if nothing says longer."""

    after: int
    time: timedelta


OPENINGS = {
    # Only a person with a card ends this; the next attempts would all fail, each after a round trip.
    Fault.QUOTA_EXHAUSTED: Opening(after=1, time=timedelta(minutes=5)),
    # Or a person with a key. Shorter, since a key is set within a minute and 403 may mean one request.
    Fault.UNAUTHORISED: Opening(after=1, time=timedelta(minutes=2)),
    # Says little by itself, and runs wait between their own attempts; three in a row are no accident.
    Fault.OVERLOADED: Opening(after=3, time=timedelta(seconds=10)),
    # Each of these may have been paid for, so after five in a row nobody pays for a sixth at once.
    Fault.SERVER_ERROR: Opening(after=5, time=timedelta(seconds=15)),
}
# A provider's own wait is believed up to here: it may change its mind, and one attempt finds out.
LONGEST = timedelta(minutes=15)
# When the time is over one attempt tries, and the others leave it this long to find out. Most answers are
# there by then; where they are not, one more attempt does no harm.
PROBE = timedelta(seconds=5)


@dataclass(frozen=True)
class Circuit:
    """A route that failed and has not answered since."""

    route: str
    fault: Fault
    in_a_row: int
    failed_at: datetime
    opened_at: datetime | None
    until: datetime | None
    """None while it is only counted."""

    def left(self, moment: datetime) -> timedelta:
        """How long nobody asks; zero when it is closed or its time is over."""
        return max(timedelta(0), self.until - moment) if self.until is not None else timedelta(0)


class CircuitBook:
    """Blocks for as long as a transaction takes; every method is one, and raises DatabaseError."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def every(self) -> list[Circuit]:
        """Those that are open, or counted towards it, by route."""
        with self.database.transaction() as db:
            return [circuit_of(row) for row in db.execute(select(circuits).order_by(circuits.c.route))]

    def find(self, route: str) -> Circuit | None:
        with self.database.transaction() as db:
            return found(db, route)

    def failed(self, route: str, failure: Failure, moment: datetime) -> Circuit | None:
        """Count a failure, and open the circuit where that is due. None for a fault that opens none."""
        opening = OPENINGS.get(failure.fault)
        if opening is None:
            return None
        with self.database.transaction() as db:
            db.execute(new_row(db, route, failure.fault, moment))
            before = found(db, route, locked=True)
            assert before is not None  # noqa: S101 - it has just been written, and is locked
            after = counted(before, failure, opening, moment)
            values = {"fault": after.fault.value, "in_a_row": after.in_a_row, "failed_at": after.failed_at}
            db.execute(
                update(circuits)
                .where(circuits.c.route == route)
                .values(**values, opened_at=after.opened_at, until=after.until)
            )
            return after

    def take_turn(self, route: str, over: datetime, moment: datetime) -> bool:
        """Whether this caller may try a circuit whose time was over at `over`: one of all may."""
        with self.database.transaction() as db:
            taken = db.execute(
                update(circuits)
                .where(circuits.c.route == route, circuits.c.until == over)
                .values(until=moment + PROBE)
            )
            return taken.rowcount == 1

    def close(self, route: str, begun_at: datetime | None = None) -> bool:
        """Forget the failures of a route; with `begun_at` those from before an attempt that succeeded."""
        forgotten = delete(circuits).where(circuits.c.route == route)
        if begun_at is not None:
            forgotten = forgotten.where(circuits.c.failed_at <= begun_at)
        with self.database.transaction() as db:
            return db.execute(forgotten).rowcount == 1


def counted(before: Circuit, failure: Failure, opening: Opening, moment: datetime) -> Circuit:
    """The circuit after one more failure."""
    in_a_row, until, opened_at = before.in_a_row + 1, before.until, before.opened_at
    # A provider that is overloaded and names a time is believed at once.
    named = failure.retry_after_s if failure.fault is Fault.OVERLOADED else None
    if named or in_a_row >= opening.after:
        wait = min(timedelta(seconds=named), LONGEST) if named else opening.time
        until = max(moment + wait, until or moment)
        opened_at = opened_at or moment
    return Circuit(before.route, failure.fault, in_a_row, moment, opened_at, until)


def found(db: Connection, route: str, *, locked: bool = False) -> Circuit | None:
    wanted = select(circuits).where(circuits.c.route == route)
    row = db.execute(wanted.with_for_update() if locked else wanted).one_or_none()
    return None if row is None else circuit_of(row)


def circuit_of(row: Row[Any]) -> Circuit:
    return Circuit(row.route, Fault(row.fault), row.in_a_row, row.failed_at, row.opened_at, row.until)


def new_row(db: Connection, route: str, fault: Fault, moment: datetime) -> Any:
    """An insert that may meet somebody else's; each database's own."""
    insert = (postgresql if db.dialect.name == "postgresql" else sqlite).insert(circuits)
    values = {"route": route, "fault": fault.value, "in_a_row": 0, "failed_at": moment}
    return insert.values(**values).on_conflict_do_nothing()
