"""From options to terms: what a run may use, checked before anything is started."""

import argparse
import getpass
import os
import re
from datetime import timedelta
from decimal import Decimal, InvalidOperation

from pydantic import ValidationError

from commands.failures import CommandError, Exit
from contracts.terms import Amount, Terms
from workflows.kernel.plan import Plan

__all__ = ["length_of_time", "requester", "terms_of"]

UNITS = {"s": "seconds", "m": "minutes", "min": "minutes", "h": "hours", "d": "days"}
# An afternoon: somebody has seen it, and the customer has not given up.
PARK = timedelta(hours=4)
LENGTH = re.compile(r"(\d{1,6}(?:\.\d{1,3})?)\s*(s|m|min|h|d)")


def length_of_time(text: str, option: str) -> timedelta:
    """`90s`, `30m`, `2h` or `2d`. Raises CommandError that names the option."""
    match = LENGTH.fullmatch(text.strip())
    if match is None or not float(match[1]):
        raise bad(f"{option} {text!r} is no length of time; write for example 30m, 2h or 2d")
    return timedelta(**{UNITS[match[2]]: float(match[1])})


def terms_of(options: argparse.Namespace, plan: Plan, profile: str) -> Terms:
    """The plan's defaults, with what was asked for. Raises CommandError."""
    given = {"usd": options.usd, "tokens": options.tokens, "calls": options.calls, "steps": options.steps}
    try:
        if options.usd is not None:
            given["usd"] = dollars_of(options.usd)
        cap = Amount.model_validate(
            plan.cap.model_dump() | {measure: value for measure, value in given.items() if value is not None}
        )
        return Terms(
            tenant=options.tenant,
            requested_by=options.requested_by or requester(),
            cap=cap,
            deadline=length_of_time(options.deadline, "--deadline") if options.deadline else plan.deadline,
            profile=profile,
            park=parking(options.park),
        )
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"])
        raise bad(f"--{name.replace('_', '-')} {first['input']!r}: {first['msg']}") from None


def dollars_of(text: str) -> Decimal:
    """An amount of US dollars. Raises CommandError."""
    try:
        amount = Decimal(text)
    except InvalidOperation:
        amount = Decimal("nan")
    if not amount.is_finite() or amount < 0:
        raise bad(f"--usd {text!r} is no amount of US dollars, 0 or more; write for example 0.05")
    return amount


def parking(text: str | None) -> timedelta:
    """How long a failed step may wait for a person."""
    if text is None:
        return PARK
    return timedelta(0) if text.strip() == "0" else length_of_time(text, "--park")


def requester() -> str:
    """Who asks: TENUTO_USER, or the login name."""
    try:
        return os.environ.get("TENUTO_USER") or getpass.getuser()
    except (OSError, KeyError):
        raise bad("nobody knows who you are here; say it with --requested-by NAME") from None


def bad(line: str) -> CommandError:
    return CommandError(Exit.BAD_INPUT, line)
