"""The demo's tickets: which, and what should become of them."""

import json
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from commands.failures import CommandError, Exit
from contracts.tickets import Ticket
from embedded.stack import CHECKOUT
from operations.inbox import read_tickets

__all__ = ["Part", "cast"]

SAMPLES = CHECKOUT / "samples"

# One of each path first: paid at once, paid after a person agreed, too late, refunded before, a fraud, and
# another language.
FIRST = (
    "01-broken-mugs.eml",
    "05-wrong-lamp.eml",
    "07-fan-after-ten-weeks.eml",
    "09-toaster-twice.eml",
    "15-someone-elses-order.eml",
    "03-sabana-equivocada.eml",
)


@dataclass(frozen=True)
class Part:
    """One ticket and its truth."""

    file: Path
    ticket: Ticket
    path: str
    refund: Decimal | None
    """What may be paid back, in US dollars; None when nothing may."""
    approve: bool
    """What a careful person says if asked."""


def cast(number: int) -> list[Part]:
    """So many of the samples. Raises CommandError when there are not so many."""
    truth = json.loads((SAMPLES / "truth.json").read_text(encoding="utf-8"))
    names = [*FIRST, *sorted(set(truth) - set(FIRST))]
    if not 1 <= number <= len(names):
        raise CommandError(Exit.BAD_INPUT, f"--tickets {number}: there are 1 to {len(names)}")
    return [part(SAMPLES / "tickets" / name, truth[name]) for name in names[:number]]


def part(file: Path, truth: dict[str, str | None]) -> Part:
    with file.open("rb") as mail:
        (ticket,) = read_tickets([str(file)], mail)
    refund = truth["refund"]
    return Part(
        file=file,
        ticket=ticket,
        path=str(truth["path"]),
        refund=Decimal(refund) if refund is not None else None,
        approve=truth.get("approval") == "approve",
    )
