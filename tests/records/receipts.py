"""A receipt, what a model copied out of it, and what the table says of the draft."""

from decimal import Decimal
from typing import Any

from contracts.documents import Page
from contracts.extraction import SectionReading
from contracts.records import FieldKind, FieldType, RecordType, Sum
from workflows.kernel.decisions import Decision
from workflows.records.drafts import Draft
from workflows.records.reading import draft_of
from workflows.records.sections import Section
from workflows.records.tables import VERDICT, Verdict, VerdictFacts

__all__ = ["ITEMS", "READ", "RECORD", "TEXT", "draft", "draft_in_text", "section", "verdict"]

RECORD = RecordType(
    name="receipt",
    fields=(
        FieldType(name="shop", kind=FieldKind.TEXT, required=True),
        FieldType(name="bought_on", kind=FieldKind.DATE),
        FieldType(name="paid_on", kind=FieldKind.DATE),
        FieldType(
            name="kind", kind=FieldKind.CHOICE, words={"sale": ("sold", "sale"), "return": ("sale return",)}
        ),
        FieldType(name="tip", kind=FieldKind.NUMBER),
        FieldType(name="total", kind=FieldKind.NUMBER, required=True),
    ),
    rows_name="items",
    rows=(
        FieldType(name="what", kind=FieldKind.TEXT, required=True),
        FieldType(name="price", kind=FieldKind.NUMBER, required=True),
    ),
    sums=(Sum(total="total", of=("items.price", "tip")),),
)
TEXT = "Corner Shop\nSale return 03/04/2026, paid 03/25/2026\nTea 2.50\nCake 3.00\nTip 0.50\nTotal 6.00"
READ = {
    "shop": "Corner Shop",
    "bought_on": "03/04/2026",
    "paid_on": "03/25/2026",
    "kind": "Sale return",
    "tip": "0.50",
    "total": "6.00",
}
ITEMS = [{"what": "Tea", "price": "2.50"}, {"what": "Cake", "price": "3.00"}]


def section(text: str = TEXT, number: int = 1) -> Section:
    return Section((Page(number=number, text=text),))


def draft(items: Any = None, **values: str | None) -> Draft:
    """A reading of one section; `values` are other than the right ones."""
    return draft_in_text(TEXT, items, **values)


def draft_in_text(text: str, items: Any = None, **values: str | None) -> Draft:
    """The same of another document."""
    reading = SectionReading(values={**READ, **values}, rows=tuple(ITEMS if items is None else items))
    return draft_of(RECORD, [(section(text), reading)])


def verdict(
    draft: Draft, *, another: bool = False, unread: int = 0, hidden: bool = False
) -> Decision[Verdict]:
    facts = VerdictFacts.of(draft, unread_pages=unread, another_reading=another, hidden_text=hidden)
    return VERDICT.decide(facts, {"other_dates": Decimal(0)})
