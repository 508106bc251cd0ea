"""Turning unknown into proven: a provider's export held against the tenants' ledger, in one transaction.

Nothing is forced. What the export proves is booked, by attempt, with the file's digest in the audit; what it
cannot prove, or what contradicts the ledger, is told and left as it is. No file changes anything twice.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby

from sqlalchemy import Connection, bindparam, update

from activities.booked_attempts import (
    BookedAttempt,
    Found,
    Proven,
    attempts_by_id,
    attempts_within,
    open_since,
)
from activities.database import Database
from activities.ledger_tables import settlements
from activities.tenant_books import Proof, TenantBooks
from activities.tenant_ledger import WHOLE
from activities.usage_files import UsageFile
from activities.usage_requests import judged_requests
from activities.usage_sums import LATE, Whole, judged_sums
from contracts.receipts import AttemptEnd

__all__ = ["Reconciled", "Scope", "reconcile"]


@dataclass(frozen=True)
class Scope:
    """Which part of the provider's sums, and of the ledger, belong together."""

    routes: tuple[str, ...] = ()
    """Only attempts along these; all when empty. Another provider may have a model of the same name."""
    project: str | None = None


@dataclass(frozen=True)
class Reconciled:
    """What became of a file."""

    proven: Sequence[Proven]
    again: int
    """Lines that say what was proven before."""
    found: Sequence[Found]

    @property
    def contradicts(self) -> bool:
        return any(each.finding.contradicts for each in self.found)


def reconcile(
    database: Database, usage: UsageFile, scope: Scope, moment: datetime, *, dry_run: bool
) -> Reconciled:
    """Raises DatabaseError. With `dry_run` nothing is written."""
    if dry_run:
        with database.reading() as db:
            return judged(db, usage, scope)
    with database.reading():
        pass  # a ledger that is not there, or another release's, is refused and not made
    with database.transaction() as db:
        wanted = judged(db, usage, scope)
        for tenant, day in sorted({owner(each) for each in wanted.proven}):
            TenantBooks.locked(db, tenant, day, moment)
        # Now nobody else books for these tenants. What came in between counts.
        outcome = within(judged(db, usage, scope), {each.attempt.tenant for each in wanted.proven})
        for (tenant, day), proofs in groupby(sorted(outcome.proven, key=owner), key=owner):
            book(db, TenantBooks.locked(db, tenant, day, moment), list(proofs), usage.digest)
        return outcome


def owner(proof: Proven) -> tuple[str, date]:
    return proof.attempt.tenant, proof.attempt.day


def within(outcome: Reconciled, locked: set[str]) -> Reconciled:
    """What a tenant who was not locked would get waits for the next time: locks have one order."""
    proven = [each for each in outcome.proven if each.attempt.tenant in locked]
    return Reconciled(proven, outcome.again, outcome.found)


def judged(db: Connection, usage: UsageFile, scope: Scope) -> Reconciled:
    if usage.requests:
        names = [each.attempt_id for each in usage.requests]
        return Reconciled(*judged_requests(usage.requests, attempts_by_id(db, names)))
    if not usage.buckets:
        return Reconciled([], 0, [])
    start, end = usage.buckets[0].start - LATE, usage.buckets[-1].end + LATE
    attempts = list(attempts_within(db, start, end))
    runs = [
        *(Whole(since, None) for since in open_since(db, end)),
        *(Whole(each.opened_at, each.booked_at) for each in attempts if is_whole(each)),
    ]
    own = (each for each in attempts if not scope.routes or each.route in scope.routes)
    proven, found = judged_sums(usage.buckets, own, runs, usage.written_at, scope.project)
    return Reconciled(proven, 0, found)


def is_whole(attempt: BookedAttempt) -> bool:
    return attempt.attempt_id == WHOLE


def book(db: Connection, books: TenantBooks, proofs: Sequence[Proven], digest: str) -> None:
    """Unknown goes down by the hold, settled up by what is proven."""
    named = (
        settlements.c.lease == bindparam("of_lease"),
        settlements.c.attempt_id == bindparam("of_attempt"),
    )
    rows = [
        {
            "of_lease": each.attempt.lease,
            "of_attempt": each.attempt.attempt_id,
            "usd": each.usd,
            "tokens": each.tokens,
        }
        for each in proofs
    ]
    db.execute(update(settlements).where(*named).values(end=AttemptEnd.SETTLED.value), rows)
    moved = (
        Proof(each.attempt.lease, each.attempt.attempt_id, each.attempt.usd, each.usd) for each in proofs
    )
    books.prove(moved, digest)
    books.write()
