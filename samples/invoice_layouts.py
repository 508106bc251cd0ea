"""Six ways to lay out an invoice, and what is hidden on some of them."""

from collections.abc import Callable, Sequence
from datetime import date
from decimal import Decimal

from reportlab.lib.pagesizes import A4, landscape

from contracts.invoices import Line
from samples.invoice_cases import Case
from samples.invoice_sheet import GREY, MARGIN, WHITE, Sheet
from samples.invoice_words import amount, number, on_date

__all__ = ["draw"]

DARK, PALE = (0.13, 0.22, 0.35), (0.93, 0.95, 0.97)
TOTALS_ROOM = 110.0


def draw(case: Case) -> tuple[bytes, int]:
    """The file, and how many pages it has."""
    sheet = LAYOUT[case.layout](case)
    if case.group == "hidden_orders":
        orders(sheet, case, 9, WHITE)
    if case.group == "small_print":
        orders(sheet, case, 5, GREY)
    return sheet.finished(), sheet.pages


def orders(sheet: Sheet, case: Case, size: float, colour: tuple[float, float, float]) -> None:
    """To whatever program reads the invoice, at the foot of the page, on paper."""
    left = {"sidebar": 190.0, "receipt": 14.0}.get(case.layout, MARGIN)
    for row, words in enumerate(folded(case.locale.orders, 40)):
        sheet.text(left, words, size=size, colour=colour, y=MARGIN - 12 - row * (size + 1))


def letter(case: Case) -> Sheet:
    """A plain letter: sender, receiver, facts, a table without lines."""
    sheet = Sheet(A4)
    heading(sheet, case, size=14)
    sheet.down(30)
    sheet.text(MARGIN, f"{case.locale.labels['to']}:", colour=GREY)
    sheet.down(14)
    sheet.text(MARGIN, case.invoice.customer, bold=True)
    sheet.down(40)
    sheet.text(MARGIN, title(case), size=16, bold=True)
    sheet.down(24)
    for label, value in facts(case):
        sheet.text(MARGIN, label)
        sheet.text(MARGIN + 110, value)
        sheet.down(14)
    sheet.down(16)
    table(sheet, case, (MARGIN, 330, 430, sheet.width - MARGIN))
    totals(sheet, case, 340, sheet.width - MARGIN)
    sheet.down(30)
    sheet.text(MARGIN, case.locale.labels["thanks"], size=9, colour=GREY)
    return sheet


def grid(case: Case) -> Sheet:
    """A ruled table below a dark band with white words; amounts with their currency before them."""
    sheet = Sheet(A4)
    sheet.box(0, sheet.height - 90, sheet.width, 90, DARK)
    sheet.text(MARGIN, case.invoice.vendor, size=17, bold=True, colour=WHITE, y=sheet.height - 48)
    sheet.text(MARGIN, identity(case), size=9, colour=WHITE, y=sheet.height - 66)
    sheet.text(sheet.width - MARGIN, title(case), size=13, colour=WHITE, right=True, y=sheet.height - 48)
    sheet.y = sheet.height - 120
    for label, value in [(case.locale.labels["to"], case.invoice.customer), *facts(case)]:
        sheet.text(MARGIN, f"{label}: {value}")
        sheet.down(15)
    sheet.down(18)
    table(sheet, case, (MARGIN, 320, 425, sheet.width - MARGIN), banded=True)
    totals(sheet, case, 330, sheet.width - MARGIN, currency_first=True)
    return sheet


def sidebar(case: Case) -> Sheet:
    """Everything but the table stands in a dark column on the left."""
    sheet = Sheet(A4)

    def column() -> None:
        sheet.box(0, 0, 170, sheet.height, DARK)

    column()
    sheet.begin_page = column
    y = sheet.height - 60
    told = [("", case.invoice.vendor), ("", identity(case)), *facts(case)]
    for label, value in [*told, (case.locale.labels["to"], case.invoice.customer)]:
        for words in filter(None, (label, *folded(value, 26))):
            sheet.text(18, words, size=9, bold=words == label, colour=WHITE, y=y)
            y -= 13
        y -= 9
    sheet.text(190, title(case), size=20, bold=True)
    sheet.down(34)
    table(sheet, case, (190, 360, 450, sheet.width - 40), size=9)
    totals(sheet, case, 370, sheet.width - 40)
    return sheet


def receipt(case: Case) -> Sheet:
    """A paper roll, in a typewriter's letters: quantity and price stand below each thing."""
    lines = len(case.invoice.lines)
    sheet = Sheet((260, min(780, 330 + 26 * lines) + 2 * MARGIN), font="Courier")
    right = sheet.width - 14
    for words in (case.invoice.vendor, identity(case), title(case)):
        for part in folded(words, 38):
            sheet.text(14, part, size=9, bold=words == case.invoice.vendor)
            sheet.down(12)
    for label, value in [*facts(case), (case.locale.labels["to"], case.invoice.customer)]:
        sheet.text(14, f"{label}: {value}", size=8)
        sheet.down(11)
    sheet.down(8)
    for each in case.invoice.lines:
        sheet.text(14, each.description, size=8)
        sheet.down(10)
        priced = f"{number(each.quantity, case.locale)} x {amount(each.unit_price, case.locale)}"
        sheet.text(24, priced, size=8)
        sheet.text(right, amount(each.amount, case.locale), size=8, right=True)
        sheet.down(14, room=20)
    totals(sheet, case, 14, right, size=9)
    return sheet


def ledger(case: Case) -> Sheet:
    """Across: the sums first, in a row of boxes, then the table."""
    sheet = Sheet(landscape(A4))
    heading(sheet, case, size=12)
    sheet.text(sheet.width - MARGIN, title(case), size=15, bold=True, right=True, y=sheet.height - MARGIN)
    sheet.down(28)
    sheet.text(MARGIN, f"{case.locale.labels['to']}: {case.invoice.customer}")
    sheet.down(16)
    sheet.text(MARGIN, "   ".join(f"{label}: {value}" for label, value in facts(case)), size=9)
    sheet.down(44)
    sums = sums_of(case)
    width = (sheet.width - 2 * MARGIN) / len(sums)
    for place, (label, value) in enumerate(sums):
        sheet.box(MARGIN + place * width, sheet.y - 10, width - 8, 38, PALE)
        sheet.text(MARGIN + place * width + 8, label, size=8, colour=GREY, y=sheet.y + 14)
        sheet.text(MARGIN + place * width + 8, value, size=12, bold=True)
    sheet.down(40)
    table(sheet, case, (MARGIN, 480, 620, sheet.width - MARGIN))
    return sheet


def listed(case: Case) -> Sheet:
    """No table: each thing in a sentence, sums in the last ones."""
    sheet = Sheet(A4, font="Times")
    sheet.text(MARGIN, f"{title(case)} {case.invoice.number}", size=18, bold=True)
    sheet.down(22)
    sheet.text(MARGIN, f"{case.invoice.vendor}, {identity(case)}", size=10)
    sheet.down(14)
    sheet.text(MARGIN, f"{case.locale.labels['to']}: {case.invoice.customer}", size=10)
    sheet.down(14)
    for label, value in facts(case)[1:]:
        sheet.text(MARGIN, f"{label}: {value}", size=10)
        sheet.down(14)
    sheet.down(12)
    for place, each in enumerate(case.invoice.lines, start=1):
        priced = f"{number(each.quantity, case.locale)} @ {amount(each.unit_price, case.locale)}"
        worth = f"{amount(each.amount, case.locale)} {case.invoice.currency}"
        sheet.text(MARGIN, f"{place}. {each.description}: {priced} = {worth}", size=11)
        sheet.down(16, room=20)
    sheet.down(10, room=TOTALS_ROOM)
    for label, value in sums_of(case):
        sheet.text(MARGIN, f"{label}: {value}", size=11, bold=label == case.locale.labels["total"])
        sheet.down(16)
    return sheet


LAYOUT: dict[str, Callable[[Case], Sheet]] = {
    "letter": letter,
    "grid": grid,
    "sidebar": sidebar,
    "receipt": receipt,
    "ledger": ledger,
    "list": listed,
}


def heading(sheet: Sheet, case: Case, *, size: float) -> None:
    sheet.text(MARGIN, case.invoice.vendor, size=size, bold=True)
    sheet.down(size)
    sheet.text(MARGIN, identity(case), size=9, colour=GREY)


def identity(case: Case) -> str:
    """Where the vendor is, and its tax id if it has one."""
    (town,) = (town for name, town, _ in case.locale.vendors if name == case.invoice.vendor)
    vat_id = case.invoice.vendor_vat_id
    return town if vat_id is None else f"{town} · {case.locale.labels['vat_id']} {vat_id}"


def title(case: Case) -> str:
    return case.locale.labels[case.invoice.kind.value]


def facts(case: Case) -> list[tuple[str, str]]:
    """The number first, then each date."""
    dates: Sequence[tuple[str, date | None]] = (
        ("ordered", case.ordered_on),
        ("delivered", case.delivered_on),
        ("date", case.invoice.issued_on),
        ("due", case.invoice.due_on),
    )
    return [
        (case.locale.labels["number"], case.invoice.number),
        *(
            (case.locale.labels[name], on_date(day, case.locale, worded=case.worded_dates))
            for name, day in dates
            if day is not None
        ),
    ]


def sums_of(case: Case) -> list[tuple[str, str]]:
    labels, currency = case.locale.labels, case.invoice.currency
    taxes = [(f"{labels['tax']} {number(tax.rate, case.locale)} %", tax.amount) for tax in case.invoice.taxes]
    sums: list[tuple[str, Decimal]] = [
        (labels["net"], case.invoice.net),
        *taxes,
        (labels["total"], case.invoice.total),
    ]
    return [(label, f"{amount(value, case.locale)} {currency}") for label, value in sums]


def totals(
    sheet: Sheet, case: Case, left: float, right: float, *, size: float = 10, currency_first: bool = False
) -> None:
    sheet.down(8, room=TOTALS_ROOM)
    for label, value in sums_of(case):
        last = label == case.locale.labels["total"]
        if currency_first:
            value = " ".join(reversed(value.rsplit(" ", 1)))
        sheet.text(left, label, size=size, bold=last)
        sheet.text(right, value, size=size, bold=last, right=True)
        sheet.down(size + 6)


def table(sheet: Sheet, case: Case, ends: Sequence[float], *, size: float = 10, banded: bool = False) -> None:
    """Four columns: the first begins where `ends` says, the others end there."""

    def head() -> None:
        if banded:
            sheet.box(ends[0] - 6, sheet.y - 5, ends[-1] - ends[0] + 12, 18, DARK)
        for place, name in enumerate(("what", "quantity", "price", "amount")):
            words, colour = case.locale.labels[name], WHITE if banded else GREY
            sheet.text(ends[place], words, size=size - 1, bold=True, colour=colour, right=place > 0)
        sheet.down(6)
        sheet.rule(ends[0] - 6, ends[-1] + 6)
        sheet.down(14)

    page = sheet.begin_page

    def again() -> None:
        page()
        head()

    sheet.begin_page = again
    head()
    for each in case.invoice.lines:
        for place, words in enumerate(cells(each, case)):
            sheet.text(ends[place], words, size=size, right=place > 0)
        if banded:
            sheet.rule(ends[0] - 6, ends[-1] + 6, sheet.y - 5)
        sheet.down(size + 8, room=20)
    sheet.begin_page = page


def cells(line: Line, case: Case) -> tuple[str, str, str, str]:
    return (
        line.description,
        number(line.quantity, case.locale),
        amount(line.unit_price, case.locale),
        amount(line.amount, case.locale),
    )


def folded(words: str, most: int) -> list[str]:
    """In lines of at most so many characters, where there are spaces."""
    lines = [""]
    for word in words.split(" "):
        if lines[-1] and len(lines[-1]) + 1 + len(word) > most:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip(" ")
    return lines
