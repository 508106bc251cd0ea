"""`cap` and `tenants`: what a tenant may spend, set and shown; nothing but a file is needed for it."""

import json
from pathlib import Path

import pytest

from tests.commands.terminal import on_pipes


def said(*arguments: str, home: Path, code: int = 0, **changed: str) -> str:
    """Standard output, or standard error where it fails."""
    with on_pipes(*arguments, home=home, changed=changed) as command:
        assert command.ended() == code, command.errors
    return command.errors if code else command.output


def test_a_cap_is_set_shown_and_lifted(tmp_path: Path) -> None:
    """One for each period, beside each other; amounts are exact."""
    said("cap", "acme", "5.00", "--per", "day", home=tmp_path)
    said("cap", "acme", "0.000000000001", home=tmp_path)
    rows = json.loads(said("tenants", "--json", home=tmp_path))
    assert {(row["tenant"], row["per"], row["cap_usd"], row["free_usd"]) for row in rows} == {
        ("acme", "day", "5", "5"),
        ("acme", "total", "0.000000000001", "0.000000000001"),
    }
    said("cap", "acme", "none", "--per", "day", home=tmp_path)
    (row,) = json.loads(said("cap", "acme", "--json", home=tmp_path))
    assert (row["per"], row["leased_usd"], row["settled_usd"], row["unknown_usd"]) == ("total", "0", "0", "0")


@pytest.mark.parametrize("amount", ["five", "-1", "nan", "0.0000000000001", "99999999999"])
def test_what_is_no_amount_is_refused(amount: str, tmp_path: Path) -> None:
    """In one line, and nothing is changed."""
    assert said("cap", "acme", "--", amount, home=tmp_path, code=2).count("\n") == 1
    assert json.loads(said("tenants", "--json", home=tmp_path)) == []


def test_a_ledger_that_is_away_is_told_with_its_remedy(tmp_path: Path) -> None:
    """And without its password."""
    url = "postgresql://u:secret@127.0.0.1:1/ledger"
    line = said("tenants", home=tmp_path, code=3, TENUTO_DATABASE_URL=url)
    assert "check TENUTO_DATABASE_URL" in line
    assert "secret" not in line
