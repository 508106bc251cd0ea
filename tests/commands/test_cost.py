"""`cost` and `reconcile` in the forms that people and programs read; nothing but the database is needed."""

import csv
import json
import xml.etree.ElementTree as ElementTree
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from activities.database import Database
from activities.tenant_ledger import TenantLedger
from contracts.attempts import Fault
from tests.activities.costs_world import attempt, run
from tests.commands.terminal import STYLE, on_pipes, on_terminal, widest

NOW = datetime.now(UTC)
FAILED = ("of", "it", "failed")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A folder with a ledger where the commands look."""
    database = Database(f"sqlite:///{tmp_path / 'ledger.db'}")
    database.upgrade()
    ledger = TenantLedger(database)
    cut = attempt("1.1-a", billed=(1_000, 100), fault=Fault.CUT_SHORT)
    mine = [cut, attempt("1.2-a", billed=(1_000, 200)), attempt("2.1-a", step=2, task="draft_reply")]
    run(ledger, "a", mine, at=NOW - timedelta(days=2))
    run(ledger, "b", None, tenant="bolt", at=NOW - timedelta(hours=1))
    run(ledger, "c", [attempt("1.1-c", billed=(1, 1), model="=<script>&'\"")], tenant="bolt", at=NOW)
    database.close()
    return tmp_path


def said(*arguments: str, home: Path, code: int = 0) -> str:
    with on_pipes(*arguments, home=home) as command:
        assert command.ended() == code, command.errors
    return command.errors if code else command.output


def test_a_table_keeps_each_kind_of_money_apart(home: Path) -> None:
    """A line for each, then the sum, then bars."""
    heading, bolt, acme, whole, *bars = said("cost", home=home).splitlines()
    assert heading.split() == ["tenant", "attempts", "operations", "proven", *FAILED, "unknown", "held"]
    assert acme.split() == ["acme", "3", "2", "$0.00048", "$0.00021", "$0.00075", "(1)"]
    assert bolt.split() == ["bolt", "1", "1", "$0.00000075", "$0.05"]
    assert whole.split() == ["sum", "4", "3", "$0.00048075", "$0.00021", "$0.00075", "(1)", "$0.05"]
    assert any("█" in line for line in bars)
    assert any("░" in line for line in bars)


@pytest.mark.parametrize("columns", [40, 60, 80, 120])
@pytest.mark.parametrize("words", [["--by", "run"], ["--operations"], ["--by", "model"]], ids=str)
def test_costs_stay_within_the_terminal(columns: int, words: list[str], home: Path) -> None:
    with on_terminal("cost", *words, home=home, columns=columns) as command:
        assert command.ended() == 0
    assert len(widest(command.output)) <= columns, widest(command.output)
    assert STYLE.search(command.output)


def test_a_program_gets_exact_amounts_as_text(home: Path) -> None:
    answer = json.loads(said("cost", "--by", "task", "--tenant", "acme", "--json", home=home))
    assert [(row["task"], row["proven_usd"], row["unknown_usd"]) for row in answer["rows"]] == [
        ("draft_reply", "0", "0.00075"),
        ("read_ticket", "0.00048", "0"),
    ]
    assert answer["total"]["failed_usd"] == "0.00021"
    assert not any(isinstance(value, float) for value in answer["total"].values())


def test_a_spreadsheet_gets_rows_and_no_formula(home: Path) -> None:
    """The heading is there also when nothing is."""
    rows = list(csv.DictReader(said("cost", "--by", "model", "--csv", home=home).splitlines()))
    assert {row["model"] for row in rows} == {"", "'=<script>&'\"", "gpt-4o-mini"}
    nothing = said("cost", "--csv", "--until", "2020-01-01", home=home)
    assert nothing.startswith("tenant,attempts,")
    assert nothing.count("\n") == 1


def test_operations_are_dearest_first_and_limited(home: Path) -> None:
    """The sum is that of all; that there are more is said."""
    printed = said("cost", "--operations", "--limit", "1", home=home)
    assert "resolve-ticket/acme/a 2 draft_reply" in printed
    assert "read_ticket" not in printed
    assert "$0.00048075" in printed
    assert "there are more rows" in printed
    rows = json.loads(said("cost", "--operations", "--json", home=home))["rows"]
    assert [(row["workflow_id"], row["step"], row["attempts"]) for row in rows] == [
        ("resolve-ticket/acme/a", 2, 1),
        ("resolve-ticket/acme/a", 1, 2),
        ("resolve-ticket/bolt/c", 1, 1),
    ]


@pytest.mark.parametrize(
    ("since", "attempts"), [("1d", 1), ("3d", 4), (f"{NOW - timedelta(days=1):%Y-%m-%d}", 1)]
)
def test_since_takes_a_length_of_time_or_a_date(since: str, attempts: int, home: Path) -> None:
    assert json.loads(said("cost", "--since", since, "--json", home=home))["total"]["attempts"] == attempts
    assert "no length of time" in said("cost", "--since", "yesterday", home=home, code=2)


def test_a_chart_is_a_picture_of_its_own_in_which_nothing_is_markup(home: Path) -> None:
    """Well-formed, with a title, for light and dark ground, and what runs are named is text."""
    file = home / "costs.svg"
    assert said("cost", "--by", "model", "--svg", str(file), home=home) == ""
    text = file.read_text()
    root = ElementTree.fromstring(text)  # noqa: S314 (our own)
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    assert "=&lt;script&gt;&amp;" in text
    assert "<script" not in text
    assert "http://www.w3.org/2000/svg" in text
    assert text.count("http") == 1
    assert "prefers-color-scheme:dark" in text
    kinds = {each.get("class") for each in root.iter() if each.get("height") == "14"}
    assert kinds == {"proven", "unknown", "held"}


def test_without_a_ledger_that_is_said_and_none_is_made(tmp_path: Path) -> None:
    """Neither by looking nor by an export."""
    (tmp_path / "usage.csv").write_text("attempt_id,model,input_tokens,output_tokens\n1,m,1,1\n")
    for words in (["cost"], ["reconcile", str(tmp_path / "usage.csv")]):
        assert "there is no ledger yet" in said(*words, home=tmp_path, code=3)
    assert not (tmp_path / "ledger.db").exists()


def test_reconcile_tells_what_it_books_and_what_it_does_not(home: Path) -> None:
    """The table, each finding, the sum; exit code 4 where export and ledger contradict each other."""
    file = home / "usage.csv"
    rows = ["2.1-a,gpt-4o-mini,100,10", "1.2-a,gpt-4o-mini,1000,200", "x,gpt-4o-mini,1,1"]
    file.write_text("\n".join(["attempt_id,model,input_tokens,output_tokens", *rows, ""]))
    dry = said("reconcile", str(file), "--dry-run", home=home)
    assert "1 unknown attempt would be proven: $0.00075 unknown would be $0.000021 proven" in dry
    printed = said("reconcile", str(file), home=home)
    assert "1 unknown attempt proven: $0.00075 unknown $0.000021 proven" in printed
    assert "not in the ledger: line 4: attempt x is not booked" in printed
    assert "1 line proven before; 1 finding" in printed
    file.write_text(file.read_text().replace("1000,200", "1000,201"))
    assert said("reconcile", str(file), home=home, code=4) == ""


def test_a_broken_line_changes_nothing(home: Path) -> None:
    """It is named in one line, and what stands before it is not booked either."""
    file = home / "usage.csv"
    file.write_text("attempt_id,model,input_tokens,output_tokens\n2.1-a,gpt-4o-mini,100,10\nx,m,one,1\n")
    line = said("reconcile", str(file), home=home, code=2)
    assert "line 3: input_tokens 'one' is no whole number" in line
    assert line.count("\n") == 1
    assert json.loads(said("cost", "--json", home=home))["total"]["unknown_attempts"] == 1


@pytest.mark.parametrize("columns", [40, 80])
def test_a_reconciliation_stays_within_the_terminal(columns: int, home: Path) -> None:
    file = home / "usage.csv"
    rows = ["2.1-a,gpt-4o-mini,100,10", "an-id-that-nobody-knows-and-that-is-long,gpt-4o-mini,1,1"]
    file.write_text("\n".join(["attempt_id,model,input_tokens,output_tokens", *rows, ""]))
    with on_terminal("reconcile", str(file), "--dry-run", home=home, columns=columns) as command:
        assert command.ended() == 0
    assert len(widest(command.output)) <= columns, widest(command.output)
