"""What `watch` shows of a run beyond its stage: steps, attempts, money, and what it waits for."""

import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from rich.console import Console, Group
from temporalio.client import Client

from commands.asking import ways_to_answer
from commands.failures import CommandError
from commands.sources import status_by_query, status_from_history
from commands.watching import Watched, lines_of
from contracts.receipts import Status
from operations.histories import fetch
from operations.lines import Line, wrapped
from operations.queueing import with_queue
from operations.statuses import lines, waiting_lines
from operations.wording import clock, dollars, duration

__all__ = ["Details", "News", "picture"]

TOLD, RECORDED = "told by a worker", "from the history: no worker answers"
# A worker may be started at any moment, and one that does not answer costs two seconds.
ASK_AGAIN_S = 5.0


class Details:
    """Finds out a run's status: from a worker, or from the history alone."""

    def __init__(self, workflows: Sequence[Any]) -> None:
        self._workflows = list(workflows)
        self._seen: dict[str, int] = {}
        self._asked: dict[str, float] = {}
        self._last: dict[str, Status | None] = {}

    async def __call__(self, client: Client, run: Watched) -> bool:
        """Whether there is something new. A history that has not grown holds nothing new."""
        key = run.workflow_id
        again = run.source != TOLD and time.monotonic() - self._asked.get(key, 0.0) > ASK_AGAIN_S
        before = (run.status, run.source)
        if self._seen.get(key) != run.events or (again and not run.over):
            self._last[key], run.source = await self._status(client, run)
            self._seen[key], self._asked[key] = run.events, time.monotonic()
        last = self._last[key]
        # Whether an attempt has been taken is not in the history before it ends.
        run.status = with_queue(last, run.queued) if last is not None else None
        return (run.status, run.source) != before

    async def _status(self, client: Client, run: Watched) -> tuple[Status | None, str]:
        if not run.over and (told := await status_by_query(client, run.workflow_id, run.run_id)) is not None:
            return told, TOLD
        history = await fetch(client, run.workflow_id, run.run_id)
        try:
            status = await status_from_history(history, self._workflows)
        except CommandError as error:
            return None, str(error)
        if status is None:
            return None, "not started: no worker has completed a task of it (`python worker.py`)"
        return status, RECORDED if not run.over else "from the history"


class News:
    """What is new of each run, in one line: every fact is told once."""

    def __init__(self) -> None:
        self._told: dict[str, set[str]] = {}

    def __call__(self, run: Watched) -> str:
        """Empty when nothing is."""
        current = list(facts_of(run))
        told = self._told.get(run.workflow_id, set())
        self._told[run.workflow_id] = set(current)
        return "; ".join(fact for fact in current if fact not in told)


def facts_of(run: Watched) -> Iterator[str]:
    yield run.state if run.over else f"stage {run.stage}"
    if run.source and run.source != TOLD and not run.over:
        yield run.source
    status = run.status
    if status is None:
        return
    for step in status.steps:
        tries = f" (attempt {step.attempts})" if step.attempts > 1 else ""
        yield f"{step.name} {step.state}{tries}"
    for waiting in status.waiting:
        yield f"waits for {waiting.what} until {clock(waiting.until)}, otherwise {waiting.otherwise}"
    if not run.over:
        yield from (way for _, way in ways_to_answer(run.workflow_id, status))
    yield money_of(status)


def money_of(status: Status) -> str:
    """Proven, held, unknown and free, and the tokens, in a line."""
    balance = status.balance
    parts = [f"{dollars(balance.settled.usd)} proven"]
    parts += [
        f"{dollars(amount.usd)} {name}"
        for name, amount in (("held", balance.held), ("unknown", balance.unknown))
        if amount.usd or amount.tokens
    ]
    parts.append(f"{dollars(status.free.usd)} free")
    tokens = balance.settled.tokens + balance.unknown.tokens
    return f"{', '.join(parts)}, {tokens:,} tokens"


def picture(runs: Sequence[Watched], console: Console) -> Any:
    """All of one run; of several what fits the terminal, at last a line for each."""
    room, width = console.height - 1, console.width - 1
    now = datetime.now(UTC)
    for view in (whole, brief) if len(runs) == 1 else (brief,):
        shown = [part for run in runs for line in view(run, now) for part in wrapped(line, width)]
        if len(shown) <= room:
            return Group(*shown)
    return lines_of(runs)


def heading(run: Watched) -> Line:
    style = "bold" if not run.over else "bold green" if run.state == "completed" else "bold red"
    source = f" ({run.source})" if run.source else ""
    return 0, f"{run.label}: {run.state}, {duration(run.elapsed_s)}{source}", style


def whole(run: Watched, now: datetime) -> Iterator[Line]:
    """Everything that `status` prints."""
    yield heading(run)
    if run.status is None:
        yield 2, f"stage {run.stage}", "cyan"
        return
    for indent, words, style in lines(run.status, now):
        yield indent + 2, words, style
    yield from answer_lines(run, run.status)


def brief(run: Watched, now: datetime) -> Iterator[Line]:
    """Where it is, what it waits for, and its money."""
    yield heading(run)
    if run.status is None:
        yield 2, f"stage {run.stage}", "cyan"
        return
    under_way = [
        f"{step.name} {step.state}" + (f" (attempt {step.attempts})" if step.attempts > 1 else "")
        for step in run.status.steps
        if step.state != "done"
    ]
    yield 2, "; ".join([f"stage {run.stage}", *under_way]), "cyan"
    for waiting in run.status.waiting:
        yield from waiting_lines(waiting, now)
    yield from answer_lines(run, run.status)
    yield 2, money_of(run.status), ""


def answer_lines(run: Watched, status: Status) -> Iterator[Line]:
    if not run.over:
        yield from ((4, way, "bold") for _, way in ways_to_answer(run.workflow_id, status))
