"""How long a provider asks to be left alone."""

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

__all__ = ["LONGEST_S", "retry_after"]

# About 116 days: longer is an error of the provider's, and nobody waits so long.
LONGEST_S = 10.0**7

# What RFC 9110 allows, and a fraction. Leaves out signs, exponents, "nan" and "inf", which float() takes.
SECONDS = re.compile(r"[0-9]{1,18}(?:\.[0-9]{1,9})?", re.ASCII)


def retry_after(headers: Iterable[tuple[str, str]], now: datetime) -> float | None:
    """The longest wait in seconds that the headers ask for; None if they ask for none that makes sense.

    Reads `retry-after` in seconds or as an HTTP date, and `retry-after-ms`. A date that has passed is 0.
    `now` is aware.
    """
    waits = [wait for name, value in headers if (wait := asked(name.lower(), value.strip(), now)) is not None]
    return min(max(waits), LONGEST_S) if waits else None


def asked(name: str, value: str, now: datetime) -> float | None:
    if name == "retry-after-ms":
        return float(value) / 1_000 if SECONDS.fullmatch(value) else None
    if name != "retry-after":
        return None
    if SECONDS.fullmatch(value):
        return float(value)
    return until(value, now)


def until(value: str, now: datetime) -> float | None:
    """Seconds until an HTTP date, at least 0; None for anything else."""
    try:
        moment = parsedate_to_datetime(value)
    except (ValueError, TypeError, OverflowError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, (moment - now).total_seconds())
