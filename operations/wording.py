"""How amounts, times and lengths of time read to a person."""

from datetime import datetime
from decimal import Decimal

from temporalio.client import WorkflowExecutionStatus

from contracts.terms import Amount
from contracts.values import plain

__all__ = [
    "amount_text",
    "clock",
    "compact",
    "counted",
    "dollars",
    "duration",
    "minute",
    "precise",
    "state_of",
    "tokens_text",
]

MINUTE, HOUR, DAY = 60, 3_600, 86_400


def dollars(amount: Decimal) -> str:
    """`$0.000135`, `$24.80`: exact, never rounded, with cents wherever there are any."""
    text = plain(amount)
    places = len(text.partition(".")[2])
    return f"${amount:.2f}" if places == 1 else f"${text}"


def amount_text(amount: Amount) -> str:
    """Money and tokens; the other measures where there are any."""
    text = f"{dollars(amount.usd)}, {amount.tokens:,} tokens"
    if amount.calls:
        text += f", {counted(amount.calls, 'model call')}"
    if amount.steps:
        text += f", {counted(amount.steps, 'step')}"
    return text


def counted(number: int, what: str) -> str:
    """`1 step`, `2 steps`."""
    return f"{number:,} {what}" if number == 1 else f"{number:,} {what}s"


def duration(seconds: float) -> str:
    """`0.02 s`, `28.4 s`, `3 min 5 s`, `2 d 3 h`: two units at most."""
    if seconds < 0.1:
        return f"{seconds:.2f} s"
    if seconds < MINUTE:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    for size, name, smaller, smaller_name in (
        (DAY, "d", HOUR, "h"),
        (HOUR, "h", MINUTE, "min"),
        (MINUTE, "min", 1, "s"),
    ):
        if whole >= size:
            rest = whole % size // smaller
            return f"{whole // size} {name} {rest} {smaller_name}" if rest else f"{whole // size} {name}"
    raise AssertionError("a minute or more has a unit")


def precise(seconds: float) -> str:
    """`23 ms`, `1.4 s`, `2 d 3 h`: also what is very short."""
    if seconds >= 1:
        return duration(seconds)
    return f"{seconds * 1_000:.0f} ms" if seconds >= 0.001 or not seconds else "under 1 ms"


def compact(seconds: float) -> str:
    """`28.4s`, `3m5s`, `2d3h`: for columns."""
    return duration(seconds).replace("min", "m").replace(" ", "")


def minute(at: datetime) -> str:
    """In UTC, to the minute and without the year: for columns."""
    return f"{at:%m-%d %H:%MZ}"


def tokens_text(usd: Decimal, tokens: int) -> str:
    """`$0.0012 2,032 tok`; of what is free the tokens alone."""
    return f"{dollars(usd)} {tokens:,} tok" if usd else f"{tokens:,} tok"


def clock(at: datetime) -> str:
    """In UTC, to the second."""
    return f"{at:%Y-%m-%d %H:%M:%SZ}"


def state_of(status: WorkflowExecutionStatus | None) -> str:
    """`running`, `completed`, `timed out`, `cancelled` ...: as a story names it."""
    return (
        "unknown"
        if status is None
        else status.name.lower().replace("_", " ").replace("canceled", "cancelled")
    )
