"""Requests and ledgers are matched one to one, and whatever does not match is named."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

from operations.matching import Request, match, requests_in
from operations.story_items import AttemptMade, Booked


def attempt(name: str, cost: Booked = Booked.PROVEN, tokens: int | None = 10) -> AttemptMade:
    return AttemptMade(
        event=1,
        at=datetime(2026, 1, 1, tzinfo=UTC),
        attempt_id=name,
        step="read_ticket",
        why="a test asks",
        route="local",
        outcome="succeeded",
        cost=cost,
        usd=Decimal(0),
        tokens=tokens,
    )


def test_a_request_for_every_paid_attempt_is_a_match() -> None:
    found = match([Request("a", "answered", 10)], [attempt("a"), attempt("b", Booked.UNKNOWN, None)])
    assert (found.requests, found.attempts, found.unsent, found.problems) == (1, 2, 1, ())


def test_a_request_in_no_ledger_is_named() -> None:
    (problem,) = match([Request("stray", "answered", 10)], []).problems
    assert problem == "request stray is in 0 ledgers"


def test_an_attempt_sent_twice_is_named() -> None:
    problems = match([Request("a", "abandoned", None), Request("a", "answered", 10)], [attempt("a")]).problems
    assert problems == ("attempt a was sent twice",)


def test_an_attempt_in_two_ledgers_is_named() -> None:
    problems = match([Request("a", "answered", 10)], [attempt("a"), attempt("a")]).problems
    assert problems == ("request a is in 2 ledgers",)


def test_a_paid_attempt_without_a_request_is_named() -> None:
    (problem,) = match([], [attempt("a")]).problems
    assert "no request of it arrived" in problem


def test_another_number_of_tokens_than_the_server_counted_is_named() -> None:
    (problem,) = match([Request("a", "answered", 11)], [attempt("a")]).problems
    assert problem == "attempt a is booked at 10 tokens; the server counted 11"


def test_a_journal_is_read_from_where_it_was(tmp_path: Path) -> None:
    journal = tmp_path / "requests.jsonl"
    earlier = json.dumps({"request": "1", "attempt": "old", "state": "received"}) + "\n"
    later = [
        {"request": "2", "attempt": "new", "state": "received"},
        {"request": "2", "attempt": "new", "state": "answered", "input_tokens": 3, "output_tokens": 4},
    ]
    journal.write_text(earlier + "".join(json.dumps(line) + "\n" for line in later) + '{"request": "3", "att')
    assert requests_in(journal, len(earlier)) == [Request("new", "answered", 7)]
    assert requests_in(tmp_path / "none.jsonl") == []
