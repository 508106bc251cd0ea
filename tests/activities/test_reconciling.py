"""A provider's export against the ledger, on both databases: what it proves is booked, nothing is forced."""

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from activities.booked_attempts import Finding
from activities.database import Database
from activities.ledger_tables import audit, settlements
from activities.reconciling import Reconciled, Scope, reconcile
from activities.tenant_books import Budget, Per
from activities.tenant_ledger import TenantLedger
from activities.usage_files import read_usage
from contracts.leases import LeaseRequest, Settlement
from contracts.receipts import AttemptEnd
from tests.activities.costs_world import NOON, PRICE, attempt, budget, run

MIDNIGHT = NOON.replace(hour=0)
LATER = NOON + timedelta(days=30)
HELD = PRICE.of(3_000, 500)
ZERO = Decimal(0)


@dataclass
class Desk:
    """A ledger, and files that a provider writes long after everything."""

    ledger: TenantLedger
    folder: Path

    def given(self, text: str, *, dry_run: bool = False, at: datetime = LATER, **scope: Any) -> Reconciled:
        file = self.folder / "usage"
        file.write_text(text)
        os.utime(file, (at.timestamp(), at.timestamp()))
        usage = read_usage(file)
        return reconcile(self.ledger.database, usage, Scope(**scope), LATER, dry_run=dry_run)

    def rows(self, table: Any) -> list[Any]:
        with self.ledger.database.transaction() as db:
            return list(db.execute(select(table)))


@pytest.fixture
def desk(database_url: str, tmp_path: Path) -> Iterator[Desk]:
    database = Database(database_url)
    database.upgrade()
    yield Desk(TenantLedger(database), tmp_path)
    database.close()


def lines(*rows: str) -> str:
    return "\n".join(("attempt_id,model,input_tokens,output_tokens,usd", *rows, ""))


def sums(
    *of: tuple[int, int, int], start: datetime = MIDNIGHT, hours: int = 24, model: str = "gpt-4o-mini"
) -> str:
    """OpenAI's page of buckets that follow each other: tokens in and out, and requests."""
    data = []
    for number, (into, out, requests) in enumerate(of):
        begins = int(start.timestamp()) + number * hours * 3_600
        result = {"model": model, "input_tokens": into, "output_tokens": out, "num_model_requests": requests}
        filled = [{**result, "project_id": "proj_1"}] if requests or into or out else []
        data.append({"start_time": begins, "end_time": begins + hours * 3_600, "results": filled})
    return json.dumps({"object": "page", "data": data})


def findings(outcome: Reconciled) -> list[Finding]:
    return [each.finding for each in outcome.found]


def test_a_line_proves_what_its_attempt_cost(desk: Desk) -> None:
    """By tokens at the price of the run's sheet, or by the provider's own amount."""
    run(desk.ledger, "a", [attempt("1"), attempt("2"), attempt("3", billed=(10, 10))])
    outcome = desk.given(lines("1,gpt-4o-mini-2024-07-18,1000,100,", "2,gpt-4o-mini,1000,100,0.0001"))
    assert [(each.attempt.attempt_id, each.usd, each.tokens) for each in outcome.proven] == [
        ("1", PRICE.of(1_000, 100), 1_100),
        ("2", Decimal("0.0001"), 1_100),
    ]
    settled = PRICE.of(10, 10) + PRICE.of(1_000, 100) + Decimal("0.0001")
    assert budget(desk.ledger) == Budget(settled=settled)


def test_the_same_file_changes_nothing_twice(desk: Desk) -> None:
    """Nor does another one that says the same."""
    run(desk.ledger, "a", [attempt("1"), attempt("2")])
    text = lines("1,gpt-4o-mini,1000,100,", "2,gpt-4o-mini,0,0,")
    assert len(desk.given(text).proven) == 2
    before = (desk.rows(settlements), desk.rows(audit))
    for again in (text, text + "\n"):
        outcome = desk.given(again)
        assert (outcome.proven, outcome.again, outcome.found) == ([], 2, [])
    assert (desk.rows(settlements), desk.rows(audit)) == before


def test_every_change_is_in_the_audit_with_its_file(desk: Desk) -> None:
    """The attempt, the amount, the digest of the file, and what was free before and after."""
    run(desk.ledger, "a", [attempt("1")])
    desk.ledger.set_cap("acme", Per.TOTAL, Decimal(1), NOON)
    text = lines("1,gpt-4o-mini,1000,100,")
    desk.given(text)
    line = desk.rows(audit)[-1]
    assert (line.what, line.lease, line.attempt_id) == ("reconciled", "a", "1")
    assert line.amount == PRICE.of(1_000, 100)
    assert line.source == read_usage(desk.folder / "usage").digest
    assert line.free_after - line.free_before == HELD - PRICE.of(1_000, 100)


@pytest.mark.parametrize("per", list(Per))
def test_a_past_period_gets_back_what_was_not_spent(desk: Desk, per: Per) -> None:
    """The budgets of the day and the month in which the run began, and the total."""
    run(desk.ledger, "a", [attempt("1")])
    run(desk.ledger, "b", [attempt("2")], at=LATER)
    desk.given(lines("1,gpt-4o-mini,1000,100,"))
    expected = Budget(settled=PRICE.of(1_000, 100), unknown=HELD if per is Per.TOTAL else ZERO)
    assert budget(desk.ledger, per) == expected
    assert budget(desk.ledger, Per.DAY, at=LATER) == Budget(unknown=HELD)


def test_what_is_proven_may_be_leased_again(desk: Desk) -> None:
    """The cap holds exactly: to the last 10^-12 of a dollar, and not one more."""
    run(desk.ledger, "a", [attempt("1")])
    cap = Decimal("0.002")
    desk.ledger.set_cap("acme", Per.TOTAL, cap, NOON)
    proven = PRICE.of(1_000, 100)
    asked = LeaseRequest(
        lease="b", workflow="w", workflow_id="w", tenant="acme", profile="p", amount=cap - proven
    )
    assert not desk.ledger.open(asked, LATER).granted
    desk.given(lines("1,gpt-4o-mini,1000,100,"))
    more = asked.model_copy(update={"amount": cap - proven + Decimal("0.000000000001")})
    assert not desk.ledger.open(more, LATER).granted
    assert desk.ledger.open(asked, LATER).granted
    (account,) = (each for each in desk.ledger.accounts(LATER, "acme") if each.per is Per.TOTAL)
    assert account.budget.booked == cap
    booked = sum((row.usd for row in desk.rows(settlements)), ZERO)
    assert account.budget.settled + account.budget.unknown == booked


def test_a_dry_run_changes_nothing(desk: Desk) -> None:
    run(desk.ledger, "a", [attempt("1")])
    before = (desk.rows(settlements), desk.rows(audit), budget(desk.ledger))
    assert len(desk.given(lines("1,gpt-4o-mini,1000,100,"), dry_run=True).proven) == 1
    assert desk.rows(settlements) == before[0]
    assert budget(desk.ledger) == before[2]


@pytest.mark.parametrize(
    ("line", "finding"),
    [
        ("9,gpt-4o-mini,1,1,", Finding.NOT_IN_LEDGER),
        ("*,,1,1,", Finding.NOT_IN_LEDGER),
        ("1,gpt-4o,1,1,", Finding.OTHER_MODEL),
        ("1,gpt-4o-mini,3000,501,", Finding.ABOVE_HOLD),
        ("1,gpt-4o-mini,2999,501,", Finding.ABOVE_HOLD),
        ("1,gpt-4o-mini,3600,0,", Finding.ABOVE_HOLD),
        ("1,gpt-4o-mini,1,1,0.05", Finding.ABOVE_HOLD),
        ("2,gpt-4o-mini,10,11,", Finding.DIFFERS),
        ("2,gpt-4o-mini,10,10,0.01", Finding.DIFFERS),
        ("3,gpt-4o-mini,1,1,", Finding.NEVER_BEGAN),
        ("4,gpt-4o-mini,1,1,", Finding.NO_PRICE),
        ("5,gpt-4o-mini,1,1,", Finding.NOT_TOLD_APART),
    ],
)
def test_a_line_that_does_not_fit_is_told_and_not_forced(desk: Desk, line: str, finding: Finding) -> None:
    """What fits beside it is booked all the same."""
    released = attempt("3", billed=(0, 0)).model_copy(update={"end": AttemptEnd.RELEASED})
    spent: list[Settlement] = [
        attempt("1"),
        attempt("2", billed=(10, 10)),
        released,
        attempt("4", price=None),
    ]
    run(desk.ledger, "a", [*spent, attempt("5"), attempt("6")])
    run(desk.ledger, "b", [attempt("5")])
    run(desk.ledger, "c", None)
    desk.ledger.forfeit("c", NOON)
    before = [row for row in desk.rows(settlements) if row.attempt_id != "6"]
    outcome = desk.given(lines(line, "6,gpt-4o-mini,1,1,"))
    assert findings(outcome) == [finding]
    assert outcome.found[0].place == "line 2"
    assert [each.attempt.attempt_id for each in outcome.proven] == ["6"]
    assert [row for row in desk.rows(settlements) if row.attempt_id != "6"] == before


def test_nothing_is_changed_when_the_database_refuses_one(desk: Desk) -> None:
    """Two tenants, one transaction: a budget that does not cover its settlement undoes both."""
    run(desk.ledger, "a", [attempt("1")])
    run(desk.ledger, "b", [attempt("2")], tenant="bolt")
    with desk.ledger.database.transaction() as db:
        db.exec_driver_sql("UPDATE budgets SET unknown = 0 WHERE tenant = 'bolt'")
    before = desk.rows(settlements)
    with pytest.raises(Exception, match="negative"):
        desk.given(lines("1,gpt-4o-mini,1,1,", "2,gpt-4o-mini,1,1,"))
    assert desk.rows(settlements) == before
    assert budget(desk.ledger) == Budget(unknown=HELD)


def test_sums_that_are_all_proven_leave_nothing_unknown(desk: Desk) -> None:
    """As many tokens and requests as are proven: the lost calls cost nothing, however many."""
    run(desk.ledger, "a", [attempt("1", billed=(1_000, 100)), attempt("2"), attempt("3")])
    outcome = desk.given(sums((1_000, 100, 1)))
    assert [(each.attempt.attempt_id, each.usd) for each in outcome.proven] == [("2", ZERO), ("3", ZERO)]
    assert budget(desk.ledger) == Budget(settled=PRICE.of(1_000, 100))
    again = desk.given(sums((1_000, 100, 1)))
    assert (again.proven, again.found) == ([], [])


def test_the_difference_is_the_usage_of_the_only_unknown_attempt(desk: Desk) -> None:
    """Its tokens in and out, at its own price; a call that cost nothing may or may not be counted."""
    refused = attempt("3", billed=(0, 0))
    run(desk.ledger, "a", [attempt("1", billed=(1_000, 100)), attempt("2"), refused])
    for requests in (2, 3):
        (proof,) = desk.given(sums((1_700, 150, requests)), dry_run=True).proven
        assert (proof.attempt.attempt_id, proof.tokens, proof.usd) == ("2", 750, PRICE.of(700, 50))
    desk.given(sums((1_700, 150, 2), model="gpt-4o-mini-2024-07-18"))
    assert budget(desk.ledger) == Budget(settled=PRICE.of(1_700, 150))
    assert desk.given(sums((1_700, 150, 2))).proven == []


@pytest.mark.parametrize(
    ("counted", "finding"),
    [
        ((999, 100, 1), Finding.FEWER_THAN_PROVEN),
        ((1_000, 100, 0), Finding.FEWER_THAN_PROVEN),
        ((1_000, 101, 1), Finding.ABOVE_HOLD),
        ((5_000, 100, 2), Finding.ABOVE_HOLD),
        ((1_001, 3_599, 2), Finding.ABOVE_HOLD),
        ((1_500, 150, 3), Finding.ABOVE_HOLD),
        ((999, 150, 2), Finding.NO_PRICE),
    ],
)
def test_sums_that_do_not_fit_book_nothing(
    desk: Desk, counted: tuple[int, int, int], finding: Finding
) -> None:
    """Fewer than proven, more than held, tokens without a request, or requests of somebody else."""
    run(desk.ledger, "a", [attempt("1", billed=(1_000, 100)), attempt("2")])
    outcome = desk.given(sums(counted))
    assert (outcome.proven, findings(outcome)) == ([], [finding])


def test_of_several_unknown_attempts_only_the_sum_is_told(desk: Desk) -> None:
    """They are named, and nothing is booked."""
    run(desk.ledger, "a", [attempt("1"), attempt("2"), attempt("3")])
    outcome = desk.given(sums((700, 50, 2)))
    assert (outcome.proven, findings(outcome)) == ([], [Finding.NOT_TOLD_APART])
    assert outcome.found[0].words == "750 tokens in 2 requests more than is proven, by any of 1, 2, 3"


def test_spans_are_joined_where_a_run_went_on_in_both(desk: Desk) -> None:
    """Nobody knows on which side of midnight its calls were; together they say it."""
    run(
        desk.ledger,
        "a",
        [attempt("1", billed=(1_000, 100)), attempt("2")],
        at=MIDNIGHT - timedelta(minutes=5),
    )
    yesterday = MIDNIGHT - timedelta(days=1)
    (proof,) = desk.given(sums((1_000, 100, 1), (700, 50, 1), start=yesterday)).proven
    assert (proof.attempt.attempt_id, proof.usd) == ("2", PRICE.of(700, 50))


def test_each_span_is_judged_on_its_own(desk: Desk) -> None:
    """One lost call a day is told apart, though there are two in all."""
    run(desk.ledger, "a", [attempt("1")])
    run(desk.ledger, "b", [attempt("2")], at=NOON + timedelta(days=1))
    outcome = desk.given(sums((700, 50, 1), (0, 0, 0)))
    assert [(each.attempt.attempt_id, each.tokens) for each in outcome.proven] == [("1", 750), ("2", 0)]


def test_a_run_across_the_edge_of_the_export_proves_nothing(desk: Desk) -> None:
    run(desk.ledger, "a", [attempt("1")], at=MIDNIGHT - timedelta(minutes=5))
    assert findings(desk.given(sums((0, 0, 0)))) == [Finding.AT_THE_EDGE]


def test_a_reset_run_may_have_called_before_it_took_its_lease(desk: Desk) -> None:
    """Its lease begins today, its workflow id yesterday."""
    run(desk.ledger, "a", [], at=NOON, workflow_id="w")
    tomorrow = NOON + timedelta(days=1)
    run(desk.ledger, "b", [attempt("1")], at=tomorrow, workflow_id="w")
    start = MIDNIGHT + timedelta(days=1)
    assert findings(desk.given(sums((0, 0, 0), start=start))) == [Finding.AT_THE_EDGE]
    assert [each.usd for each in desk.given(sums((0, 0, 0), (0, 0, 0))).proven] == [ZERO]


def test_counts_of_a_day_that_has_just_ended_prove_nothing(desk: Desk) -> None:
    """What is missing in them may only be late."""
    run(desk.ledger, "a", [attempt("1")])
    outcome = desk.given(sums((0, 0, 0)), at=MIDNIGHT + timedelta(hours=47))
    assert (outcome.proven, findings(outcome)) == ([], [Finding.TOO_RECENT])


@pytest.mark.parametrize("vanished", [False, True])
def test_a_run_without_an_account_may_have_spent_the_difference(desk: Desk, vanished: bool) -> None:
    """It is open, or no history is left of it; but where all is proven, it spent nothing either."""
    run(desk.ledger, "a", [attempt("1")])
    run(desk.ledger, "b", None)
    if vanished:
        desk.ledger.forfeit("b", NOON)
    assert findings(desk.given(sums((700, 50, 1)))) == [Finding.OPEN_RUNS]
    assert [each.tokens for each in desk.given(sums((0, 0, 0))).proven] == [0]


def test_usage_of_others_is_told(desk: Desk) -> None:
    """A key that something else uses, too; another project's is left out when one is named."""
    run(desk.ledger, "a", [attempt("1", billed=(1_000, 100))])
    assert findings(desk.given(sums((1_700, 150, 2)))) == [Finding.MORE_THAN_KNOWN]
    assert findings(desk.given(sums((1_700, 150, 2)), project="proj_2")) == [Finding.FEWER_THAN_PROVEN]


def test_another_provider_s_attempts_are_not_in_these_sums(desk: Desk) -> None:
    """The same model along another route."""
    run(desk.ledger, "a", [attempt("1"), attempt("2", route="elsewhere", billed=(10, 10))])
    (proof,) = desk.given(sums((700, 50, 1)), routes=("openai-small",)).proven
    assert (proof.attempt.attempt_id, proof.tokens) == ("1", 750)
