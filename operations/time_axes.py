"""A time axis, true to scale but for marked breaks: so two days beside three seconds can be drawn."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from operations.wording import DAY, HOUR, MINUTE, duration

__all__ = ["Axis", "Piece", "Tick", "axis_over", "cuts_in"]

Span = tuple[float, float]
"""From and to, in seconds since the start."""

# A wait so many times as long as everything shorter together would leave nothing of it.
FACTOR = 3
BREAK_WIDTH = 44.0
# Of the width, for breaks; where there are more, the longest are made.
BREAKS_SHARE = 0.5
TICK_ROOM = 80.0
# Half of the mark of a break, and a character's width, on the safe side.
BREAK_MARK, CHARACTER = 8.0, 6.9
STEPS = (
    *(0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30),
    *(MINUTE * each for each in (1, 2, 5, 10, 15, 30)),
    *(HOUR * each for each in (1, 2, 4, 6, 12)),
    *(DAY * each for each in (1, 2, 5, 10, 20, 50, 100)),
)


@dataclass(frozen=True)
class Piece:
    """A stretch of time and where it is drawn. In a break nothing is true to scale."""

    start: float
    end: float
    left: float
    right: float
    cut: bool


@dataclass(frozen=True)
class Tick:
    """A mark on the axis. One that begins a piece says the time since the start, the others since there."""

    x: float
    words: str

    @property
    def end(self) -> float:
        """Where its words end, at most."""
        return self.x + CHARACTER * len(self.words)


@dataclass(frozen=True)
class Axis:
    """Pieces one after the other, all of one scale but for the breaks."""

    pieces: tuple[Piece, ...]
    scale: float
    """Units of width a second."""

    def x(self, at: float) -> float:
        """Where a moment is drawn; before the first and after the last, at the ends."""
        for piece in self.pieces:
            if at <= piece.end:
                whole = piece.end - piece.start
                part = (max(at, piece.start) - piece.start) / whole if whole else 0.0
                return piece.left + part * (piece.right - piece.left)
        return self.pieces[-1].right

    @property
    def breaks(self) -> list[Piece]:
        return [piece for piece in self.pieces if piece.cut]

    def ticks(self) -> Iterator[Tick]:
        """As many as there is room for, up to the middle of the next break."""
        step = next((each for each in STEPS if each * self.scale >= TICK_ROOM), STEPS[-1])
        for number, piece in enumerate(self.pieces):
            if not piece.cut:
                last = number == len(self.pieces) - 1
                limit = piece.right if last else piece.right + BREAK_WIDTH / 2 - BREAK_MARK
                for tick in self._ticks_of(piece, step):
                    if tick.end <= limit:
                        yield tick

    def _ticks_of(self, piece: Piece, step: float) -> Iterator[Tick]:
        first = piece.start == 0
        yield Tick(piece.left, "0" if first else duration(piece.start))
        apart = step * self.scale
        for number in range(1, int((piece.right - piece.left) / apart) + 1 if apart else 1):
            words = tick_words(number * step)
            yield Tick(piece.left + number * apart, words if first else f"+{words}")


def tick_words(seconds: float) -> str:
    if seconds >= MINUTE:
        return duration(seconds)
    return f"{seconds * 1_000:g} ms" if seconds < 1 else f"{seconds:g} s"


def axis_over(end: float, cuts: Sequence[Span], left: float, right: float) -> Axis:
    """From 0 to `end`, drawn between `left` and `right`."""
    most = int((right - left) * BREAKS_SHARE / BREAK_WIDTH)
    kept = sorted(sorted(cuts, key=lambda cut: cut[0] - cut[1])[:most])
    drawn = end - sum(until - since for since, until in kept)
    scale = (right - left - BREAK_WIDTH * len(kept)) / drawn if drawn > 0 else 0.0
    pieces, at, x = list[Piece](), 0.0, left
    for since, until in kept:
        pieces.append(Piece(at, since, x, x + (since - at) * scale, cut=False))
        x = pieces[-1].right
        pieces.append(Piece(since, until, x, x + BREAK_WIDTH, cut=True))
        at, x = until, x + BREAK_WIDTH
    pieces.append(Piece(at, end, x, max(x, right), cut=False))
    return Axis(tuple(pieces), scale)


def cuts_in(end: float, moments: Iterable[float], running: Sequence[Span]) -> list[Span]:
    """The waits to be broken: between two moments, while nothing ran, and far longer than all the rest.

    None where nothing ever ran: then there is nothing that they would squash.
    """
    at = sorted({0.0, end, *(each for each in moments if 0 <= each <= end)})
    gaps = [gap for gap in pairwise(at) if not any(overlap(gap, each) for each in running)]
    shorter = end - sum(until - since for since, until in gaps)
    if shorter <= 0:
        return []
    for number, (since, until) in enumerate(ordered := sorted(gaps, key=lambda gap: gap[1] - gap[0])):
        if until - since > FACTOR * shorter:
            return sorted(ordered[number:])
        shorter += until - since
    return []


def overlap(one: Span, other: Span) -> bool:
    return one[0] < other[1] and other[0] < one[1]
