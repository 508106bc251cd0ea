"""Telling a person how far a long transfer is."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol, TextIO

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)
from rich.progress import Progress as RichProgress

__all__ = ["LineProgress", "Progress", "progress_on"]


class Progress(Protocol):
    """What a transfer reports to."""

    def say(self, line: str) -> None:
        """Something happened that is worth a line."""

    def reached(self, done: int, total: int) -> None:
        """So many of so many bytes are here."""


class LineProgress:
    """One line for every ten percent: for logs and pipes."""

    def __init__(self, write: Callable[[str], None]) -> None:
        self._write = write
        self._tenths = 0

    def say(self, line: str) -> None:
        """Write the line."""
        self._write(line)

    def reached(self, done: int, total: int) -> None:
        """Write a line when the next ten percent are full."""
        tenths = 10 * done // total
        if tenths > self._tenths:
            self._write(f"  {10 * tenths} % of {total / 1e6:,.0f} MB")
        self._tenths = tenths


class BarProgress:
    """A bar that moves, with speed and time left: for terminals."""

    def __init__(self, bar: RichProgress) -> None:
        self._bar = bar
        self._task = bar.add_task("weights", total=None, visible=False)

    def say(self, line: str) -> None:
        """Write the line above the bar."""
        self._bar.console.print(line, markup=False, highlight=False)

    def reached(self, done: int, total: int) -> None:
        """Move the bar."""
        self._bar.update(self._task, completed=done, total=total, visible=True)


@contextmanager
def progress_on(stream: TextIO) -> Iterator[Progress]:
    """The kind that suits the stream: a bar on a terminal, else lines."""
    if not stream.isatty():
        yield LineProgress(lambda line: print(line, file=stream, flush=True))
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
    )
    with RichProgress(*columns, console=Console(file=stream)) as bar:
        yield BarProgress(bar)
