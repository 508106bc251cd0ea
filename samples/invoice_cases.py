"""Which sample invoices there are: each drawn from a seed, with what is right about it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from random import Random

from contracts.invoices import Invoice, Kind, Line, Tax
from samples.invoice_words import LOCALES, Locale

__all__ = ["GROUPS", "HELD_OUT", "LAYOUTS", "Case", "cases"]

CENT = Decimal("0.01")
DIVISIBLE = ("hours", "Stunden", "heures", "horas", "kg", "litros", "Seiten", "páginas")
LAYOUTS = ("letter", "grid", "sidebar", "receipt", "ledger", "list")
# No prompt is written for these.
HELD_OUT = frozenset({"ledger", "list"})
GROUPS = (
    "plain",
    "plain",
    "plain",
    "two_rates",
    "several_pages",
    "credit_note",
    "wrong_total",
    "wrong_line",
    "two_dates",
    "hidden_orders",
    "small_print",
    "broken",
)
"""What is special about each of the invoices of one layout."""
FIRST_DAY = date(2026, 1, 5)


@dataclass(frozen=True, kw_only=True)
class Case:
    """One invoice and how it is drawn."""

    file: str
    group: str
    layout: str
    locale: Locale
    worded_dates: bool
    invoice: Invoice
    delivered_on: date | None
    ordered_on: date | None


def cases(seed: int) -> Iterator[Case]:
    """The same for the same seed. Every layout meets every group, and every locale by turns."""
    for row, layout in enumerate(LAYOUTS):
        for column, group in enumerate(GROUPS):
            place = row * len(GROUPS) + column
            dice = Random(f"{seed}/{place}")
            locale = LOCALES[(row + column) % len(LOCALES)]
            yield case(place + 1, group, layout, locale, dice)


def case(place: int, group: str, layout: str, locale: Locale, dice: Random) -> Case:
    issued_on = FIRST_DAY + timedelta(days=dice.randrange(330))
    dated = group == "two_dates"
    return Case(
        file=f"{place:02}-{layout}-{locale.name}.pdf",
        group=group,
        layout=layout,
        locale=locale,
        worded_dates=dice.random() < 0.5,
        invoice=invoice(group, locale, issued_on, dice),
        delivered_on=issued_on - timedelta(days=dice.randrange(2, 9)) if dated else None,
        ordered_on=issued_on - timedelta(days=dice.randrange(12, 40)) if dated else None,
    )


def invoice(group: str, locale: Locale, issued_on: date, dice: Random) -> Invoice:
    count = dice.randrange(34, 46) if group == "several_pages" else dice.randrange(2, 7)
    sign = -1 if group == "credit_note" else 1
    goods = dice.sample(locale.goods, len(locale.goods))
    lines = [line(*goods[place % len(goods)], sign, dice) for place in range(count)]
    net = sum((each.amount for each in lines), Decimal(0))
    taxes = taxes_of(lines, locale, group)
    total = net + sum((tax.amount for tax in taxes), Decimal(0))
    if group == "wrong_total":
        total += dice.choice((Decimal("90.00"), Decimal("9.90"), Decimal("-0.45")))
    if group == "wrong_line":
        wrong = lines[0]
        lines[0] = wrong.model_copy(update={"amount": wrong.amount + Decimal("10.00")})
    name, _, vat_id = dice.choice(locale.vendors)
    return Invoice(
        kind=Kind.CREDIT_NOTE if group == "credit_note" else Kind.INVOICE,
        number=f"{dice.choice(('R', 'INV', 'F', 'A'))}-{issued_on.year}-{dice.randrange(1_000, 9_999)}",
        vendor=name,
        vendor_vat_id=vat_id,
        customer=dice.choice(locale.customers),
        issued_on=issued_on,
        due_on=None if group == "credit_note" else issued_on + timedelta(days=dice.choice((14, 30))),
        currency=locale.currency,
        lines=tuple(lines),
        net=net,
        taxes=tuple(taxes),
        total=total,
    )


def line(description: str, usual: str, sign: int, dice: Random) -> Line:
    price = (Decimal(usual) * dice.randrange(90, 115) / 100).quantize(CENT)
    parts = description.endswith(DIVISIBLE)
    quantity = Decimal(dice.randrange(2, 50)) / 4 if parts else Decimal(dice.randrange(1, 13))
    return Line(
        description=description,
        quantity=sign * quantity,
        unit_price=price,
        amount=sign * rounded(quantity * price),
    )


def taxes_of(lines: Sequence[Line], locale: Locale, group: str) -> list[Tax]:
    """Of one rate; or the first line has the reduced one."""
    reduced = 1 if group == "two_rates" else 0
    bases = [lines[reduced:], lines[:reduced]]
    return [
        Tax(
            rate=Decimal(rate),
            amount=rounded(sum((each.amount for each in base), Decimal(0)) * Decimal(rate) / 100),
        )
        for rate, base in zip(locale.rates, bases, strict=True)
        if base
    ]


def rounded(value: Decimal) -> Decimal:
    return value.quantize(CENT, ROUND_HALF_UP)
