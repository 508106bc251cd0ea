"""Watching runs until they end: where each is, as it gets there."""

import asyncio
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta

from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text
from temporalio.client import Client, WorkflowExecutionStatus
from temporalio.service import RPCError, RPCStatusCode

from operations.lines import put, safe
from operations.starting import STAGE
from operations.wording import duration

__all__ = ["Board", "Watched", "board_on", "watch"]

POLL_S = 0.4
RPC_PATIENCE = timedelta(seconds=10)
# The server may be restarted under a watcher; the runs go on.
OUTAGE_S = 60.0


@dataclass
class Watched:
    """One run and what was last seen of it."""

    label: str
    workflow_id: str
    run_id: str
    began: float = field(default_factory=time.monotonic)
    stage: str = "starting"
    state: str = "running"
    ended: float | None = None

    @property
    def over(self) -> bool:
        """Whether it has ended, in whatever way."""
        return self.state != "running"

    @property
    def elapsed_s(self) -> float:
        """Since it was watched, to its end or to now."""
        return (self.ended or time.monotonic()) - self.began


class Board:
    """Tells of changes: one live line for each run on a terminal, else a line for each change."""

    def __init__(self, console: Console, live: Live | None = None) -> None:
        self._console = console
        self._live = live

    def changed(self, run: Watched) -> None:
        """A run entered a stage or ended."""
        if self._live is None:
            what = run.state if run.over else run.stage
            put(self._console, (0, f"{run.label}  {what}", ""), head=f"{duration(run.elapsed_s):>12}  ")

    def tick(self, runs: Sequence[Watched]) -> None:
        """Time went on."""
        if self._live is not None:
            self._live.update(lines_of(runs))

    def say(self, words: str, style: str = "") -> None:
        """A line that stays."""
        put(self._console, (0, words, style))


@contextmanager
def board_on(console: Console) -> Iterator[Board]:
    """The kind of board that suits the console."""
    if not console.is_terminal:
        yield Board(console)
        return
    with Live(console=console, refresh_per_second=4) as live:
        yield Board(console, live)


def lines_of(runs: Sequence[Watched]) -> Table:
    table = Table(box=None, show_header=False, pad_edge=False)
    for run in runs:
        style = "" if not run.over else "green" if run.state == "completed" else "red"
        table.add_row(
            Text(safe(run.label)[:60]),
            Text(run.state if run.over else run.stage, style=style or "cyan"),
            Text(duration(run.elapsed_s), style="dim"),
        )
    return table


async def watch(
    client: Client, runs: Sequence[Watched], board: Board, *, each: Callable[[Watched], object] | None = None
) -> None:
    """Return when every run has ended. `each` is told of every change after the board."""
    silent_since: float | None = None
    while not all(run.over for run in runs):
        for run in runs:
            if run.over:
                continue
            try:
                moved = await look(client, run)
                silent_since = None
            except RPCError as error:
                silent_since = silent_since or time.monotonic()
                gone = error.status not in (RPCStatusCode.UNAVAILABLE, RPCStatusCode.DEADLINE_EXCEEDED)
                if gone or time.monotonic() - silent_since > OUTAGE_S:
                    raise
                continue
            if moved:
                board.changed(run)
                if each is not None:
                    each(run)
        board.tick(runs)
        await asyncio.sleep(POLL_S)


async def look(client: Client, run: Watched) -> bool:
    """Ask the server where the run is; whether that is news."""
    handle = client.get_workflow_handle(run.workflow_id, run_id=run.run_id or None)
    described = await handle.describe(rpc_timeout=RPC_PATIENCE)
    before = (run.stage, run.state)
    run.stage = described.typed_search_attributes.get(STAGE, run.stage)
    if described.status not in (None, WorkflowExecutionStatus.RUNNING):
        run.state = described.status.name.lower().replace("_", " ")
        run.ended = time.monotonic()
    return (run.stage, run.state) != before
