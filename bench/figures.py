"""Figures of alternating rounds: medians with their ranges, requirements, tables."""

import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

__all__ = ["Requirement", "Section", "Spread", "Table", "ratios"]


@dataclass(frozen=True)
class Spread:
    """One figure, once for each round."""

    values: Sequence[float]

    @property
    def median(self) -> float:
        return statistics.median(self.values)

    def text(self, places: int = 1) -> str:
        """`31.2 (29.8-33.0)`: the median, and the range of the rounds."""
        low, high = min(self.values), max(self.values)
        return f"{self.median:.{places}f} ({low:.{places}f}-{high:.{places}f})"

    def quantile(self, share: float) -> float:
        """The value that this share of all values does not pass."""
        ordered = sorted(self.values)
        return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def ratios(above: Spread, below: Spread) -> Spread:
    """Round by round, since whatever else the machine does meets both sides of a round."""
    return Spread([a / b for a, b in zip(above.values, below.values, strict=True)])


@dataclass(frozen=True)
class Table:
    """Rows of text under named columns."""

    columns: Sequence[str]
    rows: Sequence[Sequence[str]]

    def markdown(self) -> str:
        lines = [self.columns, ["---"] * len(self.columns), *self.rows]
        return "\n".join(f"| {' | '.join(line)} |" for line in lines)

    def text(self) -> str:
        """For a terminal: aligned columns."""
        widths = [
            max(len(line[at]) for line in (self.columns, *self.rows)) for at in range(len(self.columns))
        ]
        return "\n".join(
            "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
            for line in (self.columns, *self.rows)
        )


@dataclass(frozen=True)
class Requirement:
    """A ratio with the bound that it has to keep."""

    what: str
    bound: float
    measured: Spread
    at_least: bool = True

    @property
    def holds(self) -> bool:
        median = self.measured.median
        return median >= self.bound if self.at_least else median <= self.bound

    def text(self) -> str:
        side = "at least" if self.at_least else "at most"
        return (
            f"{self.what}: {self.measured.text(2)}, required {side} {self.bound}: "
            f"{'holds' if self.holds else 'FALLS SHORT'}"
        )


@dataclass(frozen=True)
class Section:
    """What one benchmark found."""

    name: str
    what: str
    tables: Sequence[Table]
    requirements: Sequence[Requirement] = ()
    notes: Sequence[str] = ()
    figures: dict[str, Any] = field(default_factory=dict)
    """The raw numbers, for --json."""

    def markdown(self) -> str:
        blocks = [self.what, *(table.markdown() for table in self.tables)]
        listed = [*(each.text() for each in self.requirements), *self.notes]
        return "\n\n".join([*blocks, "\n".join(f"- {line}" for line in listed)]).strip()

    def text(self) -> str:
        blocks = [self.what, *(table.text() for table in self.tables)]
        listed = [*(each.text() for each in self.requirements), *self.notes]
        return "\n\n".join([*blocks, "\n".join(f"- {line}" for line in listed)]).strip()

    def data(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "tables": [asdict(table) for table in self.tables],
            "requirements": [
                {"what": each.what, "bound": each.bound, "at_least": each.at_least}
                | {"median": each.measured.median, "rounds": list(each.measured.values), "holds": each.holds}
                for each in self.requirements
            ],
            "notes": list(self.notes),
            "figures": self.figures,
        }
