"""How far a change may go and still do the same, and the words for it: `at most 50`, `damaged or missing`."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from operations.candidates import Candidates, is_number
from workflows.kernel.decisions import show

__all__ = ["Reach", "reach_of"]


@dataclass(frozen=True)
class Reach:
    """Values that all do the same."""

    values: tuple[Any, ...]
    words: str
    """As they complete `if total were`."""

    @classmethod
    def exactly(cls, *values: Any) -> "Reach":
        *some, last = map(show, values)
        return cls(values, f"{', '.join(some)} or {last}" if some else last)


def reach_of(was: Any, value: Any, flipping: Sequence[Any], candidates: Candidates) -> tuple[Any, Reach]:
    """The value at the near edge of those around it that flip too, and what is true of all of them."""
    if not is_number(value):
        alike = [each for each in flipping if (each is None) == (value is None) and not is_number(each)]
        return value, Reach.exactly(*alike)
    line = sorted({each for each in (*candidates.values, was) if is_number(each)})
    first = last = line.index(value)
    while first > 0 and line[first - 1] in flipping:
        first -= 1
    while last < len(line) - 1 and line[last + 1] in flipping:
        last += 1
    around = tuple(line[first : last + 1])
    if first == 0 and last == len(line) - 1:
        return value, Reach(around, "present")
    if last == len(line) - 1:
        return around[0], Reach(around, upwards(around[0], candidates.bounds))
    if first == 0:
        return around[-1], Reach(around, downwards(around[-1], candidates.bounds))
    if first == last:
        return value, Reach.exactly(value)
    near = around[0] if was is not None and was < value else around[-1]
    words = f"{upwards(around[0], candidates.bounds)} and {downwards(around[-1], candidates.bounds)}"
    return near, Reach(around, words)


def upwards(value: Any, bounds: Sequence[Any]) -> str:
    """This value or more; by the bound that it has just passed."""
    below = [bound for bound in bounds if bound <= value]
    edge = value if value in bounds or not below else below[-1]
    if isinstance(value, date):
        return f"{show(edge)} or later" if edge == value else f"after {show(edge)}"
    return f"at least {show(edge)}" if edge == value else f"above {show(edge)}"


def downwards(value: Any, bounds: Sequence[Any]) -> str:
    """This value or less; by the bound that it has just passed."""
    above = [bound for bound in bounds if bound >= value]
    edge = value if value in bounds or not above else above[0]
    if isinstance(value, date):
        return f"{show(edge)} or earlier" if edge == value else f"before {show(edge)}"
    return f"at most {show(edge)}" if edge == value else f"below {show(edge)}"
