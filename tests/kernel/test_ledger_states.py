"""The run's ledger under any sequence of bookings: nothing is lost, nothing counts twice."""

from collections.abc import Callable
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from contracts.receipts import AttemptEnd, AttemptLine
from contracts.terms import Amount
from workflows.kernel.endings import BudgetSpent
from workflows.kernel.ledger import Ledger

CAP = Amount(usd=Decimal("0.10"), tokens=1_000, calls=6, steps=5)
ESCROW = Amount(usd=Decimal("0.02"), tokens=100, calls=1, steps=1)
NOTHING = Amount()

holds = st.builds(
    Amount,
    usd=st.integers(0, 60).map(lambda thousandths: Decimal(thousandths) / 1_000),
    tokens=st.integers(0, 600),
    calls=st.just(1),
)
shares = st.fractions(0, 1, max_denominator=7)


def part_of(hold: Amount, share: float) -> Amount:
    """A bill within a hold."""
    return Amount(
        usd=(hold.usd * int(share * 1_000)) / 1_000, tokens=int(hold.tokens * share), calls=hold.calls
    )


def sum_of(lines: list[AttemptLine], end: AttemptEnd) -> Amount:
    found = [line for line in lines if line.end is end]
    return sum((line.hold if line.actual is None else line.actual for line in found), NOTHING)


class RunLedger(RuleBasedStateMachine):
    """Every booking is kept as well, so that a replay can make the ledger again."""

    def __init__(self) -> None:
        super().__init__()
        self.ledger = Ledger(CAP, ESCROW)
        self.done: list[Callable[[Ledger], None]] = []
        self.steps = 0

    def book(self, what: Callable[[Ledger], None]) -> None:
        what(self.ledger)
        self.done.append(what)

    def under_way(self) -> list[str]:
        return [line.attempt_id for line in self.ledger.lines if line.end is AttemptEnd.HELD]

    @rule(amount=holds)
    def hold(self, amount: Amount) -> None:
        """Granted exactly when it fits into what is free, and no provider has overrun."""
        fits = amount.fits(self.ledger.free) and not self.ledger.overrun
        name = f"{len(self.ledger.lines) + 1}.1"
        if fits:
            self.book(lambda ledger: ledger.hold(name, "read", amount))
        else:
            with pytest.raises(BudgetSpent):
                self.ledger.hold(name, "read", amount)

    @precondition(lambda self: bool(self.under_way()))
    @rule(data=st.data(), share=shares)
    def settle(self, data: st.DataObject, share: float) -> None:
        """In any order."""
        name = data.draw(st.sampled_from(self.under_way()))
        bill = part_of(self.ledger.line(name).hold, share)
        self.book(lambda ledger: ledger.settle(name, bill))

    @precondition(lambda self: bool(self.under_way()))
    @rule(data=st.data())
    def overrun(self, data: st.DataObject) -> None:
        """A provider bills above its own maximum."""
        name = data.draw(st.sampled_from(self.under_way()))
        bill = self.ledger.line(name).hold + Amount(usd=Decimal("0.001"), tokens=1)
        self.book(lambda ledger: ledger.settle(name, bill))
        assert self.ledger.overrun

    @precondition(lambda self: bool(self.under_way()))
    @rule(data=st.data())
    def release(self, data: st.DataObject) -> None:
        name = data.draw(st.sampled_from(self.under_way()))
        self.book(lambda ledger: ledger.release(name))

    @precondition(lambda self: bool(self.under_way()))
    @rule(data=st.data())
    def lose(self, data: st.DataObject) -> None:
        name = data.draw(st.sampled_from(self.under_way()))
        self.book(lambda ledger: ledger.lose(name))

    @precondition(lambda self: self.ledger.lines)
    @rule(data=st.data())
    def twice(self, data: st.DataObject) -> None:
        """An attempt is held once and closed once."""
        line = data.draw(st.sampled_from(self.ledger.lines))
        with pytest.raises(AssertionError):
            self.ledger.hold(line.attempt_id, "read", NOTHING)
        if line.end is not AttemptEnd.HELD:
            with pytest.raises(AssertionError):
                self.ledger.settle(line.attempt_id, NOTHING)

    @rule()
    def step(self) -> None:
        """Counted while the cap has steps left."""
        if self.ledger.free.steps:
            self.book(lambda ledger: ledger.count_step("read"))
            self.steps += 1
        else:
            with pytest.raises(BudgetSpent):
                self.ledger.count_step("read")

    @rule()
    def leave(self) -> None:
        """The way out begins."""
        self.book(lambda ledger: ledger.open_escrow())

    @rule()
    def lose_the_lease(self) -> None:
        """A reset run is denied a new one: nothing more is held."""
        self.book(lambda ledger: ledger.withhold())
        assert not self.ledger.free.usd

    @rule()
    def lease(self) -> None:
        """Or is granted it."""
        self.book(lambda ledger: ledger.grant(CAP))

    @rule()
    def crash(self) -> None:
        """Another worker replays what happened, and has the same books."""
        self.replay(len(self.done), same=True)

    @precondition(lambda self: self.done)
    @rule(data=st.data())
    def reset(self, data: st.DataObject) -> None:
        """The run goes on from an earlier moment."""
        self.replay(data.draw(st.integers(0, len(self.done))), same=False)

    def replay(self, length: int, *, same: bool) -> None:
        before, self.ledger, self.done = self.ledger, Ledger(CAP, ESCROW), self.done[:length]
        for what in self.done:
            what(self.ledger)
        self.steps = self.ledger.settled.steps
        if same:
            assert (self.ledger.lines, self.ledger.balance()) == (before.lines, before.balance())

    @invariant()
    def totals_are_sums(self) -> None:
        lines = self.ledger.lines
        assert self.ledger.settled == sum_of(lines, AttemptEnd.SETTLED) + Amount(steps=self.steps)
        assert self.ledger.unknown == sum_of(lines, AttemptEnd.UNKNOWN)
        assert self.ledger.held == sum_of(lines, AttemptEnd.HELD)

    @invariant()
    def everything_is_somewhere(self) -> None:
        """cap = settled + unknown + held + escrow + free; an overrun and a lost lease leave nothing free."""
        ledger = self.ledger
        booked = ledger.settled + ledger.unknown + ledger.held + ledger.escrow
        if booked.fits(ledger.cap):
            assert booked + ledger.free == ledger.cap
        else:
            assert ledger.overrun or ledger.cap != CAP


def test_the_runs_ledger_conserves_money_whatever_happens() -> None:
    """Holds, bills, overruns, losses, crashes and resets in any order."""
    run_state_machine_as_test(
        RunLedger,
        settings=settings(
            max_examples=1_850, stateful_step_count=12, suppress_health_check=list(HealthCheck)
        ),
    )
