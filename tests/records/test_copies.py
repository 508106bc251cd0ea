"""What a copied value says: one number, one day, or nothing."""

from datetime import date
from decimal import Decimal

import pytest

from workflows.records.copies import Day, day_of, number_of


@pytest.mark.parametrize(
    ("copied", "number"),
    [
        ("1.234,56 EUR", "1234.56"),
        ("$1,234.56", "1234.56"),
        ("1 234,56", "1234.56"),
        ("1'234.56", "1234.56"),
        ("12,00-", "-12"),
        ("(12.00)", "-12"),
        ("-$50.00", "-50"),
        ("-\u20ac 50.00", "-50"),
        ("($50.00)", "-50"),
        ("(EUR 50.00)", "-50"),
        ("- C$50.00", "-50"),
        ("19 %", "19"),
        ("1.234", "1234"),
        ("0.500", "0.5"),
        ("12,5", "12.5"),
        ("007", "7"),
        ("0,05", "0.05"),
        ("12345678901234", "12345678901234"),
    ],
)
def test_a_number_is_read_however_it_is_written(copied: str, number: str) -> None:
    """One mark before exactly three digits groups them."""
    assert number_of(copied) == Decimal(number)


@pytest.mark.parametrize("copied", ["", "none", "7 of 9", "2 x 5.00 10.00"])
def test_what_is_no_single_number_says_nothing(copied: str) -> None:
    assert number_of(copied) is None


@pytest.mark.parametrize(
    ("copied", "day"),
    [
        ("2026-11-02", Day(date(2026, 11, 2))),
        ("3. März 2026", Day(date(2026, 3, 3))),
        ("2 de mayo de 2026", Day(date(2026, 5, 2))),
        ("29.6.2026", Day(date(2026, 6, 29))),
        ("03/04/2026", Day(date(2026, 4, 3), date(2026, 3, 4))),
        ("25/03/2026", Day(date(2026, 3, 25))),
        ("03/25/2026", Day(date(2026, 3, 25))),
        ("04/04/2026", Day(date(2026, 4, 4))),
        ("03-04-2026", Day(date(2026, 4, 3), date(2026, 3, 4))),
        ("29.6.2026, 29 June 2026", Day(date(2026, 6, 29))),
    ],
)
def test_a_day_is_read_with_its_other_meaning(copied: str, day: Day) -> None:
    """Of figures without a point, the day first."""
    assert day_of(copied) == day


@pytest.mark.parametrize(
    "copied", ["", "soon", "31.02.2026", "1.2.2026 - 3.4.2026", "5 jui 2026", "1/5 jui 2026"]
)
def test_what_is_no_single_day_says_nothing(copied: str) -> None:
    assert day_of(copied) is None
