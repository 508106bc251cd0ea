"""The run's ledger: what a hold becomes, and what is refused."""

from decimal import Decimal

import pytest

from contracts.attempts import Fault
from contracts.receipts import AttemptEnd, EndingKind
from contracts.terms import Amount
from workflows.kernel.endings import BudgetSpent
from workflows.kernel.ledger import Ledger

NOTHING = Amount()
HOLD = Amount(usd=Decimal("0.02"), tokens=1_000, calls=1)
BILL = Amount(usd=Decimal("0.0123"), tokens=700, calls=1)


def ledger(**escrow: object) -> Ledger:
    """Room for three holds and four steps, less the escrow."""
    cap = Amount(usd=Decimal("0.06"), tokens=3_000, calls=3, steps=4)
    return Ledger(cap, Amount.model_validate(escrow))


def test_a_hold_is_kept_in_full_until_its_attempt_ends() -> None:
    """It is neither free nor spent."""
    run = ledger()
    run.hold("1.1", "read_ticket", HOLD)
    assert run.held == HOLD
    assert run.settled == run.unknown == NOTHING
    assert run.free == Amount(usd=Decimal("0.04"), tokens=2_000, calls=2, steps=4)


def test_settling_books_the_bill_and_frees_the_rest() -> None:
    """What was held above the bill may be held again."""
    run = ledger()
    run.hold("1.1", "read_ticket", HOLD)
    run.settle("1.1", BILL)
    assert (run.settled, run.held, run.unknown) == (BILL, NOTHING, NOTHING)
    assert run.free == Amount(usd=Decimal("0.0477"), tokens=2_300, calls=2, steps=4)
    assert not run.overrun


def test_releasing_frees_the_whole_hold() -> None:
    """The attempt is proven never to have begun, so not even the call counts."""
    run = ledger()
    run.hold("1.1", "read_ticket", HOLD)
    run.release("1.1", Fault.NOT_STARTED)
    assert run.free == run.cap
    (line,) = run.lines
    assert (line.end, line.actual, line.fault) == (AttemptEnd.RELEASED, NOTHING, Fault.NOT_STARTED)


def test_an_unknown_cost_keeps_the_whole_hold_booked() -> None:
    """A lost call is neither free nor paid."""
    run = ledger()
    run.hold("1.1", "read_ticket", HOLD)
    run.lose("1.1", Fault.WORKER_LOST)
    assert (run.settled, run.held, run.unknown) == (NOTHING, NOTHING, HOLD)
    assert run.free == Amount(usd=Decimal("0.04"), tokens=2_000, calls=2, steps=4)
    (line,) = run.lines
    assert (line.end, line.actual, line.fault) == (AttemptEnd.UNKNOWN, None, Fault.WORKER_LOST)


def test_a_bill_above_its_hold_is_booked_in_full_and_the_last() -> None:
    """An overrun: nothing that could cost money is granted after it, however much is free."""
    run = ledger()
    run.hold("1.1", "read_ticket", HOLD)
    run.settle("1.1", Amount(usd=Decimal("0.020000000001"), tokens=1_000, calls=1))
    assert run.overrun
    assert run.settled.usd == Decimal("0.020000000001")
    assert run.balance().overrun
    with pytest.raises(BudgetSpent, match="draft_reply: a provider billed above its own maximum"):
        run.hold("2.1", "draft_reply", Amount(calls=1))
    run.hold("3.1", "hand_to_desk", NOTHING)


def test_an_overrun_beyond_the_cap_leaves_nothing_free_and_nothing_negative() -> None:
    """Booked as billed all the same."""
    run = ledger()
    run.hold("1.1", "read_ticket", HOLD)
    run.settle("1.1", Amount(usd=Decimal(1), tokens=1_000, calls=1))
    assert run.settled.usd == 1
    assert run.free == Amount(usd=Decimal(0), tokens=2_000, calls=2, steps=4)


def test_the_escrow_is_held_back_until_the_way_out_begins() -> None:
    """Then it is free, once."""
    run = ledger(usd="0.05", steps=2)
    assert run.free == Amount(usd=Decimal("0.01"), tokens=3_000, calls=3, steps=2)
    with pytest.raises(BudgetSpent):
        run.hold("1.1", "read_ticket", HOLD)
    run.open_escrow()
    assert run.free == run.cap
    run.hold("1.1", "read_ticket", HOLD)
    run.open_escrow()
    assert run.free.usd == Decimal("0.04")


def test_a_cap_can_be_held_to_its_last_digit_and_not_beyond() -> None:
    """Money is exact: no rounding lets one more attempt in, or keeps the last one out."""
    run = ledger()
    for number in (1, 2, 3):
        run.hold(f"{number}.1", "read_ticket", HOLD)
    assert run.free == Amount(steps=4)
    with pytest.raises(BudgetSpent):
        run.hold("4.1", "read_ticket", Amount(usd=Decimal("0.000000000001")))


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        (
            Amount(usd=Decimal("0.030")),
            "draft_reply could cost 0.03 usd; of a cap of 0.06 usd 0.0177 are free "
            "(0.0123 settled, 0.02 unknown, 0 held, 0.01 kept for the way out)",
        ),
        (
            Amount(tokens=1_001),
            "draft_reply could cost 1001 tokens; of a cap of 3000 tokens 1000 are free "
            "(700 settled, 1000 unknown, 0 held, 300 kept for the way out)",
        ),
        (
            Amount(calls=2),
            "draft_reply could cost 2 calls; of a cap of 3 calls 1 are free "
            "(1 settled, 1 unknown, 0 held, 0 kept for the way out)",
        ),
    ],
    ids=["usd", "tokens", "calls"],
)
def test_a_refused_hold_names_the_measure_and_every_number(wanted: Amount, message: str) -> None:
    """A person can check the sum, and nothing was booked."""
    run = ledger(usd="0.01", tokens=300)
    run.hold("1.1", "read_ticket", HOLD)
    run.settle("1.1", BILL)
    run.hold("1.2", "read_ticket", HOLD)
    run.lose("1.2")
    before = run.balance()
    with pytest.raises(BudgetSpent) as refused:
        run.hold("2.1", "draft_reply", wanted)
    assert refused.value.ending.kind is EndingKind.BUDGET_SPENT
    assert refused.value.ending.reason == message
    assert run.balance() == before
    assert len(run.lines) == 2


def test_a_step_beyond_the_cap_is_refused_by_its_number() -> None:
    """Steps are counted when they begin, whatever becomes of them."""
    run = ledger(steps=3)
    run.count_step("read_ticket")
    with pytest.raises(BudgetSpent) as refused:
        run.count_step("find_order")
    assert refused.value.ending.reason == (
        "find_order would be step 2; of a cap of 4 steps 0 are free "
        "(1 settled, 0 unknown, 0 held, 3 kept for the way out)"
    )
    assert run.settled.steps == 1


@pytest.mark.parametrize("first", ["settle", "release", "lose"])
@pytest.mark.parametrize("second", ["settle", "release", "lose"])
def test_an_attempt_is_closed_once(first: str, second: str) -> None:
    """A second close, of whatever kind, is a fault of the code and changes nothing."""
    run = ledger()

    def close(how: str, actual: Amount) -> None:
        run.settle("1.1", actual) if how == "settle" else getattr(run, how)("1.1")

    run.hold("1.1", "read_ticket", HOLD)
    close(first, BILL)
    before = run.balance(), run.lines
    with pytest.raises(AssertionError, match=r"attempt 1\.1 was closed before, as "):
        close(second, Amount(usd=Decimal(1), calls=1))
    assert (run.balance(), run.lines) == before


def test_a_second_hold_of_one_attempt_is_refused() -> None:
    """It would make the ledger forget what the first one became."""
    run = ledger()
    run.hold("1.1", "read_ticket", HOLD)
    run.lose("1.1")
    with pytest.raises(AssertionError, match=r"attempt 1\.1 was held before"):
        run.hold("1.1", "read_ticket", HOLD)
    assert run.unknown == HOLD


def test_lines_stand_in_the_order_of_their_holds() -> None:
    """However the attempts end."""
    run = ledger()
    for name in ("1.1", "2.1", "3.1"):
        run.hold(name, "read_ticket", HOLD)
    run.settle("3.1", BILL)
    run.release("1.1")
    assert [line.attempt_id for line in run.lines] == ["1.1", "2.1", "3.1"]
