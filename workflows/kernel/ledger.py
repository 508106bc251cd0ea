"""A run's money, tokens and calls: cap = settled + unknown + held + escrow + free, always.

Nothing here awaits, so no other task of the workflow can see a ledger between two states.
"""

from decimal import Decimal

from contracts.attempts import Fault, Usage
from contracts.receipts import AttemptEnd, AttemptLine, Balance
from contracts.sheet import Price, Route, StepNumbers
from contracts.terms import Amount
from contracts.values import plain
from workflows.kernel.endings import BudgetSpent

__all__ = ["Ledger", "cost_of", "first_output", "room_for", "worst_case"]

ZERO = Amount()
# Bytes of a token, with a margin: prompts are words, and what is extracted from is full of figures.
PROMPT_BYTES, TEXT_BYTES = 4, 2


def worst_case(numbers: StepNumbers, route: Route, request_bytes: int, max_output_tokens: int) -> Amount:
    """The most that one attempt of a model task can cost. A token is never shorter than a byte."""
    input_tokens = request_bytes + numbers.overhead_bytes
    return Amount(
        usd=route.price.of(input_tokens, max_output_tokens),
        tokens=input_tokens + max_output_tokens,
        calls=1,
    )


def room_for(numbers: StepNumbers, route: Route) -> int:
    """Bytes of text that fit into a route's window beside the prompt and the reply; an estimate, no bound.

    Figures take a token each, words one for four bytes; and what is copied out of a text may be as long as
    the text. One that does not fit after all fails as `context_too_long`, which costs nothing.
    """
    output = first_output(numbers, route)
    window = (route.context_tokens - output - numbers.overhead_bytes // PROMPT_BYTES) * TEXT_BYTES
    return max(0, min(window, output, numbers.max_request_bytes * 3 // 5))


def first_output(numbers: StepNumbers, route: Route | None) -> int:
    """The output limit of a first attempt: the task's, and no more than the route allows."""
    return min(numbers.max_output_tokens, route.max_output_tokens) if route is not None else 0


def cost_of(usage: Usage, route: Route) -> Amount:
    """What a provider billed, at the sheet's price."""
    return Amount(
        usd=route.price.of(usage.input_tokens, usage.output_tokens),
        tokens=usage.input_tokens + usage.output_tokens,
        calls=1,
    )


class Ledger:
    """Every attempt of a run with its hold and what became of it."""

    def __init__(self, cap: Amount, escrow: Amount) -> None:
        self.cap = cap
        self.escrow = escrow
        self.overrun = False
        self._lines: dict[str, AttemptLine] = {}
        self._prices: dict[str, Price] = {}
        # Kept while booking: a run of a thousand attempts must not add up all of them for each.
        self._totals = dict.fromkeys(AttemptEnd, ZERO)

    @property
    def lines(self) -> list[AttemptLine]:
        """In the order in which the holds were taken."""
        return list(self._lines.values())

    @property
    def settled(self) -> Amount:
        return self._totals[AttemptEnd.SETTLED]

    @property
    def unknown(self) -> Amount:
        return self._totals[AttemptEnd.UNKNOWN]

    @property
    def held(self) -> Amount:
        return self._totals[AttemptEnd.HELD]

    @property
    def free(self) -> Amount:
        """What may still be held; zero in a measure that an overrun made negative."""
        # Measure by measure: it is asked several times a step, and each sum of two amounts makes a third.
        booked = (self.settled, self.unknown, self.held, self.escrow)
        return Amount(
            usd=max(Decimal(0), self.cap.usd - sum(each.usd for each in booked)),
            tokens=max(0, self.cap.tokens - sum(each.tokens for each in booked)),
            calls=max(0, self.cap.calls - sum(each.calls for each in booked)),
            steps=max(0, self.cap.steps - sum(each.steps for each in booked)),
        )

    def line(self, attempt_id: str) -> AttemptLine:
        """One attempt's."""
        return self._lines[attempt_id]

    def price(self, attempt_id: str) -> Price | None:
        """What one attempt is priced with; None for an effect."""
        return self._prices.get(attempt_id)

    def is_held(self, attempt_id: str) -> bool:
        """Whether an attempt's worst case is still kept for it."""
        line = self._lines.get(attempt_id)
        return line is not None and line.end is AttemptEnd.HELD

    def balance(self) -> Balance:
        return Balance(settled=self.settled, unknown=self.unknown, held=self.held, overrun=self.overrun)

    def count_step(self, name: str) -> None:
        """Book one step, or raise BudgetSpent."""
        if self.free.steps < 1:
            raise BudgetSpent(f"{name} would be step {self.settled.steps + 1}; {self._left('steps')}")
        self._totals[AttemptEnd.SETTLED] += Amount(steps=1)

    def hold(self, attempt_id: str, step: str, amount: Amount, route: Route | None = None) -> None:
        """Keep the worst case of an attempt, or raise BudgetSpent; taken before anything is scheduled."""
        if attempt_id in self._lines:
            raise AssertionError(f"attempt {attempt_id} was held before")
        if (lack := self.lack(step, amount)) is not None:
            raise BudgetSpent(lack)
        self._lines[attempt_id] = AttemptLine(
            attempt_id=attempt_id,
            step=step,
            route=route.name if route is not None else None,
            model=route.model if route is not None else None,
            end=AttemptEnd.HELD,
            hold=amount,
        )
        if route is not None:
            self._prices[attempt_id] = route.price
        self._totals[AttemptEnd.HELD] += amount

    def lack(self, step: str, amount: Amount) -> str | None:
        """Why an attempt that may cost so much cannot be held; None when it can."""
        if self.overrun and amount.calls:
            return f"{step}: a provider billed above its own maximum, so no model is called any more"
        free = self.free
        for measure in ("usd", "tokens", "calls"):
            wanted, left = getattr(amount, measure), getattr(free, measure)
            if wanted > left:
                wanted_text = plain(wanted) if isinstance(wanted, Decimal) else wanted
                return f"{step} could cost {wanted_text} {measure}; {self._left(measure)}"
        return None

    def settle(self, attempt_id: str, actual: Amount, fault: Fault | None = None) -> None:
        """The cost is proven. Above the hold it is an overrun: booked as billed, and the last."""
        self._close(attempt_id, AttemptEnd.SETTLED, actual, fault)
        if not actual.fits(self._lines[attempt_id].hold):
            self.overrun = True

    def release(self, attempt_id: str, fault: Fault | None = None) -> None:
        """The attempt is proven never to have begun."""
        self._close(attempt_id, AttemptEnd.RELEASED, ZERO, fault)

    def lose(self, attempt_id: str, fault: Fault | None = None) -> None:
        """Nobody can say what it cost: the whole hold stays booked."""
        self._close(attempt_id, AttemptEnd.UNKNOWN, None, fault)

    def withhold(self) -> None:
        """The tenant grants nothing: only steps are left, which cost nothing."""
        booked = self.settled + self.unknown + self.held
        self.cap = booked.model_copy(update={"steps": self.cap.steps})

    def grant(self, cap: Amount) -> None:
        """The tenant's lease covers the cap."""
        self.cap = cap

    def open_escrow(self) -> None:
        """The way out begins: what was kept back for it is free now."""
        self.escrow = ZERO

    def _close(self, attempt_id: str, end: AttemptEnd, actual: Amount | None, fault: Fault | None) -> None:
        line = self._lines[attempt_id]
        if line.end is not AttemptEnd.HELD:
            raise AssertionError(f"attempt {attempt_id} was closed before, as {line.end}")
        self._lines[attempt_id] = line.model_copy(update={"end": end, "actual": actual, "fault": fault})
        self._totals[AttemptEnd.HELD] -= line.hold
        self._totals[end] += line.hold if actual is None else actual

    def _left(self, measure: str) -> str:
        def show(amount: Amount) -> str:
            value = getattr(amount, measure)
            return plain(value) if isinstance(value, Decimal) else str(value)

        return (
            f"of a cap of {show(self.cap)} {measure} {show(self.free)} are free "
            f"({show(self.settled)} settled, {show(self.unknown)} unknown, {show(self.held)} held, "
            f"{show(self.escrow)} kept for the way out)"
        )
