"""What the demo proves at its end, from histories and from the other sides' own books."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from temporalio.client import WorkflowHistory

from commands.sample_tickets import Sample
from operations.matching import Matched
from operations.story import Story
from operations.verification import Verification, verify
from operations.wording import dollars

__all__ = ["Proof", "RefundMade", "prove", "refunds_in"]


@dataclass(frozen=True)
class RefundMade:
    """A refund in the payment service's journal."""

    key: str
    order_number: str
    usd: Decimal
    voided: bool

    def of(self, workflow_id: str) -> bool:
        """Whether a run of that id made it."""
        return self.key.startswith(f"{workflow_id}/")


@dataclass(frozen=True)
class Proof:
    """Everything that was checked; the machinery held when `problems` is empty."""

    matched: Matched | None
    """None when the model's requests are in nobody's journal here."""
    refunds: list[RefundMade]
    verified: list[Verification]
    problems: list[str]


async def prove(
    runs: Sequence[tuple[Sample, Story, WorkflowHistory]],
    matched: Matched | None,
    refunds: list[RefundMade],
    workflows: list[Any],
) -> Proof:
    """Check that all ended, were paid for once, refunded rightly and once, and can be proven again."""
    problems = [
        f"{part.label} did not complete: {told.state} {told.reason or ''}".rstrip()
        for part, told, _ in runs
        if told.state != "completed"
    ]
    if matched is not None:
        problems += matched.problems
    problems += wrong_refunds([(part, told.workflow_id) for part, told, _ in runs], refunds)
    verified = [await verify(history, workflows) for _, _, history in runs]
    for (part, _, _), each in zip(runs, verified, strict=True):
        problems += disagreement(part.label, each)
    return Proof(matched, refunds, verified, problems)


def disagreement(name: str, verified: Verification) -> list[str]:
    """One line for a history that does not verify: where it begins to differ."""
    if verified.holds:
        return []
    first, more = verified.findings[0], len(verified.findings) - 1
    return [f"{name}: {first.event}: {first.what}" + (f" (and {more} more)" if more else "")]


def refunds_in(journal: Path) -> list[RefundMade]:
    """The payment service's journal, oldest first."""
    text = journal.read_text(encoding="utf-8") if journal.exists() else ""
    lines = [json.loads(line) for line in text.splitlines()]
    voided = {line["refund_key"] for line in lines if line["kind"] == "void"}
    return [
        RefundMade(
            line["key"], line["order_number"], Decimal(line["cents"]).scaleb(-2), line["key"] in voided
        )
        for line in lines
        if line["kind"] == "refund"
    ]


def wrong_refunds(runs: Sequence[tuple[Sample, str]], refunds: Sequence[RefundMade]) -> list[str]:
    """Refunds that no ticket deserved, of another amount, or made twice."""
    problems = []
    paid = [refund for refund in refunds if not refund.voided]
    for order in {refund.order_number for refund in paid}:
        times = sum(refund.order_number == order for refund in paid)
        if times > 1:
            problems.append(f"order {order} was refunded {times} times")
    for refund in paid:
        part = next((part for part, name in runs if refund.of(name)), None)
        if part is None:
            problems.append(f"the refund of {refund.order_number} belongs to no run")
        elif part.refund != refund.usd:
            due = dollars(part.refund) if part.refund is not None else "nothing"
            problems.append(f"{part.label}: {dollars(refund.usd)} was paid back, {due} was due")
    return problems
