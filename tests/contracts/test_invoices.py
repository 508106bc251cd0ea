"""What adds up on an invoice, and what does not."""

import json
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from pydantic import ValidationError

from activities.reply_schema import strict_schema
from contracts.invoices import Invoice, Kind, Line, Part, Tax, disagreements


def line(quantity: str, price: str, amount: str) -> Line:
    return Line(
        description="Oak",
        quantity=Decimal(quantity),
        unit_price=Decimal(price),
        amount=Decimal(amount),
    )


def invoice(**changed: Any) -> Invoice:
    fields: dict[str, Any] = {
        "kind": Kind.INVOICE,
        "number": "R-1",
        "vendor": "V",
        "customer": "C",
        "issued_on": date(2026, 11, 3),
        "currency": "EUR",
        "lines": (line("3", "10.00", "30.00"), line("0.5", "19.99", "10.00")),
        "net": Decimal("40.00"),
        "taxes": (Tax(rate=Decimal("19"), amount=Decimal("7.60")),),
        "total": Decimal("47.60"),
    }
    return Invoice(**{**fields, **changed})


def wrong(**changed: Any) -> list[Part]:
    return [each.part for each in disagreements(invoice(**changed))]


def test_an_invoice_that_adds_up_has_no_disagreement() -> None:
    """19.99 halved is 9.995, which people round to 10.00 and others to 9.99."""
    assert wrong() == []
    assert wrong(taxes=(), total=Decimal("40.00")) == []


def test_a_cent_a_line_is_rounding_and_more_is_not() -> None:
    assert wrong(net=Decimal("40.02"), total=Decimal("47.62")) == []
    assert wrong(net=Decimal("40.03"), total=Decimal("47.63")) == [Part.NET]
    assert wrong(total=Decimal("47.61")) == []
    assert wrong(total=Decimal("47.62")) == [Part.TOTAL]
    assert wrong(taxes=(Tax(rate=Decimal(19), amount=Decimal("7.63")),), total=Decimal("47.63")) == [Part.TAX]


def test_a_wrong_line_is_named_by_its_number() -> None:
    lines = (line("3", "10.00", "30.00"), line("2", "5.00", "10.02"))
    (found,) = disagreements(invoice(lines=lines))
    assert (found.part, found.line, found.stated, found.computed) == (
        Part.LINE,
        2,
        Decimal("10.02"),
        Decimal("10.00"),
    )


def test_taxes_of_several_rates_lie_between_the_rates() -> None:
    def taxes(high: str, low: str) -> tuple[Tax, ...]:
        return (
            Tax(rate=Decimal(19), amount=Decimal(high)),
            Tax(rate=Decimal(7), amount=Decimal(low)),
        )

    assert wrong(taxes=taxes("5.70", "0.70"), total=Decimal("46.40")) == []
    assert wrong(taxes=taxes("8.00", "0.70"), total=Decimal("48.70")) == [Part.TAX]


def test_a_credit_note_adds_up_with_its_signs() -> None:
    lines = (line("-3", "10.00", "-30.00"),)
    taxes = (Tax(rate=Decimal(19), amount=Decimal("-5.70")),)
    assert wrong(kind=Kind.CREDIT_NOTE, lines=lines, net=-30, taxes=taxes, total=Decimal("-35.70")) == []


@pytest.mark.parametrize(
    "changed",
    [
        {"currency": "euro"},
        {"lines": ()},
        {"total": Decimal("1.005")},
        {"total": Decimal("NaN")},
        {"total": Decimal(10**10)},
        {"number": ""},
        {"vendor": "x" * 121},
        {"paid": True},
    ],
)
def test_what_no_invoice_says_is_refused(changed: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        invoice(**changed)


def test_the_schema_that_a_model_is_bound_to_is_small_and_takes_what_is_written() -> None:
    schema = json.dumps(strict_schema(Invoice, string_limits=True))
    assert len(schema) < 2_000
    assert Invoice.model_validate_json(invoice().model_dump_json()) == invoice()
