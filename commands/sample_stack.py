"""A stack of its own for samples: fresh shop, payments and approvers, a tenant, a worker."""

import os
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from rich.console import Console

from commands.asking import agree
from commands.leftovers import tenant_of
from commands.services import catalogue_here, needed_model, payments_service, samples_in, worker_service
from embedded.local_model import JOURNAL
from embedded.stack import home
from embedded.temporal_server import TemporalServer, ensure_temporal
from operations.lines import put
from operations.wording import counted, dollars
from workflows.kernel.plan import Plan

__all__ = ["DRAIN_S", "Setting", "agree_to_cost", "set_up"]

# Nothing is under way when all runs have ended; when they are interrupted, nobody waits for a model.
DRAIN_S = 5.0


@dataclass(frozen=True)
class Setting:
    """The stack, and where it keeps its books."""

    tenant: str
    folder: Path
    temporal: TemporalServer
    journal: Path | None
    """Of the embedded model server; None when another provider answers."""
    journal_from: int


def agree_to_cost(
    profile: str, plan: Plan, number: int, what: str, console: Console, *, agreed: bool
) -> None:
    """Say what a provider that charges can cost at most; go on only when agreed. Raises CommandError."""
    routes = catalogue_here(os.environ).routes_of(profile)
    if not any(route.price.input or route.price.output for route in routes):
        return
    most = plan.cap.usd * number
    words = f"{counted(number, what)} can cost at most {dollars(most)}, the sum of their caps"
    agree(console, profile, words, agreed=agreed)


def set_up(purpose: str, profile: str, console: Console) -> Setting:
    """Start what is the stack's own, in a folder named for its purpose; find or start Temporal and model."""
    base = home()
    folder = base / purpose / f"{datetime.now().astimezone():%Y%m%d-%H%M%S}"
    samples_in(folder)
    temporal = ensure_temporal(base)
    os.environ["TEMPORAL_ADDRESS"] = temporal.address
    put(console, (0, f"Temporal at {temporal.address}, UI at {temporal.ui or 'your own'}", "dim"))
    facts = payments_service(base, folder).ensure().facts
    for variable, fact in (
        ("PAYMENTS_URL", "url"),
        ("SHOP", "shop"),
        ("MAIL", "mail"),
        ("APPROVERS", "approvers"),
    ):
        os.environ[f"TENUTO_{variable}"] = facts[fact]
    model = needed_model(base, profile, os.environ)
    journal = base / JOURNAL if model is not None else None
    answering = f"{model.model} on this machine" if model is not None else f"profile {profile}"
    put(console, (0, f"model: {answering}; payments at {facts['url']}", "dim"))
    worker_service(base, drain_s=DRAIN_S).ensure()
    put(console, (0, "worker started", "dim"))
    size = journal.stat().st_size if journal is not None and journal.exists() else 0
    return Setting(tenant_of(folder), folder, temporal, journal, size)
