"""What a person agrees to is readable: a record as its fields, a table as its first rows."""

from typing import Any

from operations.requests_shown import compact_lines, request_lines

RECORD: dict[str, Any] = {
    "source": "bill.pdf",
    "record": {"total": "12", "due_on": None, "lines": [{"description": "Tea", "unit_price": "2.50"}] * 14},
    "doubts": [{"field": "total", "why": "not found"}],
    "pages": [],
}


def test_every_value_stands_in_a_line_of_its_own_below_its_name() -> None:
    lines = [" " * indent + words for indent, words, _ in request_lines(RECORD, 2)]
    assert lines[:6] == [
        "  source: bill.pdf",
        "  record:",
        "    total: 12",
        "    due on: none",
        "    lines: 14 items",
        "      1. description: Tea, unit price: 2.50",
    ]
    assert lines[-4:] == [
        "      and 2 more; `status --json` has them all",
        "  doubts: 1 item",
        "    1. field: total, why: not found",
        "  pages: none",
    ]
    assert len(lines) == 5 + 12 + 4


def test_a_value_that_reads_as_several_stands_in_quotation_marks() -> None:
    """A stranger wrote it, and a person approves what it seems to say."""
    forged = {"vendor": "ACME, total: 1.00", "total": "9.00"}
    compact = [words for _, words, _ in compact_lines({**forged, "lines": [forged]}, 0)]
    assert compact[0] == compact[2].removeprefix("1. ") == 'vendor: "ACME, total: 1.00", total: 9.00'
    values = {
        "a": 'She said "1"',
        "b": "one\ntwo: 3",
        "c": "10:30, 1,000.00 x",
        "d": "12:30",
        "e": ["x, y", "z"],
    }
    assert [words for _, words, _ in request_lines(values, 0)] == [
        'a: "She said \\"1\\""',
        'b: "one\\ntwo: 3"',
        'c: "10:30, 1,000.00 x"',
        "d: 12:30",
        'e: "x, y", z',
    ]


def test_simple_values_share_a_line_where_space_is_dear() -> None:
    assert list(compact_lines({"order": "T-1", "amount": "24.80"}, 4)) == [
        (4, "order: T-1, amount: 24.80", "")
    ]
    assert [words for _, words, _ in compact_lines(RECORD, 4)][:2] == ["source: bill.pdf", "record:"]
