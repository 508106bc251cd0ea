"""`policy` and `why-not`: the tables that decide, and what would have made a decision another one."""

import json
import re
from pathlib import Path

import pytest

from tests.commands.test_bad_input import starter
from tests.commands.test_offline import HISTORIES
from tests.operations.recorded import payloads, recorded
from workflows.tickets.remedies import REMEDY

APPROVED = str(HISTORIES / "refunded-after-approval.json")
TOO_LATE = str(HISTORIES / "replied-too-late.json")
FAULTS = str(HISTORIES / "refunded-in-spite-of-faults.json")
UNKNOWN = str(HISTORIES / "asked-for-the-order-number.json")


def said(*words: str, home: Path, status: int = 0) -> str:
    """What the command printed; its errors when it should fail. It reaches no server."""
    done = starter(*words, home=home)
    assert done.returncode == status, done.stderr
    return done.stdout if status == 0 else done.stderr


def test_a_table_is_printed_with_its_thresholds(tmp_path: Path) -> None:
    text = said("policy", "remedy", home=tmp_path)
    assert "8. refund: small enough to pay at once" in text
    assert "approval_above_usd is 50 in runs that start now" in text
    assert "next_attempt" not in text


def test_a_table_is_a_document(tmp_path: Path) -> None:
    """Markdown on standard output, HTML in a file; a file that cannot be written is said."""
    assert "| 8 | refund | small enough to pay at once |" in said("policy", "--markdown", home=tmp_path)
    page = tmp_path / "tables.html"
    assert said("policy", "remedy", "--html", str(page), home=tmp_path) == ""
    assert '<td data-label="because">small enough to pay at once</td>' in page.read_text()
    missing = str(tmp_path / "none" / "tables.html")
    assert "cannot be written" in said("policy", "--html", missing, home=tmp_path, status=2)


def test_a_program_gets_facts_thresholds_and_rows(tmp_path: Path) -> None:
    (table,) = json.loads(said("policy", "remedy", "--json", home=tmp_path))
    assert table["thresholds"] == {"approval_above_usd": "50", "refund_days": "30"}
    assert table["facts"]["days_since_delivery"] == "a whole number or absent"
    assert len(table["rows"]) == len(REMEDY.rows)


def test_the_smallest_change_is_named_first_and_the_row_that_would_hit(tmp_path: Path) -> None:
    """From the history alone: the facts of its trail, the thresholds of its sheet."""
    lines = said("why-not", APPROVED, "refund", home=tmp_path).splitlines()
    assert re.sub(r"event \d+", "event N", lines.pop(0)) == (
        "remedy v1 at event N: ask_approval, because a person must agree to this amount (row 9)"
    )
    assert lines == [
        "remedy would be refund if total were at most 50 (it is 129)",
        "  by row 8: small enough to pay at once: total (50) <= approval_above_usd (50)",
        "remedy would be refund if approval_above_usd were at least 129 (it is 50)",
        "  by row 8: small enough to pay at once: total (129) <= approval_above_usd (129)",
    ]


def test_where_no_single_change_does_it_two_are_named_or_none(tmp_path: Path) -> None:
    two = said("why-not", TOO_LATE, "remedy", "ask_approval", home=tmp_path)
    assert "no single change makes it ask_approval; the smallest two together:" in two
    assert "days_since_delivery were at most 30 (it is 70) and total were above 50" in two
    none = said("why-not", UNKNOWN, "refund", home=tmp_path)
    assert "no single change makes it refund, nor do two together" in none


def test_the_last_decision_is_meant_and_another_can_be_named(tmp_path: Path) -> None:
    """By the event that `--json` and the last line name."""
    last = said("why-not", FAULTS, "next_attempt", "give_up", home=tmp_path)
    assert last.startswith("next_attempt v3 at event 69: larger_limit")
    assert "next_attempt also decided at 13, 24, 36, 51: --event N asks there" in last
    first = json.loads(said("why-not", FAULTS, "give_up", "--event", "13", "--json", home=tmp_path))
    assert (first["event"], first["wanted"]) == (13, "give_up")
    assert {"kind", "name", "was", "value", "words"} == set(first["ways"][0]["changes"][0])


def test_what_was_decided_needs_no_change(tmp_path: Path) -> None:
    assert "it is ask_approval: nothing has to change" in said(
        "why-not", APPROVED, "ask_approval", home=tmp_path
    )


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (
            (APPROVED, "nothing", "refund"),
            "no table 'nothing'; known: remedy, coverage, vote, verdict, ",
        ),
        ((APPROVED, "remedy", "give_up"), "no outcome 'give_up'; known of remedy: refund, ask_approval,"),
        # Of those that decided something in this run.
        (
            (APPROVED, "refnd"),
            "no outcome 'refnd'; known of remedy: refund, ask_approval, say_too_late, say_refunded, "
            "ask_order_number, hand_over\n",
        ),
        ((APPROVED, "give_up"), "next_attempt has decided nothing in this run"),
        (
            (FAULTS, "give_up", "--event", "9"),
            "next_attempt decided nothing at event 9; it did at 13, 24, 36",
        ),
        (("none.json", "refund"), "none.json: no such file"),
    ],
)
def test_what_cannot_be_asked_is_said_with_what_can(
    words: tuple[str, ...], says: str, tmp_path: Path
) -> None:
    assert says in said("why-not", *words, home=tmp_path, status=2)


def test_a_decision_of_another_version_cannot_be_asked_again(tmp_path: Path) -> None:
    """The current rows would answer for others: exit code 4, as where code cannot follow a history."""
    history = recorded("refunded-after-approval")
    for _, payload in (each for event in history.events for each in payloads(event)):
        payload.data = re.sub(rb'("decision":"remedy"[^}]*"version":)1', rb"\g<1>7", payload.data)
    edited = tmp_path / "edited.json"
    edited.write_text(history.to_json())
    words = said("why-not", str(edited), "refund", home=tmp_path, status=4)
    assert "remedy v7 cannot be asked again: the current code has version 1" in words
