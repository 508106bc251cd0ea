"""What a provider asks for in Retry-After, in all its forms."""

import math
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from activities.retry_after import LONGEST_S, retry_after

NOW = datetime(2026, 11, 22, 12, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "wait"),
    [
        ("0", 0.0),
        ("7", 7.0),
        (" 7 ", 7.0),
        ("1.5", 1.5),
        ("121", 121.0),
        ("86400", 86_400.0),
        ("99999999999", LONGEST_S),
        ("-1", None),
        ("+5", None),
        ("nan", None),
        ("inf", None),
        ("Infinity", None),
        ("1e309", None),
        ("1e3", None),
        ("1_000", None),
        ("٣", None),
        ("9" * 400, None),
        ("", None),
        ("soon", None),
        ("5, 10", None),
        ("Sun, 22 Nov 2026 12:00:30 GMT", 30.0),
        ("Sunday, 22-Nov-26 12:01:00 GMT", 60.0),
        ("Sun, 22 Nov 2026 12:00:30 -0000", 30.0),
        ("Sun, 22 Nov 2026 14:00:30 +0200", 30.0),
        ("Sun Nov 22 12:02:00 2026", 120.0),
        ("Sun, 22 Nov 2026 11:59:59 GMT", 0.0),
        ("Thu, 01 Jan 1970 00:00:00 GMT", 0.0),
        ("Fri, 31 Dec 9999 23:59:59 GMT", LONGEST_S),
        ("Sun, 99 Nov 2026 12:00:30 GMT", None),
        ("Sun, 22 Nov 99999 12:00:30 GMT", None),
        ("Sun, 22 Nov 2026 12:00:30 +9999", None),
    ],
)
def test_only_a_wait_that_makes_sense_is_taken(value: str, wait: float | None) -> None:
    assert retry_after([("Retry-After", value)], NOW) == wait


@pytest.mark.parametrize(
    ("headers", "wait"),
    [
        ([], None),
        ([("Content-Type", "7")], None),
        ([("retry-after", "5"), ("Retry-After", "60")], 60.0),
        ([("retry-after", "nan"), ("Retry-After", "2")], 2.0),
        ([("retry-after", "Sun, 22 Nov 2026 12:00:30 GMT"), ("retry-after", "10")], 30.0),
        ([("retry-after-ms", "1500")], 1.5),
        ([("retry-after-ms", "-1")], None),
        ([("retry-after-ms", "inf"), ("retry-after", "3")], 3.0),
        ([("retry-after-ms", "500"), ("retry-after", "3")], 3.0),
        ([("retry-after-ms", "4500"), ("retry-after", "3")], 4.5),
        ([("RETRY-AFTER", "3")], 3.0),
    ],
)
def test_of_several_the_longest_counts(headers: list[tuple[str, str]], wait: float | None) -> None:
    assert retry_after(headers, NOW) == wait


@given(st.text())
def test_no_text_can_break_it(value: str) -> None:
    wait = retry_after([("retry-after", value), ("retry-after-ms", value)], NOW)
    assert wait is None or (math.isfinite(wait) and 0 <= wait <= LONGEST_S)
