"""The sample tickets and what should become of each."""

import io
import json
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from contracts.tickets import Ticket, TicketReading
from embedded.stack import CHECKOUT
from operations.inbox import read_inbox

__all__ = ["Sample", "samples"]

SAMPLES = CHECKOUT / "samples"


@dataclass(frozen=True)
class Sample:
    """One ticket and its truth."""

    label: str
    """Its file below samples/tickets, with its number in a file of several."""
    ticket: Ticket
    group: str
    held_out: bool
    """No prompt was written or changed with this ticket in view."""
    path: str
    refund: Decimal | None
    """What may be paid back, in US dollars; None when nothing may."""
    approve: bool
    """What a careful person says if asked."""
    reading: TicketReading
    """What a careful reader reads, with no summary."""


def samples() -> dict[str, Sample]:
    """All of them by label, in the order of their files."""
    truth = json.loads((SAMPLES / "truth.json").read_text(encoding="utf-8"))
    received = read_inbox([str(SAMPLES / "tickets")], io.BytesIO())
    return {each.label: sample(each.label, each.ticket, truth[each.label]) for each in received}


def sample(label: str, ticket: Ticket, truth: dict[str, Any]) -> Sample:
    refund = truth["refund"]
    return Sample(
        label=label,
        ticket=ticket,
        group=truth["group"],
        held_out=truth.get("held_out", False),
        path=truth["path"],
        refund=Decimal(refund) if refund is not None else None,
        approve=truth.get("approval") == "approve",
        reading=TicketReading(**truth["reading"], summary=""),
    )
