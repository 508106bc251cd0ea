"""A provider that copies out of sample invoices what truly stands in the section that it is shown."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from contracts.invoices import Line
from samples.invoice_cases import Case
from samples.invoice_layouts import title
from samples.invoice_words import Locale, amount, number, on_date
from samples.long_bill import LOCALE, Bill
from tests.fault_server import Exchange
from tests.fault_server.good import COLUMNS, asked, completion

__all__ = ["Copier", "Paper", "wide_models_toml"]


def wide_models_toml(*routes: str, address: str, timeout: float = 20) -> str:
    """A catalogue of priced routes that take a page in a call, and a profile of all, named as the first."""
    profile = f"[profiles]\n{routes[0]} = {list(routes)!r}\n"
    return profile + "".join(
        f'[routes.{route}]\naddress = "{address}"\nmodel = "scripted"\ncontext_tokens = 16384\n'
        f"max_output_tokens = 4096\ntimeout = {timeout}\nslots = 16\ncircuit = false\n"
        'price = { input = "0.15", output = "0.60" }\n'
        for route in routes
    )


@dataclass(frozen=True)
class Paper:
    """What stands on one invoice, character by character, and each of its lines in a line of text."""

    values: dict[str, str]
    rows: tuple[dict[str, str], ...]

    @classmethod
    def of_sample(cls, case: Case) -> "Paper":
        """One of the layouts `letter` and `grid`, in which a line's cells stand beside each other."""
        invoice, locale = case.invoice, case.locale
        taxes = zip(("tax", "other_tax"), (tax.amount for tax in invoice.taxes), strict=False)
        words = {
            "kind": title(case),
            "number": invoice.number,
            "vendor": invoice.vendor,
            "customer": invoice.customer,
            "currency": invoice.currency,
        }
        days = {"issued_on": invoice.issued_on, "due_on": invoice.due_on}
        sums = {"net": invoice.net, "total": invoice.total, **dict(taxes)}
        return cls.of(words, days, sums, invoice.lines, locale, worded=case.worded_dates)

    @classmethod
    def of_bill(cls, bill: Bill) -> "Paper":
        words = {
            "kind": LOCALE.labels["invoice"],
            "number": bill.number,
            "vendor": bill.vendor,
            "customer": bill.customer,
            "currency": LOCALE.currency,
        }
        days = {"issued_on": bill.issued_on, "due_on": bill.due_on}
        sums = {"net": bill.net, "tax": bill.tax, "total": bill.total}
        return cls.of(words, days, sums, bill.lines, LOCALE, worded=False)

    @classmethod
    def of(
        cls,
        words: dict[str, str],
        days: Mapping[str, date | None],
        sums: dict[str, Decimal],
        lines: Iterable[Line],
        locale: Locale,
        *,
        worded: bool,
    ) -> "Paper":
        values = dict(words)
        values |= {name: on_date(day, locale, worded=worded) for name, day in days.items() if day is not None}
        values |= {name: amount(value, locale) for name, value in sums.items()}
        return cls(values, tuple(row_of(line, locale) for line in lines))


def row_of(line: Line, locale: Locale) -> dict[str, str]:
    prices = (amount(value, locale) for value in (line.unit_price, line.amount))
    cells = (line.description, number(line.quantity, locale), *prices)
    return dict(zip(COLUMNS, map(spaced, cells), strict=True))


def spaced(text: str) -> str:
    """As converters write it: any space is one space."""
    return " ".join(text.split())


class Copier:
    """Tells by the rows in a section on which of its papers they stand. A behaviour of the fault server."""

    def __init__(self, papers: Iterable[Paper]) -> None:
        self._papers = list(papers)
        self._row_of_line: dict[str, tuple[int, dict[str, str]]] = {
            " ".join(row.values()): (place, row)
            for place, paper in enumerate(self._papers)
            for row in paper.rows
        }

    async def __call__(self, exchange: Exchange) -> None:
        """Answer a request for `read_section` or `read_again`, and bill for it."""
        schema = exchange.request["response_format"]["json_schema"]["schema"]["properties"]
        content = json.dumps(
            self.copied(asked(exchange.request, "<document>"), list(schema["values"]["properties"])),
            ensure_ascii=False,
        )
        answer = completion(exchange.request, content)
        exchange.bill(200, answer["usage"]["prompt_tokens"], answer["usage"]["completion_tokens"])
        await exchange.respond(200, json.dumps(answer).encode())

    def copied(self, question: str, wanted: list[str]) -> dict[str, object]:
        """A SectionReading: what is on the page, no more."""
        lines = [spaced(line) for line in question.partition("<document>\n")[2].splitlines()]
        rows = [known for line in lines if (known := self._row_of_line.get(line)) is not None]
        ((place, _),) = Counter(place for place, _ in rows).most_common(1)
        text, values = "\n".join(lines), self._papers[place].values
        asked_for_rows = f"- {COLUMNS[0]} " in question
        return {
            "values": {
                name: value if (value := spaced(values.get(name, ""))) and value in text else None
                for name in wanted
            },
            "rows": [row for _, row in rows] if asked_for_rows else [],
        }
