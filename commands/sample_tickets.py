"""The sample tickets and what should become of each."""

import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from contracts.approvals import Verdict
from contracts.tickets import Ticket, TicketReading
from embedded.stack import CHECKOUT
from operations.inbox import read_inbox
from operations.wording import dollars

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

    @property
    def argument(self) -> Ticket:
        """The workflow's own."""
        return self.ticket

    @property
    def names(self) -> set[str]:
        """By what one may ask for it: its group, its share, its file, and its number in that file."""
        share = "held-out" if self.held_out else "shown"
        return {self.group, share, self.label, self.label.partition("#")[0]}

    def answered(self, request: Mapping[str, Any]) -> tuple[Verdict, str]:
        """Approves only the refund that is due."""
        amount = request["amount"]
        right = self.approve and self.refund is not None and str(self.refund) == amount
        what = f"a refund of {dollars(Decimal(amount))}"
        return Verdict.APPROVE if right else Verdict.DENY, what


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
