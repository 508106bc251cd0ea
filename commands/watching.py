"""Watching runs until they end: where each is, as it gets there."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from rich.console import Console, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text
from temporalio.client import Client, WorkflowExecutionStatus
from temporalio.service import RPCError, RPCStatusCode

from contracts.receipts import Status
from operations.lines import put, safe
from operations.queueing import QUEUED, queued_in, tries_in
from operations.starting import STAGE
from operations.wording import duration, state_of
from workflows.kernel.run import PARKED

__all__ = ["AWAITING", "RPC_PATIENCE", "Board", "Watched", "board_on", "going_on", "lines_of", "watch"]

# A workflow calls a stage so when it waits for a person there.
AWAITING = "awaiting"
POLL_S = 0.4
# Many runs are looked at less often: a look takes its time from those who work, a local model among them.
LOOKS_A_SECOND = 50
RPC_PATIENCE = timedelta(seconds=10)
# The server may be restarted under a watcher; the runs go on.
OUTAGE_S = 60.0
# Of a thousand runs, so many are asked about at the same time.
AT_ONCE = 32
# So long nobody need be told.
HICCUP_S = 2.0
PASSING = (RPCStatusCode.UNAVAILABLE, RPCStatusCode.DEADLINE_EXCEEDED)


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
    events: int = 0
    """How long its history was when it was last looked at."""
    asks: bool = False
    """It may wait for a person."""
    queued: dict[int, datetime] = field(default_factory=dict)
    """By the number of the step, since when its attempt waits for somebody to take it."""
    attempt: int = 0
    """Which attempt of its step waits or runs; 0 when none does."""
    status: Status | None = None
    """Only where somebody asks for details."""
    source: str = ""
    """Where the status is from."""

    @property
    def over(self) -> bool:
        """Whether it has ended, in whatever way."""
        return self.state != "running"

    @property
    def elapsed_s(self) -> float:
        """Since it was watched, to its end or to now."""
        return (self.ended or time.monotonic()) - self.began


def change_of(run: Watched) -> str:
    """What is new of it, in a line."""
    return run.state if run.over else run.stage


class Board:
    """Tells of changes: one live picture of all runs on a terminal, else a line for each change."""

    def __init__(
        self,
        console: Console,
        live: Live | None = None,
        *,
        picture: Callable[[Sequence[Watched], Console], RenderableType] | None = None,
        change: Callable[[Watched], str] = change_of,
    ) -> None:
        self._console = console
        self._live = live
        self._picture = picture or (lambda runs, _: lines_of(runs))
        self._change = change

    def changed(self, run: Watched) -> None:
        """There is something new of a run."""
        if self._live is None and (what := self._change(run)):
            put(self._console, (0, f"{run.label}  {what}", ""), head=f"{duration(run.elapsed_s):>12}  ")

    def tick(self, runs: Sequence[Watched]) -> None:
        """Time went on."""
        if self._live is not None:
            self._live.update(self._picture(runs, self._console))

    def say(self, words: str, style: str = "") -> None:
        """A line that stays."""
        put(self._console, (0, words, style))


@contextmanager
def board_on(
    console: Console,
    *,
    picture: Callable[[Sequence[Watched], Console], RenderableType] | None = None,
    change: Callable[[Watched], str] = change_of,
) -> Iterator[Board]:
    """The kind of board that suits the console."""
    if not console.is_terminal:
        yield Board(console, change=change)
        return
    with Live(console=console, refresh_per_second=4) as live:
        yield Board(console, live, picture=picture)


def where_of(run: Watched) -> str:
    """Its stage, and whether it waits in a queue there or tries again, in the words of `watch`."""
    if run.over:
        return run.state
    details = [QUEUED] if run.queued else []
    details += [f"attempt {run.attempt}"] if run.attempt > 1 else []
    return f"{run.stage} ({', '.join(details)})" if details else run.stage


def lines_of(runs: Sequence[Watched]) -> Table:
    """A line for each: what it is called, where it is, for how long."""
    table = Table(box=None, show_header=False, pad_edge=False)
    for run in runs:
        style = "" if not run.over else "green" if run.state == "completed" else "red"
        table.add_row(
            Text(safe(run.label)[:60]),
            Text(where_of(run), style=style or "cyan"),
            Text(duration(run.elapsed_s), style="dim"),
        )
    return table


async def watch(
    client: Client,
    runs: Sequence[Watched],
    board: Board,
    *,
    details: Callable[[Client, Watched], Awaitable[bool]] | None = None,
) -> None:
    """Return when every run has ended. `details` finds out more of a run and says whether that is news."""
    outage = Outage(board)

    room = asyncio.Semaphore(AT_ONCE)

    async def follow(run: Watched) -> None:
        try:
            async with room:
                moved = await look(client, run)
                if details is not None:
                    moved = await details(client, run) or moved
            outage.over()
        except RPCError as error:
            outage.began(error)
            return
        if moved:
            board.changed(run)

    while open_runs := [run for run in runs if not run.over]:
        # Side by side: a run that no worker answers for takes two seconds.
        await asyncio.gather(*(follow(run) for run in open_runs))
        board.tick(runs)
        await asyncio.sleep(max(POLL_S, len(open_runs) / LOOKS_A_SECOND))


class Outage:
    """A server that is silent for a while; longer than OUTAGE_S is an error."""

    def __init__(self, board: Board) -> None:
        self._board = board
        self._since: float | None = None
        self._said = False

    def began(self, error: RPCError) -> None:
        """Raises the error unless it may pass by itself."""
        self._since = self._since or time.monotonic()
        silent = time.monotonic() - self._since
        if error.status not in PASSING or silent > OUTAGE_S:
            raise error
        if silent > HICCUP_S and not self._said:
            self._said = True
            self._board.say(f"the Temporal server is silent; for {OUTAGE_S:.0f} s it may be", "yellow")

    def over(self) -> None:
        """It answers."""
        if self._said:
            self._board.say("the Temporal server answers again", "yellow")
        self._since, self._said = None, False


async def look(client: Client, run: Watched) -> bool:
    """Ask the server where the run is; whether that is news."""
    handle = client.get_workflow_handle(run.workflow_id, run_id=run.run_id or None)
    described = await handle.describe(rpc_timeout=RPC_PATIENCE)
    before = (run.stage, run.state)
    run.events = described.history_length
    attributes = described.typed_search_attributes
    run.stage = attributes.get(STAGE, run.stage)
    run.asks = run.stage.startswith(AWAITING) or attributes.get(PARKED) is not None
    run.queued, run.attempt = queued_in(described), tries_in(described)
    if described.status not in (None, WorkflowExecutionStatus.RUNNING):
        run.state = state_of(described.status)
        took = (described.close_time or described.start_time) - described.start_time
        run.ended = run.began + took.total_seconds()
    return (run.stage, run.state) != before


def going_on(runs: Sequence[Watched]) -> str:
    """What is true after Ctrl-C."""
    open_runs = [run.workflow_id for run in runs if not run.over]
    if not open_runs:
        return "stopped; everything had ended"
    what = "the run goes on" if len(open_runs) == 1 else f"{len(open_runs)} runs go on"
    return f"stopped; {what}: python starter.py watch {' '.join(open_runs[:3])}" + (
        " ..." if len(open_runs) > 3 else ""
    )
