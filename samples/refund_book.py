"""The payment service's book of refunds: what was charged, what was paid back, and under which key.

The journal is the book: a JSON line for each refund and each void, on disk before anyone hears of it, read
again at the start.
"""

import fcntl
import hashlib
import json
import os
import sqlite3
import threading
from collections.abc import Mapping
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path

__all__ = ["Done", "JournalError", "Refund", "RefundBook", "Refused", "Void", "charges_of"]


class Refused(Exception):
    """The service says no, with this HTTP status."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason


class JournalError(Exception):
    """The journal cannot be used; one line says why."""


@dataclass(frozen=True)
class Refund:
    """Money paid back under a key."""

    key: str
    order_number: str
    cents: int
    attempt_id: str
    """The X-Client-Request-Id that came with the request that did it."""

    @property
    def body(self) -> tuple[str, int]:
        """What was asked for."""
        return self.order_number, self.cents

    @property
    def refund_id(self) -> str:
        """Derived from the key, so that it is the same whenever it is asked for."""
        return "rf_" + hashlib.sha256(self.key.encode()).hexdigest()[:20]


@dataclass(frozen=True)
class Void:
    """The refund under `refund_key` is taken back, or refused should it still come."""

    key: str
    order_number: str
    refund_key: str
    existed: bool
    attempt_id: str

    @property
    def body(self) -> tuple[str, str]:
        """What was asked for."""
        return self.order_number, self.refund_key


@dataclass(frozen=True)
class Done:
    """What was done, and whether it had been done before under the same key."""

    entry: Refund | Void
    replayed: bool


def charges_of(shop: Path) -> dict[str, int]:
    """What each order of a shop's database cost, in cents."""
    with closing(sqlite3.connect(f"{shop.resolve().as_uri()}?mode=ro", uri=True)) as database:
        return dict(database.execute("SELECT number, total_cents FROM orders").fetchall())


class RefundBook:
    """All refunds and voids. Safe to use from many threads; one process owns a journal at a time."""

    def __init__(self, journal: Path, charges: Mapping[str, int]) -> None:
        self._charges = dict(charges)
        self._entries: dict[str, Refund | Void] = {}
        self._voids: dict[str, Void] = {}
        self._lock = threading.Lock()
        journal.parent.mkdir(parents=True, exist_ok=True)
        self._file = os.open(journal, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(self._file)
            raise JournalError(f"{journal} is in use by another payment service") from None
        self._read_again(journal)

    def close(self) -> None:
        """Give the journal free; whatever comes later is refused."""
        with self._lock:
            os.close(self._file)
            # The number may soon be another file's.
            self._file = -1

    def refund(self, key: str, order_number: str, cents: int, attempt_id: str) -> Done:
        """Pay back, once per key. Refused: 404 unknown order, 409 not possible, 422 key used otherwise."""
        with self._lock:
            if key in self._voids:
                raise Refused(409, "the refund under this key was voided")
            known = self._entries.get(key)
            if known is not None:
                if isinstance(known, Refund) and known.body == (order_number, cents):
                    return Done(known, replayed=True)
                raise Refused(422, "this idempotency key was used for another request")
            self._check(order_number, cents)
            return self._write(Refund(key, order_number, cents, attempt_id))

    def void(self, key: str, order_number: str, refund_key: str, attempt_id: str) -> Done:
        """Take a refund back, once per key; one that never arrived is refused from now on."""
        with self._lock:
            known = self._entries.get(key)
            if known is not None:
                if isinstance(known, Void) and known.body == (order_number, refund_key):
                    return Done(known, replayed=True)
                raise Refused(422, "this idempotency key was used for another request")
            target = self._entries.get(refund_key)
            if isinstance(target, Void) or (target is not None and target.order_number != order_number):
                raise Refused(409, f"refund_key does not belong to a refund of {order_number}")
            return self._write(Void(key, order_number, refund_key, target is not None, attempt_id))

    def refunds(self) -> list[tuple[Refund, bool]]:
        """Every refund ever made, oldest first, and whether it was voided."""
        with self._lock:
            made = [entry for entry in self._entries.values() if isinstance(entry, Refund)]
            return [(refund, refund.key in self._voids) for refund in made]

    def voids(self) -> list[Void]:
        """Every void ever made, oldest first."""
        with self._lock:
            return [entry for entry in self._entries.values() if isinstance(entry, Void)]

    def _check(self, order_number: str, cents: int) -> None:
        charged = self._charges.get(order_number)
        if charged is None:
            raise Refused(404, f"no charge is known for order {order_number}")
        if cents > charged:
            raise Refused(409, f"more than the {charged} cents that order {order_number} cost")
        made = [entry for entry in self._entries.values() if isinstance(entry, Refund)]
        if any(refund.order_number == order_number and refund.key not in self._voids for refund in made):
            raise Refused(409, f"order {order_number} was already refunded under another key")

    def _write(self, entry: Refund | Void) -> Done:
        kind = "refund" if isinstance(entry, Refund) else "void"
        if self._file < 0:
            raise Refused(503, "the service is stopping")
        end = os.fstat(self._file).st_size
        try:
            line = (json.dumps({"kind": kind, **asdict(entry)}) + "\n").encode()
            if os.write(self._file, line) != len(line):
                raise OSError("the journal is full")
            os.fsync(self._file)
        except OSError as error:
            os.ftruncate(self._file, end)
            raise Refused(500, f"the journal cannot be written: {error}") from error
        self._apply(entry)
        return Done(entry, replayed=False)

    def _apply(self, entry: Refund | Void) -> None:
        self._entries[entry.key] = entry
        if isinstance(entry, Void):
            self._voids[entry.refund_key] = entry

    def _read_again(self, journal: Path) -> None:
        lines = journal.read_bytes().splitlines(keepends=True)
        if lines and not lines[-1].endswith(b"\n"):
            # Cut by a crash in mid-write: nobody was told of it.
            os.ftruncate(self._file, sum(len(line) for line in lines[:-1]))
            lines.pop()
        for number, line in enumerate(lines, start=1):
            try:
                fields = json.loads(line)
                made = {"refund": Refund, "void": Void}[fields.pop("kind")]
                self._apply(made(**fields))
            except (ValueError, TypeError, KeyError, AttributeError) as error:
                self.close()
                raise JournalError(f"{journal}, line {number}: not an entry of a refund book") from error
