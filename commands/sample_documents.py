"""The sample invoices as documents of runs, and the record that is true of each."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from commands.record_scores import compared
from commands.sample_tickets import SAMPLES
from contracts.approvals import Verdict
from contracts.documents import Document, MediaType
from contracts.extraction import Extraction
from contracts.invoices import Invoice
from contracts.record_types import RECORD_TYPES
from contracts.values import plain
from operations.document_sources import keep_document
from payloads.folder import BlobFolder

__all__ = ["INVOICE", "SampleDocument", "keep", "sample_documents", "true_record"]

INVOICE = RECORD_TYPES["invoice"]
FOLDER = SAMPLES / "invoices"


@dataclass(frozen=True)
class SampleDocument:
    """One document and its truth."""

    label: str
    """Its file below samples/invoices."""
    group: str
    """What is special about it."""
    layout: str
    held_out: bool
    """No prompt was written or changed with its layout in view."""
    record: Mapping[str, Any] | None
    """What stands on it; None for a file that nobody can read."""
    needs_review: str | None
    """Why no rule may write it: what about it cannot be verified."""
    argument: Extraction
    """The workflow's own; the document has to be in the store."""

    @property
    def names(self) -> set[str]:
        """By what one may ask for it: its group, its layout, its share and its file."""
        return {self.group, self.layout, "held-out" if self.held_out else "shown", self.label}

    def answered(self, request: Mapping[str, Any]) -> tuple[Verdict, str]:
        """Approves exactly the record that is true, whatever else is odd about the document."""
        right = self.record is not None and compared(INVOICE, self.record, request["record"]).exact
        return Verdict.APPROVE if right else Verdict.DENY, "a record"


def sample_documents() -> dict[str, SampleDocument]:
    """All of them by label, in the order of their files."""
    lines = (SAMPLES / "invoices.jsonl").read_text(encoding="utf-8").splitlines()
    return {each.label: each for each in map(sample_document, map(json.loads, lines))}


def sample_document(truth: Mapping[str, Any]) -> SampleDocument:
    invoice, content = truth["invoice"], (FOLDER / truth["file"]).read_bytes()
    document = Document(
        name=truth["file"],
        digest=hashlib.sha256(content).hexdigest(),
        media_type=MediaType.PDF,
        size=len(content),
    )
    return SampleDocument(
        label=truth["file"],
        group=truth["group"],
        layout=truth["layout"],
        held_out=truth["held_out"],
        record=None if invoice is None else true_record(Invoice.model_validate(invoice)),
        needs_review=why_not_by_rule(truth),
        argument=Extraction(document=document, record=INVOICE),
    )


def why_not_by_rule(truth: Mapping[str, Any]) -> str | None:
    if truth["invoice"] is None:
        return "the file cannot be read"
    if not truth["adds_up"]:
        return "its sums do not come out"
    return "it holds text that no reader sees" if truth["hidden"] else None


def true_record(invoice: Invoice) -> dict[str, Any]:
    """The invoice as a record: numbers as plain decimals, dates as ISO; the taxes in the document's order."""
    first, second = (*(plain(tax.amount) for tax in invoice.taxes), None, None)[:2]
    return {
        "kind": invoice.kind.value,
        "number": invoice.number,
        "vendor": invoice.vendor,
        "customer": invoice.customer,
        "issued_on": invoice.issued_on.isoformat(),
        "due_on": invoice.due_on.isoformat() if invoice.due_on else None,
        "currency": invoice.currency,
        "net": plain(invoice.net),
        "tax": first,
        "other_tax": second,
        "total": plain(invoice.total),
        "lines": [
            {
                name: plain(value) if isinstance(value, Decimal) else value
                for name, value in dict(line).items()
            }
            for line in invoice.lines
        ],
    }


def keep(samples: Sequence[SampleDocument], store: BlobFolder) -> None:
    """Put each into the store, as `run` does it."""
    for each in samples:
        keep_document(each.label, (FOLDER / each.label).read_bytes(), store)
