"""What a check finds, and where it looks."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

__all__ = ["Finding", "Level", "Place", "fail", "ok", "warn"]


class Level(StrEnum):
    OK = "ok"
    WARN = "warn"
    """Something is not there, and only some of what one can do needs it."""
    FAIL = "fail"
    """Something is broken, or is not where it is said to be."""


@dataclass(frozen=True)
class Finding:
    """One line of the report."""

    level: Level
    what: str
    says: str
    mend: str = ""
    """What to do about it."""


@dataclass(frozen=True)
class Place:
    """Everything that checks depend on, so that a test can lay it out."""

    env: Mapping[str, str]
    """With the running servers of this checkout filled in."""
    told: Mapping[str, str]
    """As it was given, so that a wrong setting is told from a server that is not running."""
    home: Path
    checkout: Path
    deep: bool = False
    """Also do what takes seconds."""


def ok(what: str, says: str) -> Finding:
    return Finding(Level.OK, what, says)


def warn(what: str, says: str, mend: str = "") -> Finding:
    return Finding(Level.WARN, what, says, mend)


def fail(what: str, says: str, mend: str = "") -> Finding:
    return Finding(Level.FAIL, what, says, mend)
