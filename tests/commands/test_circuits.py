"""`circuits`: what workers keep away from, on terminals and for programs; closing one by hand."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from activities.circuit_book import CircuitBook
from activities.database import Database
from contracts.attempts import Cost, Failure, Fault
from tests.commands.terminal import on_pipes


@pytest.fixture
def book(tmp_path: Path) -> CircuitBook:
    """In the place where the command looks: one open circuit, and one that is only counted."""
    database = Database(f"sqlite:///{tmp_path / 'ledger.db'}")
    database.upgrade()
    kept = CircuitBook(database)
    for route, fault in (("large", Fault.QUOTA_EXHAUSTED), ("small", Fault.OVERLOADED)):
        failure = Failure(fault=fault, cost=Cost.NONE, reason="scripted")
        kept.failed(route, failure, datetime.now(UTC))
    return kept


def printed(home: Path, *options: str, code: int = 0) -> tuple[str, str]:
    with on_pipes("circuits", *options, home=home) as command:
        assert command.ended() == code, command.errors
    return command.output, command.errors


def test_open_circuits_and_counted_failures_are_shown(book: CircuitBook, tmp_path: Path) -> None:
    heading, large, small = printed(tmp_path)[0].splitlines()
    assert heading.split() == ["route", "state", "fault", "in", "a", "row", "last", "asked", "again"]
    assert large.split()[:4] == ["large", "open", "quota_exhausted", "1"]
    assert "in 4 min 5" in large
    assert small.split()[:4] == ["small", "closed", "overloaded", "1"]


def test_a_program_gets_them_as_json(book: CircuitBook, tmp_path: Path) -> None:
    large, small = json.loads(printed(tmp_path, "--json")[0])
    assert (large["route"], large["state"], large["in_a_row"]) == ("large", "open", 1)
    assert datetime.fromisoformat(large["until"]) > datetime.now(UTC)
    assert (small["state"], small["until"]) == ("closed", None)


def test_one_can_be_closed_by_hand(book: CircuitBook, tmp_path: Path) -> None:
    """The other stays; one that is not there is named with those that are."""
    assert printed(tmp_path, "--close", "large")[0].startswith("large is asked again")
    assert [each.route for each in book.every()] == ["small"]
    errors = printed(tmp_path, "--close", "large", code=2)[1]
    assert errors == "starter: no circuit of a route 'large'; there are: small\n"


def test_before_anything_was_kept_every_route_is_asked(tmp_path: Path) -> None:
    """And looking makes no database."""
    assert printed(tmp_path)[0] == "every route is asked\n"
    assert not (tmp_path / "ledger.db").exists()
