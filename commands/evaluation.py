"""What `evaluate` needs to know of a workflow that has samples."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

from rich.console import Console

from commands.demo_play import Course, Part
from commands.sample_stack import Setting
from contracts.terms import Terms

__all__ = ["Evaluated", "Job", "SamplePart"]


class SamplePart(Part, Protocol):
    """A sample that can be asked for."""

    @property
    def names(self) -> set[str]:
        """By what one may ask for it: `shown` or `held-out` among them."""


class Evaluated(Protocol):
    """What came of it."""

    @property
    def problems(self) -> Sequence[str]:
        """What must not happen, a line each."""

    def show(self, console: Console) -> None:
        """For a person."""

    def as_text(self, profile: str) -> str:
        """The same as JSON."""


P = TypeVar("P", bound=SamplePart)


@dataclass(frozen=True)
class Job(Generic[P]):
    """One workflow with its samples, and how what came of them is judged."""

    workflow: Any
    what: str
    """One sample, in a word."""
    folder: str
    samples: Callable[[], Mapping[str, P]]
    judged: Callable[[Course[P], Setting, Terms], Awaitable[Evaluated]]
    prepare: Callable[[Sequence[P]], None] = lambda _: None
    """What has to be done before they can be given to runs."""
    slower: float = 1
    """How many times as long as a ticket one may take."""
