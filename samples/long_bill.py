"""A telephone bill of many pages: the head on the first, the sums on the last, calls on all of them."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

from reportlab.lib.pagesizes import A4

from contracts.invoices import Line
from samples.invoice_sheet import MARGIN, Sheet
from samples.invoice_words import LOCALES, amount, number, on_date

__all__ = ["LOCALE", "Bill", "long_bill", "long_document"]

LOCALE = LOCALES[0]
ROWS_A_PAGE, HEAD_ROWS, SUM_ROWS = 46, 6, 3
# Where quantity, price and amount of a call end.
ENDS = (235.0, 290.0, 345.0)
CENT = Decimal("0.01")


@dataclass(frozen=True)
class Bill:
    """What is true of one: an invoice, but with more lines than an `Invoice` may have."""

    number: str
    lines: tuple[Line, ...]
    net: Decimal
    tax: Decimal
    vendor: str = "Ridgeline Telephone Company"
    customer: str = LOCALE.customers[0]
    issued_on: date = date(2026, 7, 31)
    due_on: date = date(2026, 8, 30)

    @property
    def total(self) -> Decimal:
        return self.net + self.tax


def long_bill(pages: int) -> Bill:
    """Every call is another one."""
    lines = tuple(calls(pages * ROWS_A_PAGE - HEAD_ROWS - SUM_ROWS))
    net = sum((line.amount for line in lines), Decimal(0))
    tax = (net * Decimal(LOCALE.rates[0]) / 100).quantize(CENT, ROUND_HALF_UP)
    return Bill(number=f"T-2026-{pages:04}", lines=lines, net=net, tax=tax)


def calls(count: int) -> Iterator[Line]:
    for place in range(1, count + 1):
        minutes, price = Decimal(place % 9 + 1), Decimal(place % 90 + 10) * CENT
        yield Line(
            description=f"Call {place:06} to +00 555 {place * 7919 % 1_000_000:06}",
            quantity=minutes,
            unit_price=price,
            amount=minutes * price,
        )


def long_document(pages: int) -> bytes:
    """The file."""
    sheet = Sheet(A4)
    for place, cells in enumerate(rows_of(long_bill(pages))):
        if place:
            sheet.down(sheet.height if place % ROWS_A_PAGE == 0 else 14)
        sheet.text(MARGIN, cells[0])
        # Sums stand in the last column.
        for end, words in zip(reversed(ENDS), reversed(cells[1:]), strict=False):
            sheet.text(end, words, right=True)
    return sheet.finished()


def rows_of(bill: Bill) -> Iterator[tuple[str, ...]]:
    """The cells of every row, from the top of the first page to the foot of the last."""
    labels = LOCALE.labels
    yield (bill.vendor,)
    yield (labels["invoice"],)
    yield (f"{labels['number']} {bill.number}",)
    yield (f"{labels['to']}: {bill.customer}",)
    yield (f"{labels['date']} {on_date(bill.issued_on, LOCALE, worded=False)}",)
    yield (f"{labels['due']} {on_date(bill.due_on, LOCALE, worded=False)}",)
    for line in bill.lines:
        prices = (amount(value, LOCALE) for value in (line.unit_price, line.amount))
        yield (line.description, number(line.quantity, LOCALE), *prices)
    for label, value in (("net", bill.net), ("tax", bill.tax), ("total", bill.total)):
        yield (labels[label], f"{amount(value, LOCALE)} {LOCALE.currency}")
