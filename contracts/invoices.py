"""Invoices as typed values, as they are written on the document, and whether what one says adds up."""

from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any

from pydantic import Field, WithJsonSchema

from contracts.values import Value

__all__ = ["Disagreement", "Invoice", "Kind", "Line", "Part", "Tax", "disagreements"]

CENT = Decimal("0.01")
HUNDRED = Decimal(100)


def written(whole: int, places: int) -> Any:
    """A decimal as a string of its digits: in a schema shorter than what pydantic writes, and exact."""
    return WithJsonSchema({"type": "string", "pattern": rf"^-?\d{{1,{whole}}}(\.\d{{1,{places}}})?$"})


Money = Annotated[
    Decimal, Field(ge=-(10**9), le=10**9, max_digits=12, decimal_places=2, allow_inf_nan=False), written(9, 2)
]
"""In the invoice's currency. On a credit note with the sign that stands there, which may be none."""
Price = Annotated[
    Decimal, Field(ge=-(10**8), le=10**8, max_digits=12, decimal_places=4, allow_inf_nan=False), written(8, 4)
]
Quantity = Annotated[
    Decimal, Field(ge=-(10**6), le=10**6, max_digits=10, decimal_places=3, allow_inf_nan=False), written(6, 3)
]
Percent = Annotated[
    Decimal, Field(ge=0, le=100, max_digits=5, decimal_places=2, allow_inf_nan=False), written(3, 2)
]


class Kind(StrEnum):
    """Who owes whom."""

    INVOICE = "invoice"
    CREDIT_NOTE = "credit_note"


class Line(Value):
    """One thing that is charged."""

    description: str = Field(min_length=1, max_length=120)
    quantity: Quantity
    unit_price: Price
    """Without tax."""
    amount: Money
    """Without tax."""


class Tax(Value):
    """All tax of one rate."""

    rate: Percent
    amount: Money


class Invoice(Value):
    """What an invoice or a credit note says."""

    kind: Kind
    number: str = Field(min_length=1, max_length=40)
    vendor: str = Field(min_length=1, max_length=120)
    vendor_vat_id: str | None = Field(default=None, max_length=20)
    customer: str = Field(min_length=1, max_length=120)
    issued_on: date
    due_on: date | None = None
    currency: str = Field(pattern=r"^[A-Z]{3}$")
    """By ISO 4217."""
    lines: tuple[Line, ...] = Field(min_length=1, max_length=80)
    net: Money
    taxes: tuple[Tax, ...] = Field(max_length=4)
    total: Money


class Part(StrEnum):
    """A sum that an invoice states."""

    LINE = "line"
    NET = "net"
    TAX = "tax"
    TOTAL = "total"


class Disagreement(Value):
    """A sum that is not what its parts come to."""

    part: Part
    line: int | None = None
    """Counted from 1, for a line."""
    stated: Decimal
    computed: Decimal


def disagreements(invoice: Invoice) -> tuple[Disagreement, ...]:
    """Every sum that is off by more than rounding explains; none for an invoice that adds up.

    Rounding is a cent for a line, its total and the whole, and a cent a line for net and tax. Where there are
    several rates, which line has which is not known: their sum lies between the lowest and the highest one.
    """
    found = [*wrong_lines(invoice.lines)]
    room = CENT * len(invoice.lines)
    summed = sum((line.amount for line in invoice.lines), Decimal(0))
    if abs(summed - invoice.net) > room:
        found.append(Disagreement(part=Part.NET, stated=invoice.net, computed=summed))
    tax = sum((each.amount for each in invoice.taxes), Decimal(0))
    if invoice.taxes:
        bounds = sorted((invoice.net * each.rate / HUNDRED).quantize(CENT) for each in invoice.taxes)
        nearest = min(max(tax, bounds[0]), bounds[-1])
        if abs(nearest - tax) > room:
            found.append(Disagreement(part=Part.TAX, stated=tax, computed=nearest))
    if abs(invoice.net + tax - invoice.total) > CENT:
        found.append(Disagreement(part=Part.TOTAL, stated=invoice.total, computed=invoice.net + tax))
    return tuple(found)


def wrong_lines(lines: tuple[Line, ...]) -> list[Disagreement]:
    computed = [(line.quantity * line.unit_price).quantize(CENT) for line in lines]
    return [
        Disagreement(part=Part.LINE, line=number, stated=line.amount, computed=product)
        for number, (line, product) in enumerate(zip(lines, computed, strict=True), start=1)
        if abs(product - line.amount) > CENT
    ]
