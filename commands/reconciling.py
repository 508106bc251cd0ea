"""`reconcile`: what a provider's usage export proves of unknown costs, booked in the tenants' ledger."""

import argparse
import json
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from rich.text import Text

from activities.booked_attempts import Proven
from activities.database import Database
from activities.reconciling import Reconciled, Scope
from activities.reconciling import reconcile as reconciled
from activities.usage_files import UsageFile, read_usage
from commands.failures import Exit
from commands.tables import print_rows
from connection import Settings
from contracts.values import plain
from operations.lines import console_on, put, safe
from operations.wording import counted, dollars

__all__ = ["reconcile"]

COLUMNS = ("attempt", "tenant", "model", "unknown", "proven", "tokens")


def reconcile(options: argparse.Namespace, env: Mapping[str, str]) -> int:
    """Exit code 4 when the export contradicts the ledger."""
    usage = read_usage(options.file)
    scope = Scope(routes=tuple(options.route or ()), project=options.project)
    database = Database(Settings.of(env).database_url)
    try:
        outcome = reconciled(database, usage, scope, datetime.now(UTC), dry_run=options.dry_run)
    finally:
        database.close()
    if options.json:
        sys.stdout.write(json.dumps(as_json(outcome, usage, options.dry_run), indent=1) + "\n")
    else:
        show(outcome, usage, options.dry_run)
    return Exit.FOUND if outcome.contradicts else Exit.OK


def show(outcome: Reconciled, usage: UsageFile, dry_run: bool) -> None:
    console = console_on(sys.stdout)
    if outcome.proven:
        print_rows(console, COLUMNS, [[Text(safe(cell)) for cell in cells(each)] for each in outcome.proven])
    for found in outcome.found:
        style = "red" if found.finding.contradicts else "yellow"
        put(console, (0, f"{found.finding.value}: {found.place}: {found.words}", style))
    held, proven = totals(outcome)
    would = "would be " if dry_run else ""
    moved = f": {dollars(held)} unknown {would}{dollars(proven)} proven" if outcome.proven else ""
    words = f"{counted(len(outcome.proven), 'unknown attempt')} {would}proven{moved}"
    more = (f"; {counted(outcome.again, 'line')} proven before" if outcome.again else "") + (
        f"; {counted(len(outcome.found), 'finding')}" if outcome.found else ""
    )
    put(console, (0, f"{words}{more} (file {usage.digest[:16]})", "bold"))


def cells(proof: Proven) -> tuple[str, ...]:
    attempt = proof.attempt
    money = (dollars(attempt.usd), dollars(proof.usd))
    return attempt.attempt_id, attempt.tenant, attempt.model, *money, f"{proof.tokens:,}"


def totals(outcome: Reconciled) -> tuple[Decimal, Decimal]:
    """What was unknown, and what of it is proven."""
    held = sum((each.attempt.usd for each in outcome.proven), Decimal(0))
    return held, sum((each.usd for each in outcome.proven), Decimal(0))


def as_json(outcome: Reconciled, usage: UsageFile, dry_run: bool) -> dict[str, Any]:
    """Amounts as text, exact."""
    held, proven = totals(outcome)
    return {
        "sha256": usage.digest,
        "dry_run": dry_run,
        "proven": [as_row(each) for each in outcome.proven],
        "unknown_before_usd": plain(held),
        "proven_usd": plain(proven),
        "proven_before": outcome.again,
        "findings": [
            {
                "finding": each.finding.value,
                "contradicts": each.finding.contradicts,
                "place": each.place,
                "words": each.words,
            }
            for each in outcome.found
        ],
    }


def as_row(proof: Proven) -> dict[str, Any]:
    attempt = proof.attempt
    return {
        "attempt_id": attempt.attempt_id,
        "workflow_id": attempt.workflow_id,
        "run": attempt.lease,
        "tenant": attempt.tenant,
        "model": attempt.model,
        "unknown_before_usd": plain(attempt.usd),
        "proven_usd": plain(proof.usd),
        "tokens": proof.tokens,
    }
