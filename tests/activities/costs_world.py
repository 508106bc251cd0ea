"""A ledger with runs in it, for what is read from it and booked anew."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from activities.tenant_books import Budget, Per
from activities.tenant_ledger import TenantLedger
from contracts.attempts import Fault
from contracts.leases import LeaseRequest, Settlement
from contracts.receipts import AttemptEnd
from contracts.sheet import Price

__all__ = ["NOON", "PRICE", "attempt", "budget", "run"]

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
PRICE = Price(input=Decimal("0.15"), output=Decimal("0.60"))
HOLD = (3_000, 500)


def attempt(
    name: str,
    *,
    step: int = 1,
    task: str = "read_ticket",
    billed: tuple[int, int] | None = None,
    model: str = "gpt-4o-mini",
    fault: Fault | None = None,
    price: Price | None = PRICE,
    route: str = "openai-small",
) -> Settlement:
    """One that cost so many tokens in and out; without them nobody knows, and its hold is booked."""
    into, out = billed or HOLD
    return Settlement(
        attempt_id=name,
        step=task,
        step_number=step,
        route=route,
        model=model,
        end=AttemptEnd.SETTLED if billed is not None else AttemptEnd.UNKNOWN,
        usd=PRICE.of(into, out),
        tokens=into + out,
        calls=1,
        fault=fault,
        price=price,
    )


def run(
    ledger: TenantLedger,
    name: str,
    spent: Sequence[Settlement] | None,
    *,
    tenant: str = "acme",
    at: datetime = NOON,
    workflow_id: str = "",
) -> None:
    """A run that took a lease of five cents, and gave account ten minutes later; None: it is open."""
    asked = LeaseRequest(
        lease=name,
        workflow="resolve-ticket",
        workflow_id=workflow_id or f"resolve-ticket/{tenant}/{name}",
        tenant=tenant,
        profile="openai-small",
        amount=Decimal("0.05"),
    )
    assert ledger.open(asked, at).granted
    if spent is not None:
        ledger.close(name, spent, at + timedelta(minutes=10))


def budget(ledger: TenantLedger, per: Per = Per.TOTAL, tenant: str = "acme", at: datetime = NOON) -> Budget:
    """What is booked in a period, that of NOON where nothing else is asked."""
    ledger.set_cap(tenant, per, Decimal(1_000), at)
    accounts = ledger.accounts(at, tenant)
    return next(each.budget for each in accounts if each.per is per)
