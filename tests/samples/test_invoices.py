"""The sample invoices: drawn again they are the same, and what is true of them stands on them."""

import json
import re
from collections import Counter
from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from contracts.attempts import Fault
from contracts.documents import MOST_PAGE_CHARACTERS, Page
from contracts.invoices import Invoice, Kind, disagreements
from contracts.quotes import QuotedPages
from contracts.written_dates import dates_in
from contracts.written_numbers import numbers_in
from samples.invoice_words import LOCALES, amount, number, on_date
from samples.make_invoices import Made, made
from tests.activities.document_world import Desk, failing

SAMPLES = Path(__file__).parents[2] / "samples"
TRUTH: list[dict[str, Any]] = [
    json.loads(line) for line in (SAMPLES / "invoices.jsonl").read_text().splitlines()
]
READABLE = [truth for truth in TRUTH if truth["invoice"] is not None]
BY_NAME = {locale.name: locale for locale in LOCALES}


@cache
def drawn() -> list[Made]:
    return list(made())


def test_drawn_again_every_file_and_its_truth_are_the_same() -> None:
    """Byte for byte, and no file more."""
    assert [each.truth for each in drawn()] == TRUTH
    committed = {file.name: file.read_bytes() for file in (SAMPLES / "invoices").iterdir()}
    assert committed == {each.case.file: each.content for each in drawn()}


def test_another_seed_draws_other_invoices() -> None:
    assert next(made(8)).content != next(made(7)).content


def test_they_are_many_in_little_space() -> None:
    assert len(TRUTH) >= 60
    assert sum(file.stat().st_size for file in (SAMPLES / "invoices").iterdir()) < 1_500_000


def test_a_third_of_the_layouts_is_held_out_and_every_group_is_in_each() -> None:
    layouts = {truth["layout"]: truth["held_out"] for truth in TRUTH}
    assert len(layouts) >= 6
    assert sum(layouts.values()) * 3 == len(layouts)
    for layout in layouts:
        groups = {truth["group"] for truth in TRUTH if truth["layout"] == layout}
        assert groups == {truth["group"] for truth in TRUTH}


def test_languages_and_forms_of_numbers_and_dates_are_many() -> None:
    assert len({BY_NAME[truth["locale"]].language for truth in TRUTH}) >= 4
    assert len({(BY_NAME[truth["locale"]].group, BY_NAME[truth["locale"]].decimal) for truth in TRUTH}) >= 4
    assert len({(truth["locale"], truth["worded_dates"]) for truth in TRUTH}) >= 8
    assert max(truth["pages"] for truth in TRUTH) > 1


def test_no_two_documents_have_the_same_number() -> None:
    (most,) = Counter(truth["invoice"]["number"] for truth in READABLE).most_common(1)
    assert most[1] == 1


@pytest.mark.parametrize("truth", READABLE, ids=lambda truth: str(truth["file"]))
def test_an_invoice_adds_up_exactly_where_its_truth_says_so(truth: dict[str, Any]) -> None:
    invoice = Invoice.model_validate(truth["invoice"])
    assert (not disagreements(invoice)) is truth["adds_up"]
    assert (invoice.kind is Kind.CREDIT_NOTE) is (truth["group"] == "credit_note")


@pytest.mark.parametrize("truth", READABLE, ids=lambda truth: str(truth["file"]))
async def test_every_true_value_stands_in_the_converted_text(truth: dict[str, Any], tmp_path: Path) -> None:
    """In the form of its locale; so converter, generator and the reading of numbers fit each other."""
    content = (SAMPLES / "invoices" / truth["file"]).read_bytes()
    read = await Desk(tmp_path).read(content)
    pages = [Page(number=place, text=seen) for place, (seen, _) in enumerate(read, start=1)]
    invoice, locale = Invoice.model_validate(truth["invoice"]), BY_NAME[truth["locale"]]
    quoted = QuotedPages(pages)

    assert len(pages) == truth["pages"]
    assert all(len(page.text) < MOST_PAGE_CHARACTERS for page in pages)
    assert squeezed("".join(hidden for _, hidden in read)) == squeezed(truth["hidden"] or "")
    for words in filter(None, (invoice.number, invoice.vendor, invoice.vendor_vat_id, invoice.customer)):
        assert quoted.find(words), words
    for line in invoice.lines:
        assert quoted.find(line.description), line
    for value, written in amounts_of(invoice, truth["locale"]):
        assert quoted.find(written), written
        assert value in numbers_in(written)
    for day in filter(None, (invoice.issued_on, invoice.due_on)):
        written = on_date(day, locale, worded=truth["worded_dates"])
        assert quoted.find(written), written
        assert day in dates_in(written)


def squeezed(text: str) -> str:
    return re.sub(r"\s", "", text)


def amounts_of(invoice: Invoice, name: str) -> list[tuple[Decimal, str]]:
    """Every number of the truth, and how it is written there."""
    money = [invoice.net, invoice.total, *(tax.amount for tax in invoice.taxes)]
    money += [value for line in invoice.lines for value in (line.unit_price, line.amount)]
    plain = [tax.rate for tax in invoice.taxes] + [line.quantity for line in invoice.lines]
    locale = BY_NAME[name]
    return [(value, amount(value, locale)) for value in money] + [
        (value, number(value, locale)) for value in plain
    ]


@pytest.mark.parametrize("truth", READABLE, ids=lambda truth: str(truth["file"]))
async def test_what_is_special_about_its_group_is_there(truth: dict[str, Any], tmp_path: Path) -> None:
    read = await Desk(tmp_path).read((SAMPLES / "invoices" / truth["file"]).read_bytes())
    text = "\n".join(seen for seen, _ in read)
    orders = squeezed(BY_NAME[truth["locale"]].orders)
    assert (orders in squeezed(text)) is (truth["group"] == "small_print")
    assert bool("".join(hidden for _, hidden in read)) is (truth["group"] == "hidden_orders")
    issued_on = date.fromisoformat(truth["invoice"]["issued_on"])
    earlier = {day for day in dates_in(text) if day < issued_on}
    assert bool(earlier) or truth["group"] != "two_dates"
    assert (len(read) > 1) or truth["group"] != "several_pages"
    assert len(truth["invoice"]["taxes"]) == (2 if truth["group"] == "two_rates" else 1)


@pytest.mark.parametrize(
    "truth", [each for each in TRUTH if each["invoice"] is None], ids=lambda truth: str(truth["file"])
)
async def test_a_broken_file_is_a_failure(truth: dict[str, Any], tmp_path: Path) -> None:
    with failing(Fault.BROKEN_BODY, "no PDF|no page|cannot be read"):
        await Desk(tmp_path).convert((SAMPLES / "invoices" / truth["file"]).read_bytes())
