"""Tokens a minute, held over every worker: each attempt has a place in time before it is sent.

Time is cut into slots. A place is a slot and the most tokens that its attempt can take; in any minute there
are never more than the limit. An attempt that does not fit now is given the next place that is free behind
all others, and told when to come back for it, so waiting attempts have one order and no second refusal.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, func, select, update
from sqlalchemy.dialects import postgresql, sqlite

from activities.database import Database
from activities.provider_tables import token_windows

__all__ = ["LATE_SLOTS", "SLOT_S", "WINDOW_SLOTS", "TokenWindows"]

SLOT_S = 2
# Timers, queues and workers take their time: an attempt may come so much after its slot.
LATE_SLOTS = 3
# Clocks differ a little, and who comes back too early would be sent away again.
MARGIN_S = 0.5
# A minute touches 31 slots, and what was sent in them may have had its place a little earlier.
WINDOW_SLOTS = 60 // SLOT_S + 1 + LATE_SLOTS

OURS = token_windows.c


class TokenWindows:
    """Blocks for as long as a transaction takes; every method is one, and raises DatabaseError."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def take(self, route: str, place: str, tokens: int, limit: int, moment: datetime) -> float:
        """0 when so many tokens may be sent now, else the seconds until this attempt's turn.

        `place` is `STEP/ATTEMPT`: whoever was refused comes back as another attempt of the same step. More
        than the limit is never asked for at once: such an attempt takes a whole minute for itself.
        """
        now = int(moment.timestamp()) // SLOT_S
        step = place.rpartition("/")[0]
        with self.database.transaction() as db:
            lock(db, route)
            db.execute(delete(token_windows).where(*of(route), OURS.slot <= now - WINDOW_SLOTS))
            mine = db.execute(select(OURS.slot).where(*of(route, step))).scalar_one_or_none()
            if mine is None or mine < now - LATE_SLOTS:
                db.execute(delete(token_windows).where(*of(route, step)))
                mine = free_slot(db, route, min(tokens, limit), limit, now)
                db.execute(new(db, route, step, mine, min(tokens, limit)))
            if mine > now:
                return float(mine * SLOT_S + MARGIN_S - moment.timestamp())
            db.execute(update(token_windows).where(*of(route, step)).values(place=place))
            return 0.0

    def correct(self, route: str, place: str, billed: int) -> None:
        """What an attempt really took, once its provider said so."""
        with self.database.transaction() as db:
            db.execute(update(token_windows).where(*of(route, place)).values(tokens=billed))


def free_slot(db: Connection, route: str, tokens: int, limit: int, now: int) -> int:
    """The first slot from now on, behind every place that is taken, in which so many tokens fit."""
    rows = db.execute(
        select(OURS.slot, func.sum(OURS.tokens)).where(*of(route), OURS.place != "").group_by(OURS.slot)
    )
    taken = {slot: int(total) for slot, total in rows}
    slot: int = max([now, *taken])
    # With `tokens` at most the limit, this ends at the latest when every place has left the window.
    while sum(total for at, total in taken.items() if at > slot - WINDOW_SLOTS) + tokens > limit:
        slot += 1
    return slot


def of(route: str, place: str | None = None) -> list[Any]:
    return [OURS.route == route, *([OURS.place == place] if place is not None else [OURS.place != ""])]


def lock(db: Connection, route: str) -> None:
    """Wait for whoever looks for a place on this route."""
    db.execute(new(db, route, "", 0, 0).on_conflict_do_nothing())
    wanted = select(OURS.slot).where(OURS.route == route, OURS.place == "").with_for_update()
    db.execute(wanted).one()


def new(db: Connection, route: str, place: str, slot: int, tokens: int) -> Any:
    insert = (postgresql if db.dialect.name == "postgresql" else sqlite).insert(token_windows)
    return insert.values(route=route, place=place, slot=slot, tokens=tokens)
