"""A provider that reads the sample invoices as a careful person would, by their truth."""

import json
import re
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from contracts.documents import Page
from contracts.quotes import QuotedPages, plain_characters
from contracts.record_types import CURRENCIES
from samples.invoice_words import LOCALES, amount, number, on_date
from tests.fault_server import Exchange, faults
from tests.fault_server.good import asked
from tests.workflows.world import SAMPLES

__all__ = ["TRUTHS", "copied", "reads_invoices", "truth_of"]

TRUTHS: dict[str, dict[str, Any]] = {
    truth["file"]: truth
    for truth in map(json.loads, (SAMPLES.parent / "invoices.jsonl").read_text().splitlines())
}
BY_NAME = {locale.name: locale for locale in LOCALES}


async def reads_invoices(exchange: Exchange) -> None:
    """Copies whatever stands in the section, as it stands there."""
    truth, section = truth_of(exchange)
    await faults.reply(copied(truth, section, exchange.request))(exchange)


def truth_of(exchange: Exchange) -> tuple[dict[str, Any], str]:
    """Of the invoice that a section belongs to, and the section; a later one is known by its rows."""
    text = asked(exchange.request, "<document>").partition("<document>\n")[2].removesuffix("\n</document>")
    quoted = QuotedPages([Page(number=1, text=text)])
    readable = [truth for truth in TRUTHS.values() if truth["invoice"] is not None]
    best = max(
        readable,
        key=lambda truth: (
            quoted.find(truth["invoice"]["number"]) is not None,
            sum(stands_in(row, text) for row in rows_of(truth)),
        ),
    )
    return best, text


def rows_of(truth: Mapping[str, Any]) -> list[dict[str, str]]:
    locale = BY_NAME[truth["locale"]]
    return [
        {
            "description": line["description"],
            "quantity": number(Decimal(line["quantity"]), locale),
            "unit_price": amount(Decimal(line["unit_price"]), locale),
            "amount": amount(Decimal(line["amount"]), locale),
        }
        for line in truth["invoice"]["lines"]
    ]


def stands_in(row: Mapping[str, str], section: str) -> bool:
    """Whether its cells stand one after the other: an amount alone may be the price of another row."""
    cells = (re.escape(plain_characters(cell)[0]) for cell in row.values())
    return re.search(r"(?!\w).{0,12}?(?<!\w)".join(cells), plain_characters(section)[0]) is not None


def copied(truth: Mapping[str, Any], section: str, request: Mapping[str, Any]) -> dict[str, Any]:
    """A SectionReading of what is asked for."""
    invoice, locale = truth["invoice"], BY_NAME[truth["locale"]]
    quoted = QuotedPages([Page(number=1, text=section)])
    days = {
        name: on_date(date.fromisoformat(invoice[name]), locale, worded=truth["worded_dates"])
        for name in ("issued_on", "due_on")
        if invoice[name]
    }
    taxes = [amount(Decimal(tax["amount"]), locale) for tax in invoice["taxes"]]
    written = {
        **{name: invoice[name] for name in ("number", "vendor", "customer")},
        **days,
        "kind": locale.labels[invoice["kind"]],
        "currency": next((word for word in CURRENCIES[invoice["currency"]] if quoted.find(word)), None),
        "net": amount(Decimal(invoice["net"]), locale),
        "total": amount(Decimal(invoice["total"]), locale),
        **dict(zip(("tax", "other_tax"), taxes, strict=False)),
    }
    schema = request["response_format"]["json_schema"]["schema"]["properties"]
    values = {
        name: words if (words := written.get(name)) and quoted.find(words) else None
        for name in schema["values"]["properties"]
    }
    asks_for_rows = schema["rows"].get("maxItems") != 0
    rows = [row for row in rows_of(truth) if stands_in(row, section)] if asks_for_rows else []
    return {"values": values, "rows": rows}
