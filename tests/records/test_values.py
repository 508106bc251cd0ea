"""One value: its sign, currency, day and place are what the document says, whatever was copied."""

import pytest

from contracts.documents import Page
from contracts.extraction import SectionReading
from contracts.records import FieldKind, FieldType, RecordType
from tests.records.receipts import RECORD, TEXT, draft, draft_in_text, section, verdict
from workflows.records.doubts import doubts_of
from workflows.records.reading import draft_of
from workflows.records.sections import sections_of
from workflows.records.tables import Verdict


def test_a_date_that_nothing_settles_is_in_doubt() -> None:
    text = TEXT.replace("03/25/2026", "25 March 2026")
    unsettled = draft_in_text(text, paid_on=None)
    assert unsettled.conflicting == ["bought_on"]
    assert doubts_of(unsettled)[0].why == "the document may say 2026-04-03, 2026-03-04"


def test_every_date_of_the_document_tells_in_which_order_it_writes_them() -> None:
    """Also one that is no field's value; two that write it differently tell nothing."""
    assert draft(paid_on=None).values()["bought_on"] == "2026-03-04"
    assert draft_in_text(f"{TEXT}\nprinted 26/03/2026").conflicting == ["bought_on"]


def test_a_date_of_a_row_is_settled_as_any_other_is() -> None:
    """By another row, too; and where nothing settles it, the row is for a person."""
    record = RecordType(
        name="log",
        fields=(FieldType(name="shop", kind=FieldKind.TEXT),),
        rows_name="items",
        rows=(FieldType(name="what", kind=FieldKind.TEXT), FieldType(name="day", kind=FieldKind.DATE)),
    )
    rows = ({"what": "Tea", "day": "3/11/2026"}, {"what": "Cake", "day": "4/25/2026"})
    values = {"shop": "Corner Shop"}
    text = "Corner Shop\nTea 3/11/2026\nCake 4/25/2026"
    read = draft_of(record, [(section(text), SectionReading(values=values, rows=rows))])
    assert [row["day"] for row in read.values()["items"]] == ["2026-03-11", "2026-04-25"]
    assert verdict(read).outcome is Verdict.WRITE
    alone = draft_of(
        record,
        [(section("Corner Shop\nTea 3/11/2026"), SectionReading(values=values, rows=rows[:1]))],
    )
    assert doubts_of(alone)[0].why == "row 1: day may say 2026-11-03, 2026-03-11"
    assert verdict(alone).outcome is Verdict.REVIEW


@pytest.mark.parametrize(
    ("written", "copied", "total"),
    [
        ("Total -$50.00", "50.00", "-50"),
        ("Total -$50.00", "-$50.00", "-50"),
        ("Total \u2212EUR 50.00", "50.00", "-50"),
        ("Total 50.00-", "50.00", "-50"),
        ("Total (50.00)", "50.00", "-50"),
        ("Total ($50.00)", "$50.00", "-50"),
        ("Total:-50.00", "50.00", "-50"),
        ("Total (incl. 19 %) 50.00", "50.00", "50"),
        ("Total --50.00", "50.00", "50"),
        ("Total - 50.00", "50.00", "50"),
        ("Order A-50", "50", "50"),
        ("Pages 10-50", "-50", "50"),
    ],
)
def test_a_number_has_the_sign_that_it_has_there(written: str, copied: str, total: str) -> None:
    """Whether it was copied or not: a credit note whose signs are all lost would add up as well."""
    read = draft_in_text(f"Corner Shop\n{written}", items=[], total=copied)
    assert read.values()["total"] == total


@pytest.mark.parametrize(
    ("written", "answered", "currency"),
    [
        ("Total $ 100.00", "$", "USD"),
        ("Total $100.00", "USD", "USD"),
        ("Total C$ 100.00", "C$", None),
        ("Total C$ 100.00", "USD", None),
        ("Total HK$100.00", "$", None),
        ("Total US$ 100.00", "$", "USD"),
    ],
)
def test_a_mark_beside_letters_is_another_currency(written: str, answered: str, currency: str | None) -> None:
    words = {"USD": ("usd", "us$", "$"), "EUR": ("eur", "\u20ac")}
    record = RecordType(name="sale", fields=(FieldType(name="currency", kind=FieldKind.CHOICE, words=words),))
    read = draft_of(record, [(section(written), SectionReading(values={"currency": answered}))])
    assert read.values()["currency"] == currency


def test_a_text_is_written_as_the_document_has_it() -> None:
    """A model's spelling of the same characters is its own."""
    assert draft(shop="corner   shop").values()["shop"] == "Corner Shop"


def test_a_value_stands_where_it_does_in_its_page_also_when_that_was_cut() -> None:
    text = "Corner Shop\n" + "Tea 2.50\n" * 100 + "Total 250.00"
    sections = sections_of([Page(number=7, text=text)], 300)
    assert len(sections) > 2
    reading = SectionReading(values={"total": "250.00"})
    read = draft_of(RECORD, [(sections[0], SectionReading(values={})), (sections[-1], reading)])
    assert read.places()["total"] == f"page 7 at {text.index('250.00')}"
