"""The real model calls of a backtest: whether they are allowed, and what became of them."""

import argparse
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal, InvalidOperation
from typing import Any

from activities.catalogue import Catalogue, load_catalogue
from activities.database import Database
from activities.models import ModelActivities
from activities.provider_gate import ProviderGate
from commands.asking import agree
from commands.circuits import is_there
from commands.failures import CommandError, Exit
from commands.services import check_key
from connection import Settings
from contracts.values import plain
from operations.lines import console_on, put
from operations.real_calls import Made, RealCalls
from operations.wording import counted, dollars

__all__ = ["called_as_json", "made_as_json", "real_calls", "summary"]


@asynccontextmanager
async def real_calls(options: argparse.Namespace) -> AsyncIterator[RealCalls | None]:
    """What may be called, once its cost is agreed to; None without both options. Raises CommandError."""
    if options.calls is None and options.usd is None:
        yield None
        return
    calls, usd = caps_of(options)
    settings = Settings.of(os.environ)
    catalogue = load_catalogue(settings.models, os.environ)
    if options.profile is not None:
        check_key(options.profile, os.environ)
    charging = names_that_charge(catalogue, options.profile)
    if charging and usd:
        words = f"up to {counted(calls, 'real call')} can cost at most {dollars(usd)}"
        agree(console_on(sys.stderr), charging, words, agreed=options.yes)
    database = Database(settings.database_url)
    # The circuits and the minute's tokens of the workers, where there are any.
    models = ModelActivities(catalogue, gate=ProviderGate(database if is_there(database) else None))
    real = RealCalls(models, calls=calls, usd=usd)
    try:
        yield real
    except BaseException:
        if real.made:  # what was paid is said, whatever comes in between
            put(console_on(sys.stderr), (0, summary(real), "bold"))
        raise
    finally:
        await models.close()
        database.close()


def caps_of(options: argparse.Namespace) -> tuple[int, Decimal]:
    """Raises CommandError unless both are given, and are caps."""
    if options.calls is None or options.usd is None:
        raise CommandError(
            Exit.BAD_INPUT, "--calls and --usd go together: how many real calls, and for how much at most"
        )
    if options.calls < 1:
        raise CommandError(Exit.BAD_INPUT, f"--calls {options.calls}: at least 1, or leave it out")
    try:
        usd = Decimal(options.usd)
    except InvalidOperation:
        usd = Decimal("nan")
    if not usd.is_finite() or usd < 0:
        raise CommandError(Exit.BAD_INPUT, f"--usd {options.usd!r} is no amount; write for example 0.05")
    return options.calls, usd


def names_that_charge(catalogue: Catalogue, profile: str | None) -> str:
    """Of the routes that may be called; without a profile those of the recordings, so any."""
    routes = catalogue.routes_of(profile) if profile is not None else tuple(catalogue.routes.values())
    charging = [route.name for route in routes if route.price.input or route.price.output]
    if profile is not None and charging:
        return profile
    return " or ".join(charging)


def summary(real: RealCalls) -> str:
    """How many calls, and for how much; proven and unknown apart."""
    made = f"{len(real.made)} of at most {counted(real.calls, 'real call')}"
    paid = f"{dollars(real.proven_usd)} proven, {dollars(real.unknown_usd)} unknown"
    return f"{made}: {paid}, of at most {dollars(real.usd)}" + (f"; {real.reached}" if real.reached else "")


def called_as_json(real: RealCalls) -> dict[str, Any]:
    """The whole purse, for a program."""
    return {
        "made": len(real.made),
        "at_most": real.calls,
        "proven_usd": plain(real.proven_usd),
        "unknown_usd": plain(real.unknown_usd),
        "at_most_usd": plain(real.usd),
        "reached": real.reached or None,
    }


def made_as_json(made: Made) -> dict[str, Any]:
    """One call, for a program."""
    return {
        "step": made.step,
        "route": made.route,
        "model": made.model,
        "attempt_id": made.attempt_id,
        "proven_usd": plain(made.proven_usd),
        "unknown_usd": plain(made.unknown_usd),
        "tokens": made.tokens,
        "fault": None if made.fault is None else made.fault.value,
    }
