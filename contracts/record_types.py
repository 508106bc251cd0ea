"""The record types that are known by name. Any other is a JSON Schema in a file."""

from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Annotated

from pydantic import ConfigDict, Field

from contracts.record_schemas import record_type_of
from contracts.records import RecordType
from contracts.values import Value

__all__ = ["RECORD_TYPES", "InvoiceRecord"]


class Kind(StrEnum):
    """Who owes whom."""

    INVOICE = "invoice"
    CREDIT_NOTE = "credit_note"


class Currency(StrEnum):
    """By ISO 4217."""

    EUR = "EUR"
    USD = "USD"
    GBP = "GBP"
    CHF = "CHF"


KINDS = {
    "invoice": ["invoice", "rechnung", "facture", "factura", "fattura"],
    "credit_note": ["credit note", "gutschrift", "avoir", "factura rectificativa", "nota di credito"],
}
CURRENCIES = {
    "EUR": ["eur", "\u20ac"],
    "USD": ["usd", "us$", "$"],
    "GBP": ["gbp", "\u00a3"],
    "CHF": ["chf", "sfr"],
}


class InvoiceLine(Value):
    """One thing that is charged."""

    model_config = ConfigDict(json_schema_extra={"product": {"amount": ["quantity", "unit_price"]}})

    description: str = Field(description="what it is")
    quantity: Decimal = Field(description="how many")
    unit_price: Decimal = Field(description="price of one")
    amount: Decimal = Field(description="price of the line")


class InvoiceRecord(Value):
    """What an invoice or a credit note says, without nesting but its lines."""

    model_config = ConfigDict(
        json_schema_extra={"sums": {"net": ["lines.amount"], "total": ["net", "tax", "other_tax"]}}
    )

    kind: Annotated[Kind, Field(description="heading of the document", json_schema_extra={"words": KINDS})]
    number: str = Field(description="number of the invoice")
    vendor: str = Field(description="name of who issues it, at the top")
    customer: str = Field(description="name of whom it is addressed to")
    issued_on: date = Field(description="date of the invoice")
    due_on: date | None = Field(default=None, description="day by which it is to be paid")
    currency: Annotated[
        Currency, Field(description="currency of the total", json_schema_extra={"words": CURRENCIES})
    ]
    lines: tuple[InvoiceLine, ...]
    net: Decimal = Field(description="sum of the lines before tax")
    tax: Decimal = Field(description="amount of tax, not its rate")
    other_tax: Decimal | None = Field(default=None, description="amount of tax of a second rate, if any")
    total: Decimal = Field(description="amount to be paid, with tax")


RECORD_TYPES: dict[str, RecordType] = {
    "invoice": record_type_of("invoice", InvoiceRecord.model_json_schema()),
}
