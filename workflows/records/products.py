"""A row's numbers told apart by arithmetic: where one column is the product of two others, the numbers that
stand in a row say by themselves which is which, whatever a model took them for."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from itertools import combinations, pairwise
from typing import Any

from contracts.records import Product
from workflows.records.lines import Line, Number

__all__ = ["comes_out", "told_apart"]

CENT = Decimal("0.01")

Columns = Mapping[str, Number]


def comes_out(rule: Product, values: Mapping[str, Decimal]) -> bool:
    """To a cent. A credit note has its signs at some of the numbers only."""
    first, second = (values[name] for name in rule.of)
    return abs(abs(first * second) - abs(values[rule.product])) <= CENT


def told_apart(
    rule: Product, lines: Sequence[Line | None], copied: Sequence[Mapping[str, Decimal | None]]
) -> list[Columns | None]:
    """For each row its three numbers; None where no three of its line come out.

    The factors may change places, and so may equal numbers: where a row by itself does not say, the order of
    columns counts in which most rows come out, and what was copied before that.
    """
    ways = [
        [] if line is None else ways_of(rule, line, cells) for line, cells in zip(lines, copied, strict=True)
    ]
    usual = most_common([order_of(each[0]) for each in ways if each])
    return [next((way for way in each if order_of(way) == usual), each[0]) if each else None for each in ways]


def ways_of(rule: Product, line: Line, copied: Mapping[str, Decimal | None]) -> list[Columns]:
    """Every way in which three numbers come out, the likeliest first: with both factors as they were copied,
    then what ends soonest, then the order in which the rule names its columns.

    One factor alone says nothing: where columns were moved, it stands in the place of the other.
    """
    ways = list[tuple[Any, Columns]]()
    numbers = line.numbers()
    for one, other in combinations(numbers, 2):
        product = abs(one.value * other.value)
        for third in numbers:
            if abs(product - abs(third.value)) > CENT or share_digits(one, other, third):
                continue
            for factors in ((one, other), (other, one)):
                way = dict(zip(rule.columns, (*factors, third), strict=True))
                agreeing = all(copied.get(name) == way[name].value for name in rule.of)
                starts = [number.start for number in way.values()]
                order = [sorted(starts).index(start) for start in starts]
                ways.append(((not agreeing, max(number.end for number in way.values()), order), way))
    return [way for _, way in sorted(ways, key=lambda each: each[0])]


def share_digits(*numbers: Number) -> bool:
    """Digits in groups are read apart and as one number; a row has them once."""
    return any(before.end > after.start for before, after in pairwise(sorted(numbers)))


def order_of(way: Columns) -> tuple[str, ...]:
    """The columns as they follow each other."""
    return tuple(sorted(way, key=lambda name: way[name].start))


def most_common(orders: Sequence[tuple[str, ...]]) -> tuple[str, ...]:
    return max(dict.fromkeys(orders), key=orders.count, default=())
