"""cap = settled + unknown + held + escrow + free, after any sequence of bookings, to the last digit."""

from dataclasses import dataclass
from fractions import Fraction

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    MultipleResults,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)

from contracts.terms import Amount
from contracts.values import PER_MILLION
from workflows.kernel.endings import BudgetSpent
from workflows.kernel.ledger import Ledger

MEASURES = tuple(Amount.model_fields)
Measures = dict[str, Fraction]

# Up to ten dollars in steps of a millionth of a millionth, and often nothing at all.
MONEY = st.integers(0, 10**13) | st.sampled_from([0, 1, 10**12])


def amounts(steps: st.SearchStrategy[int]) -> st.SearchStrategy[Amount]:
    return st.builds(
        lambda usd, tokens, calls, steps: Amount(
            usd=usd / PER_MILLION / PER_MILLION, tokens=tokens, calls=calls, steps=steps
        ),
        usd=MONEY,
        tokens=st.integers(0, 5_000),
        calls=st.integers(0, 3),
        steps=steps,
    )


COSTS = amounts(steps=st.just(0))


def exact(amount: Amount) -> Measures:
    """In numbers that cannot round."""
    return {measure: Fraction(getattr(amount, measure)) for measure in MEASURES}


def plus(*amounts: Measures) -> Measures:
    return {measure: sum((each[measure] for each in amounts), Fraction(0)) for measure in MEASURES}


@dataclass
class Attempt:
    """What the test itself remembers of an attempt."""

    id: str
    booked: Measures
    held: bool = True
    proven: bool = False


class Bookings(RuleBasedStateMachine):
    """Books at random, with a second set of books beside the ledger."""

    under_way: Bundle[Attempt] = Bundle("under_way")
    over: Bundle[Attempt] = Bundle("over")

    @initialize(cap=amounts(st.integers(0, 6)), escrow=amounts(st.integers(0, 3)))
    def open(self, cap: Amount, escrow: Amount) -> None:
        # A cap below the escrow is refused before a run begins.
        self.ledger = Ledger(cap + escrow, escrow)
        self.cap, self.escrow = exact(cap + escrow), exact(escrow)
        self.attempts: list[Attempt] = []
        self.steps = 0
        self.overrun = False

    def totals(self) -> dict[str, Measures]:
        def booked(held: bool, proven: bool) -> Measures:
            return plus(*(a.booked for a in self.attempts if (a.held, a.proven) == (held, proven)))

        settled = booked(False, True)
        return {
            "settled": {**settled, "steps": settled["steps"] + self.steps},
            "unknown": booked(False, False),
            "held": booked(True, False),
            "escrow": self.escrow,
        }

    def left(self) -> Measures:
        spent = plus(*self.totals().values())
        return {measure: self.cap[measure] - spent[measure] for measure in MEASURES}

    @rule(target=under_way, amount=COSTS)
    def hold(self, amount: Amount) -> Attempt | MultipleResults[Attempt]:
        wanted, left = exact(amount), self.left()
        granted = all(wanted[measure] <= max(Fraction(0), left[measure]) for measure in MEASURES)
        attempt = Attempt(f"attempt {len(self.attempts)}", wanted)
        if not granted or (self.overrun and amount.calls):
            with pytest.raises(BudgetSpent):
                self.ledger.hold(attempt.id, "step", amount)
            return multiple()
        self.ledger.hold(attempt.id, "step", amount)
        self.attempts.append(attempt)
        return attempt

    @rule(target=over, attempt=consumes(under_way), bill=COSTS)
    def settle(self, attempt: Attempt, bill: Amount) -> Attempt:
        self.overrun |= any(exact(bill)[measure] > attempt.booked[measure] for measure in MEASURES)
        self.ledger.settle(attempt.id, bill)
        attempt.booked, attempt.held, attempt.proven = exact(bill), False, True
        return attempt

    @rule(target=over, attempt=consumes(under_way))
    def release(self, attempt: Attempt) -> Attempt:
        self.ledger.release(attempt.id)
        attempt.booked, attempt.held, attempt.proven = exact(Amount()), False, True
        return attempt

    @rule(target=over, attempt=consumes(under_way))
    def lose(self, attempt: Attempt) -> Attempt:
        self.ledger.lose(attempt.id)
        attempt.held = False
        return attempt

    @rule(attempt=over, how=st.sampled_from(["settle", "release", "lose"]), bill=COSTS)
    def close_again(self, attempt: Attempt, how: str, bill: Amount) -> None:
        with pytest.raises(AssertionError, match="closed before"):
            getattr(self.ledger, how)(attempt.id, *([bill] if how == "settle" else []))

    @rule()
    def count_step(self) -> None:
        if self.left()["steps"] < 1:
            with pytest.raises(BudgetSpent):
                self.ledger.count_step("step")
        else:
            self.ledger.count_step("step")
            self.steps += 1

    @rule()
    def open_escrow(self) -> None:
        self.ledger.open_escrow()
        self.escrow = exact(Amount())

    @invariant()
    def every_total_is_exact(self) -> None:
        for name, total in self.totals().items():
            assert exact(getattr(self.ledger, name)) == total, name
        assert self.ledger.overrun == self.overrun

    @invariant()
    def the_cap_is_the_sum_of_its_parts(self) -> None:
        parts = ("settled", "unknown", "held", "escrow", "free")
        whole = plus(*(exact(getattr(self.ledger, part)) for part in parts))
        for measure in MEASURES:
            if self.left()[measure] >= 0:
                assert whole[measure] == self.cap[measure], measure
            else:
                assert self.overrun, f"more than the cap is booked in {measure}, and no overrun is flagged"
                assert exact(self.ledger.free)[measure] == 0


def test_the_cap_is_the_sum_of_its_parts_after_any_sequence_of_bookings() -> None:
    """A random sequence, checked after each booking; only a flagged overrun may pass the cap."""
    run_state_machine_as_test(Bookings, settings=settings(max_examples=60, stateful_step_count=25))
