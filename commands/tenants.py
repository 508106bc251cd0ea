"""`cap` and `tenants`: what each tenant may spend, and what is leased and spent of it."""

import argparse
import json
import os
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Annotated, Any

from pydantic import TypeAdapter, ValidationError
from rich.text import Text

from activities.database import Database
from activities.ledger_tables import LARGEST
from activities.tenant_books import Per
from activities.tenant_ledger import TenantAccount, TenantLedger
from commands.failures import CommandError, Exit
from commands.tables import print_rows
from connection import Settings
from contracts.terms import Terms
from contracts.values import Usd, plain
from operations.lines import console_on, safe
from operations.wording import dollars

__all__ = ["cap", "list_tenants"]

COLUMNS = ("tenant", "per", "cap", "leased", "settled", "unknown", "free")
NONE = "none"
TENANT: TypeAdapter[str] = TypeAdapter(Annotated[str, Terms.model_fields["tenant"]])


def cap(options: argparse.Namespace) -> Exit:
    """Set a tenant's cap or lift it, then show what the tenant has."""
    check_name(options.tenant)
    wanted = amount_of(options.usd) if options.usd is not None else None
    ledger, now = opened(), datetime.now(UTC)
    if options.usd is not None:
        ledger.set_cap(options.tenant, Per(options.per), wanted, now)
    show(ledger.accounts(now, options.tenant), options, f"{options.tenant} has no cap and no run yet")
    return Exit.OK


def list_tenants(options: argparse.Namespace) -> Exit:
    """Every tenant that has a cap or had a run."""
    nothing = "no tenant has a cap or a run yet; `python starter.py cap --help`"
    show(opened().accounts(datetime.now(UTC)), options, nothing)
    return Exit.OK


def opened() -> TenantLedger:
    """With tables, also where no worker has run yet. Raises DatabaseError."""
    database = Database(Settings.of(os.environ).database_url)
    database.upgrade()
    return TenantLedger(database)


def check_name(tenant: str) -> None:
    try:
        TENANT.validate_python(tenant)
    except ValidationError as error:
        raise CommandError(Exit.BAD_INPUT, f"{tenant!r} cannot be a tenant's name") from error


def amount_of(text: str) -> Decimal | None:
    """US dollars; None for `none`. Raises CommandError."""
    if text == NONE:
        return None
    try:
        usd = TypeAdapter(Usd).validate_python(Decimal(text.removeprefix("$")))
    except (InvalidOperation, ValidationError) as error:
        line = f"{text!r} is no amount; give US dollars with at most 12 decimals, or `{NONE}` to lift the cap"
        raise CommandError(Exit.BAD_INPUT, line) from error
    if usd > LARGEST:
        raise CommandError(Exit.BAD_INPUT, f"the largest cap is {int(LARGEST):,} US dollars")
    return usd


def show(accounts: Sequence[TenantAccount], options: argparse.Namespace, nothing: str) -> None:
    if options.json:
        sys.stdout.write(json.dumps([as_json(each) for each in accounts], indent=1) + "\n")
    if not accounts:
        sys.stderr.write(f"{nothing}\n")
    elif not options.json:
        rows = [[Text(safe(cell)) for cell in cells(each)] for each in accounts]
        print_rows(console_on(sys.stdout), COLUMNS, rows)


def cells(account: TenantAccount) -> tuple[str, ...]:
    budget = account.budget
    limits = ["none" if each is None else dollars(each) for each in (account.cap, account.free)]
    booked = [dollars(each) for each in (budget.leased, budget.settled, budget.unknown)]
    free = "" if account.cap is None else limits[1]
    return account.tenant, account.per.value, limits[0], *booked, free


def as_json(account: TenantAccount) -> dict[str, Any]:
    """Amounts as text, exact."""
    budget = account.budget
    return {
        "tenant": account.tenant,
        "per": account.per.value,
        "period": account.period,
        "cap_usd": None if account.cap is None else plain(account.cap),
        "leased_usd": plain(budget.leased),
        "settled_usd": plain(budget.settled),
        "unknown_usd": plain(budget.unknown),
        "free_usd": None if account.free is None else plain(account.free),
    }
