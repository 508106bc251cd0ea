"""How much of a record is right: by value, field by field and row by row."""

from typing import Any

import pytest

from commands.record_scores import Share, compared
from contracts.record_types import RECORD_TYPES

INVOICE = RECORD_TYPES["invoice"]
LINES = [
    {"description": "Desk lamp, brass", "quantity": "7", "unit_price": "140.61", "amount": "984.27"},
    {"description": "Brush, wide", "quantity": "2", "unit_price": "5", "amount": "10"},
    {"description": "Delivery", "quantity": "1", "unit_price": "3", "amount": "3"},
]
TRUTH: dict[str, Any] = {
    "kind": "invoice",
    "number": "F-1",
    "vendor": "Juniper & Sons Hardware",
    "customer": "Olive Street Dental",
    "issued_on": "2026-07-05",
    "due_on": None,
    "currency": "USD",
    "net": "997.27",
    "tax": "80",
    "other_tax": None,
    "total": "1077.27",
    "lines": LINES,
}


def test_the_same_value_written_otherwise_is_right() -> None:
    read = TRUTH | {"total": "1077.270", "vendor": "JUNIPER  & sons Hardware"}
    assert compared(INVOICE, TRUTH, read).exact


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("total", "1077.26"),
        ("issued_on", "2026-05-07"),
        ("vendor", "Juniper & Sons"),
        ("kind", "credit_note"),
        ("number", None),
    ],
)
def test_another_value_is_wrong_and_nothing_else_with_it(field: str, value: str | None) -> None:
    found = compared(INVOICE, TRUTH, TRUTH | {field: value})
    assert not found.exact
    assert [name for name, right in found.fields.items() if not right] == [field]
    assert found.header == Share(8, 9)


def test_a_field_that_is_on_no_side_does_not_count_and_one_that_was_made_up_is_wrong() -> None:
    assert "due_on" not in compared(INVOICE, TRUTH, TRUTH).fields
    assert compared(INVOICE, TRUTH, TRUTH | {"due_on": "2026-08-05"}).fields["due_on"] is False


def test_a_missing_row_does_not_make_those_after_it_wrong() -> None:
    found = compared(INVOICE, TRUTH, TRUTH | {"lines": [LINES[0], LINES[2]]})
    assert (found.rows, found.cells) == (Share(2, 3), Share(8, 12))
    assert not found.exact


def test_a_row_that_was_made_up_is_wrong() -> None:
    read = [LINES[0], {**LINES[1], "description": "Subtotal"}, *LINES[1:]]
    found = compared(INVOICE, TRUTH, TRUTH | {"lines": read})
    assert (found.rows, found.cells) == (Share(3, 4), Share(12, 16))


def test_one_wrong_cell_spoils_its_row_and_no_other_cell() -> None:
    read = [LINES[0], {**LINES[1], "quantity": None}, LINES[2]]
    found = compared(INVOICE, TRUTH, TRUTH | {"lines": read})
    assert (found.rows, found.cells) == (Share(2, 3), Share(11, 12))


def test_rows_in_another_order_are_not_all_right() -> None:
    found = compared(INVOICE, TRUTH, TRUTH | {"lines": [LINES[1], LINES[0], LINES[2]]})
    assert found.rows == Share(2, 3)


def test_of_a_run_that_read_nothing_everything_is_wrong() -> None:
    found = compared(INVOICE, TRUTH, None)
    assert (found.header, found.rows) == (Share(0, 9), Share(0, 3))
