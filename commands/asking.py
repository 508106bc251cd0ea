"""Questions: those that a run asks people, and the one that a command asks before it acts."""

import signal
import sys
from collections.abc import Iterator

from rich.console import Console
from temporalio.client import Client

from commands.failures import CommandError, Exit
from commands.sources import status_by_query
from commands.watching import Board, Watched
from contracts.receipts import Status, Waiting
from operations.lines import put
from operations.wording import clock

__all__ = ["Questions", "agree", "says_yes", "ways_to_answer"]


def ways_to_answer(workflow_id: str, status: Status) -> Iterator[tuple[Waiting, str]]:
    """What it asks people, each with the command that answers."""
    for waiting in status.waiting:
        if waiting.action is not None:
            yield waiting, f"answer with python starter.py approve {workflow_id} --by NAME, or deny"
        if waiting.parked is not None:
            command = f"python starter.py repair {workflow_id} --retry, --supply FILE or --abort"
            yield waiting, f"repair with {command}"


class Questions:
    """Says on a board what its runs ask, each question once."""

    def __init__(self, board: Board) -> None:
        self._board = board
        self._told: set[tuple[str, str | None]] = set()
        self._seen: dict[str, int] = {}

    async def __call__(self, client: Client, run: Watched) -> bool:
        """Find out, where the run asks something; never news in itself."""
        if run.asks and self._seen.get(run.workflow_id) != run.events:
            status = await status_by_query(client, run.workflow_id, run.run_id or None)
            if status is not None:
                self._seen[run.workflow_id] = run.events
                self.tell(run, status)
        return False

    def tell(self, run: Watched, status: Status) -> None:
        """Say what is new in the status."""
        for waiting, way in ways_to_answer(run.workflow_id, status):
            question = (run.workflow_id, waiting.action or waiting.parked)
            if question not in self._told:
                self._told.add(question)
                until = f"until {clock(waiting.until)}, otherwise {waiting.otherwise}"
                self._board.say(f"{run.label} waits for {waiting.what} {until}; {way}", "bold yellow")


def agree(console: Console, charges: str, words: str, *, agreed: bool) -> None:
    """Say what something that charges can cost at most; go on only when agreed. Raises CommandError."""
    put(console, (0, f"{charges} charges: {words}", "bold yellow"))
    if agreed:
        return
    if not sys.stdin.isatty():
        line = f"{charges} charges, and nobody is here to be asked: agree with --yes"
        raise CommandError(Exit.BAD_INPUT, line)
    if not says_yes(console, "go on?"):
        raise CommandError(Exit.FAILED, "not started; nothing was spent")


def says_yes(console: Console, question: str) -> bool:
    """Ask whoever sits at the terminal. Ctrl-C leaves at once, in whatever loop this is asked."""
    console.print(f"{question} [y/N] ", end="")
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        return sys.stdin.readline().strip().lower() in {"y", "yes"}
    finally:
        signal.signal(signal.SIGINT, before)
