"""Numbers and dates in every form that the samples have, and whatever else people and machines write."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.written_dates import dates_in, orders_in
from contracts.written_numbers import numbers_in
from samples.invoice_words import LOCALES, Locale, amount, number, on_date

AMOUNTS = st.decimals(min_value=-(10**9), max_value=10**9, places=2, allow_nan=False)
QUANTITIES = st.decimals(min_value=0, max_value=10**6, places=3, allow_nan=False)
DAYS = st.dates(min_value=date(2000, 1, 1), max_value=date(2099, 12, 31))
WAYS = st.sampled_from(LOCALES)
AROUND = st.sampled_from(["{}", "{} EUR", "EUR {}", "\u20ac{}", "Total: {}.", "({} %", "[{}]", "{}\n"])


@given(AMOUNTS, WAYS, AROUND)
def test_an_amount_is_read_as_it_was_meant_in_every_locale(
    value: Decimal, locale: Locale, around: str
) -> None:
    assert value in numbers_in(around.format(amount(value, locale)))


@given(QUANTITIES, WAYS)
def test_a_quantity_is_read_as_it_was_meant_in_every_locale(value: Decimal, locale: Locale) -> None:
    assert value in numbers_in(number(value, locale))


@given(AMOUNTS, WAYS, st.integers(min_value=1, max_value=10**9))
def test_another_amount_is_not_said(value: Decimal, locale: Locale, cents: int) -> None:
    """But for what a grouping space leaves open, nothing is read into a number."""
    written = amount(value, locale)
    if not written.lstrip("-")[:-3].isdecimal() and "\u00a0" in written:
        return
    assert value + Decimal(cents) / 100 not in numbers_in(written)
    assert -value not in numbers_in(written) or value == 0


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("1.234,56", ["1234.56"]),
        ("1,234.56", ["1234.56"]),
        ("1'234.56", ["1234.56"]),
        ("1\u2019234.56", ["1234.56"]),
        ("CHF 1'234.\u2013", ["1234"]),
        ("1.234", ["1.234", "1234"]),
        ("1\u202f234,56", ["1", "234.56", "1234.56"]),
        ("2 100,00", ["2", "100", "2100"]),
        ("-5,00", ["-5"]),
        ("\u22125,00", ["-5"]),
        ("$ -5", ["-5"]),
        ("5,00-", ["-5"]),
        ("(5,00)", ["-5"]),
        ("10-12", ["10", "12"]),
        ("INV-7", ["7"]),
        ("\uff11\uff12", ["12"]),
        ("1.2.3", []),
        ("1,23,456", []),
        ("12345678901234567890", []),
        ("none", []),
    ],
)
def test_a_number_means_what_its_form_allows(text: str, meant: list[str]) -> None:
    assert numbers_in(text) == {Decimal(each) for each in meant}


@given(st.text(alphabet="0123456789.,' -()\u2019\u00a0x", max_size=60))
def test_anything_at_all_is_read_to_the_end(text: str) -> None:
    assert all(value.is_finite() for value in numbers_in(text))


@given(DAYS, WAYS, st.booleans())
def test_a_date_is_read_as_it_was_meant_in_every_locale(day: date, locale: Locale, worded: bool) -> None:
    assert day in dates_in(f"Due {on_date(day, locale, worded=worded)}.")


@given(DAYS, WAYS)
def test_a_worded_date_means_only_one_day(day: date, locale: Locale) -> None:
    assert dates_in(on_date(day, locale, worded=True)) == {day}


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("2026-11-03", ["2026-11-03"]),
        ("3/11/2026", ["2026-11-03", "2026-03-11"]),
        ("13/11/2026", ["2026-11-13"]),
        ("03.11.26", ["2026-11-03"]),
        ("3. 11. 2026", ["2026-11-03"]),
        ("Nov 3rd, 2026", ["2026-11-03"]),
        ("1er ao\u00fbt 2026", ["2026-08-01"]),
        ("3. M\u00e4rz 2026", ["2026-03-03"]),
        ("3 de marzo del 2026", ["2026-03-03"]),
        ("31.02.2026", []),
        ("3 may be 2026", []),
        ("103.11.2026", []),
        ("3.11.20261", []),
    ],
)
def test_a_date_means_what_its_form_allows(text: str, meant: list[str]) -> None:
    assert dates_in(text) == {date.fromisoformat(each) for each in meant}


@given(st.text(alphabet="0123456789./- marzoct,", max_size=60))
def test_any_text_has_dates_or_none(text: str) -> None:
    assert all(isinstance(day, date) for day in dates_in(text))


@pytest.mark.parametrize(
    ("text", "orders"),
    [
        ("3/11/2026", []),
        ("4/4/2026", []),
        ("25/4/2026", [True]),
        ("4-25-2026", [False]),
        ("25.4.2026, 25 April 2026, 2026-04-25", []),
        ("25/4/2026 and 4/25/2026", [False, True]),
        ("25/25/2026", []),
    ],
)
def test_dates_with_one_meaning_tell_in_which_order_they_are_written(text: str, orders: list[bool]) -> None:
    assert sorted(orders_in(text)) == orders
