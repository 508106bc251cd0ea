"""An invoice of three rows, as a small model and as a careful one copied it."""

from decimal import Decimal
from typing import Any

from contracts.documents import Page
from contracts.extraction import SectionReading
from contracts.record_types import RECORD_TYPES
from workflows.records.drafts import Draft
from workflows.records.reading import draft_of
from workflows.records.sections import Section
from workflows.records.tables import VERDICT, Verdict, VerdictFacts

__all__ = [
    "HEAD",
    "INVOICE",
    "MISREAD",
    "RIGHT",
    "ROWS",
    "SUMS",
    "TABLE",
    "VALUES",
    "cells",
    "draft",
    "rows_in",
    "verdict",
]

INVOICE = RECORD_TYPES["invoice"]

HEAD = (
    "Kontor M\u00f6we KG\nEmpf\u00e4nger:\nPraxis K\u00f6lle\nRECHNUNG\nNummer F-26-40\nDatum 18. Juni 2026\n"
)
TABLE = (
    "Bezeichnung Menge Einzelpreis Betrag\nWerkbank, Buche 9 1.321,60 11.894,40\n"
    "Montage, Stunden 7,25 87,40 633,65\nKugellager 6204 3 5,19 15,57\n"
)
SUMS = "Nettobetrag 12.543,62 EUR\nMwSt. 19 % 2.383,29 EUR\nGesamtbetrag 14.926,91 EUR\n"
VALUES = {
    "kind": "RECHNUNG",
    "number": "F-26-40",
    "vendor": "Kontor M\u00f6we KG",
    "customer": "Praxis K\u00f6lle",
    "issued_on": "18. Juni 2026",
    "currency": "EUR",
    "net": "12.543,62",
    "tax": "2.383,29",
    "other_tax": None,
    "total": "14.926,91",
}
ROWS = [
    ("Werkbank, Buche", "9", "1321.6", "11894.4"),
    ("Montage, Stunden", "7.25", "87.4", "633.65"),
    ("Kugellager 6204", "3", "5.19", "15.57"),
]
COLUMNS = ("description", "quantity", "unit_price", "amount")


def cells(*values: str | None) -> dict[str, str | None]:
    return dict(zip(COLUMNS, values, strict=True))


# As a small model copied such a table: columns moved, numbers made up, sums taken for rows.
MISREAD = [
    cells("Werkbank, Buche 9", "1.321,60", "11.894,40", "15.576,96"),
    cells("Montage, Stunden", "7,25", "87,40", "633,65"),
    cells("Kugellager", "6204", "5,19", "31,576"),
    cells("Nettobetrag", None, None, "12.543,62"),
    cells("MwSt.", None, None, "2.383,29"),
    cells("Gesamtbetrag 14.926,91", "1", "0", "14.926,91"),
]
RIGHT = [
    cells("Werkbank, Buche", "9", "1.321,60", "11.894,40"),
    cells("Montage, Stunden", "7,25", "87,40", "633,65"),
    cells("Kugellager 6204", "3", "5,19", "15,57"),
]


def draft(rows: Any, text: str = HEAD + TABLE + SUMS, **values: Any) -> Draft:
    """A reading of one page; `values` are other than the right ones."""
    reading = SectionReading(values={**VALUES, **values}, rows=tuple(rows))
    return draft_of(INVOICE, [(Section((Page(number=1, text=text),)), reading)])


def verdict(draft: Draft) -> Verdict:
    facts = VerdictFacts.of(draft, unread_pages=0, another_reading=False, hidden_text=False)
    return VERDICT.decide(facts, {"other_dates": Decimal(0)}).outcome


def rows_in(draft: Draft) -> list[tuple[str | None, ...]]:
    return [tuple(row[name] for name in COLUMNS) for row in draft.values()["lines"]]


# Every column is the one beside it, as small models copy a table whose words hold a number.
