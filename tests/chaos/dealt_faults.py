"""What each of many runs is dealt: faults of one class, drawn by chance, and a truth of what they cost."""

import random
import re
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from contracts.attempts import Cost, Fault
from tests.fault_server import Behaviour, Exchange, faults
from tests.fault_server.server import good
from tests.workflows.provider_faults import GROUPS, REFUSED, STREAM, Row

__all__ = ["CLASSES", "LIES", "Deal", "Dealer", "deals", "name_of"]

LIES = "usage_not_believable"
"""Beside the classes of `Fault`: the content is good, and the bill cannot be true."""

ROWS = [(name, row) for rows in GROUPS.values() for name, row in rows.items()]
# These break off, or answer in a way that is the same whether a stream was asked for or not.
EITHER_WAY = {*GROUPS["answered with an error status"], REFUSED} | {
    "reset", "closed at once", "half a head", "hang", "gzip bomb"
}  # fmt: skip
MARK = re.compile(r"case (\d{4})")
# A second fault in a row shows that nothing is carried over from the first. A step has four attempts.
SECOND_FAULT = 0.4


def name_of(fault: Fault | None) -> str:
    """Of a class, as a person gives it."""
    return LIES if fault is None else fault.value


CLASSES = tuple(dict.fromkeys(name_of(row[1]) for _, row in ROWS))


@dataclass(frozen=True)
class Deal:
    """One run's."""

    number: int
    fault: str
    streamed: bool
    task: str
    """Whose first requests are answered with the faults."""
    rows: tuple[tuple[str, Row], ...]
    in_full: tuple[bool, ...]
    """For each: whether the provider works and bills to the last token that it may, whatever it answers."""

    @property
    def mark(self) -> str:
        """In the ticket's subject, so in every request of the run."""
        return f"case {self.number:04}"

    @property
    def refused(self) -> bool:
        """Nobody listens, so there is no request."""
        return self.rows[0][0] == REFUSED


def deals(runs: int, seed: int, only: str | None = None) -> list[Deal]:
    """So many runs of each class, for streams and for answers in one piece, where a class has both."""
    dealt: list[Deal] = []
    for fault in CLASSES if only is None else [only]:
        for streamed in (False, True):
            rows = list(rows_of(fault, streamed=streamed))
            # Of its own, so that a class alone is dealt what it is dealt among all.
            chance = random.Random(f"{seed} {fault} {streamed}")
            for _ in range(runs if rows else 0):
                dealt.append(deal(len(dealt), fault, rows, chance, streamed=streamed))
    return dealt


def rows_of(fault: str, *, streamed: bool) -> Iterator[tuple[str, Row]]:
    for name, row in ROWS:
        if name_of(row[1]) == fault and (name in EITHER_WAY or name.startswith(STREAM) == streamed):
            yield name, row


def deal(
    number: int, fault: str, rows: Sequence[tuple[str, Row]], chance: random.Random, *, streamed: bool
) -> Deal:
    drawn = tuple(chance.choices(rows, k=2 if chance.random() < SECOND_FAULT else 1))
    # What lies about its usage is a good reading, so a bad draft.
    task = "read_ticket" if fault == LIES else chance.choice(["read_ticket", "draft_reply"])
    in_full = tuple(row[2] is Cost.UNKNOWN and chance.random() < 0.5 for _, row in drawn)
    return Deal(number, fault, streamed, task, drawn, in_full)


class Dealer:
    """A provider that knows the runs by their marks; keeps what it answered to which attempt."""

    def __init__(self, dealt: Sequence[Deal]) -> None:
        self.answered: dict[str, Row | None] = {}
        """By attempt id; None for a good reply."""
        self._left = {
            each.mark: (each.task, deque(zip(each.rows, each.in_full, strict=True))) for each in dealt
        }

    async def __call__(self, exchange: Exchange) -> None:
        found = MARK.search(str(exchange.request["messages"]))
        task, left = self._left[found[0]] if found else ("", None)
        if not left or exchange.entry.task != task:
            self.answered[exchange.entry.request_id] = None
            streamed = faults.stream(faults.stream_events())
            await (streamed if exchange.request.get("stream") else good)(exchange)
            return
        (name, row), in_full = left.popleft()
        exchange.entry.behaviour = name
        self.answered[exchange.entry.request_id] = row
        await (to_the_last_token(row[0]) if in_full else row[0])(exchange)


def to_the_last_token(behaviour: Behaviour) -> Behaviour:
    """Whatever the client sees, the prompt was read, a token for a byte, and all was written that may be."""

    async def answered(exchange: Exchange) -> None:
        read = sum(len(turn["content"].encode()) for turn in exchange.request["messages"])
        exchange.bill(200, read, exchange.request["max_tokens"])
        await behaviour(exchange)

    return answered
