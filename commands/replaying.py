"""`replay`: recorded runs against the current code, before it is deployed."""

import argparse
import json
import os
import sys
from collections.abc import AsyncIterator, Iterator, Sequence
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any, Protocol

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from temporalio.service import RPCError

from commands.failures import CommandError, Exit
from commands.quiet import quiet
from commands.replay_report import print_coverage, print_replayed
from commands.sources import meant
from connection import NotConnected, connect
from operations.coverage import coverage
from operations.histories import HistoryError, fetch
from operations.lines import console_on
from operations.replaying import Recorded, Replayed, processes_for, replayed
from operations.verification import Gate, finding_as_json

__all__ = ["from_inputs", "from_server", "histories_in", "replay"]


class Advances(Protocol):
    """Told of each history that is done."""

    def __call__(self) -> None: ...


async def replay(options: argparse.Namespace, workflows: Sequence[Any]) -> Exit:
    """Verify each history; FOUND when one disagrees with its trail or with the code."""
    if bool(options.histories) == bool(options.query):
        raise CommandError(Exit.BAD_INPUT, "replay needs history files, folders or ids, or --query QUERY")
    if options.parallel is not None and options.parallel < 1:
        raise CommandError(Exit.BAD_INPUT, "--parallel: at least 1 process")
    files = histories_in(options.histories)
    source = from_server(options.query) if options.query else from_inputs(files)
    processes = options.parallel or processes_for(len(files))
    done: list[Replayed] = []
    with progress(len(files) or None) as advance:
        try:
            async for each in replayed(source, workflows, processes, quiet):
                done.append(each)
                advance()
        except BrokenProcessPool:
            line = "a process that replays was killed, perhaps for want of memory; --parallel 1 needs least"
            raise CommandError(Exit.FAILED, line) from None
    if not done:
        raise CommandError(Exit.BAD_INPUT, "no history to replay: the query finds no run")
    covered = coverage(workflows, (mark for each in done for mark in each.reached))
    if options.json:
        content = as_json(done) | ({"coverage": list(map(asdict, covered))} if options.coverage else {})
        sys.stdout.write(json.dumps(content, indent=1) + "\n")
    else:
        console = console_on(sys.stdout)
        print_replayed(console, done)
        if options.coverage:
            print_coverage(console, covered)
    return Exit.OK if all(each.verification.holds for each in done) else Exit.FOUND


def as_json(done: Sequence[Replayed]) -> dict[str, Any]:
    histories = [
        {
            "history": each.label,
            "workflow": each.verification.workflow,
            "workflow_id": each.verification.workflow_id,
            "events": each.verification.events,
            "links": each.verification.links,
            "holds": each.verification.holds,
            "gates": {gate.value: each.verification.passes(gate) for gate in Gate},
            "findings": [finding_as_json(finding) for finding in each.verification.findings],
        }
        for each in done
    ]
    return {"histories": histories, "holds": all(each.verification.holds for each in done)}


@contextmanager
def progress(total: int | None) -> Iterator[Advances]:
    """A bar while it takes time, on a terminal only.

    It begins with the first that is done: it has a thread, and processes are forked before there are any.
    """
    plain = os.environ.get("TERM") == "dumb" or os.environ.get("NO_COLOR")
    if plain or not sys.stderr.isatty():
        yield lambda: None
        return
    columns = (TextColumn("replaying"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    bar = Progress(*columns, console=Console(file=sys.stderr), transient=True)
    task = bar.add_task("", total=total)

    def advance() -> None:
        bar.start()
        bar.advance(task)

    try:
        yield advance
    finally:
        bar.stop()


def histories_in(inputs: Sequence[str]) -> list[Path | str]:
    """Files, those of folders, and the name of what is neither: an id. Raises CommandError."""
    files: list[Path | str] = []
    for name in inputs:
        path = Path(name)
        if not path.exists():
            if path.suffix == ".json" or name.startswith((".", "/")):
                raise CommandError(Exit.BAD_INPUT, f"{name}: no such file or folder")
            files.append(name)
            continue
        found = sorted(path.glob("*.json")) if path.is_dir() else [path]
        if not found:
            raise CommandError(Exit.BAD_INPUT, f"{name}: no .json file in this folder")
        files += found
    return files


async def from_inputs(inputs: Sequence[Path | str]) -> AsyncIterator[Recorded]:
    """Files, and runs of the server by their id or its end. Raises CommandError for what is neither."""
    for each in inputs:
        if isinstance(each, Path):
            yield Recorded(each.name, each)
            continue
        quiet()
        try:
            client = await connect()
            yield Recorded.fetched(await fetch(client, await meant(client, each)))
        except (HistoryError, NotConnected) as error:
            line = f"{each}: no such file or folder, and no run: {error}"
            raise CommandError(Exit.BAD_INPUT, line) from None


async def from_server(query: str) -> AsyncIterator[Recorded]:
    quiet()
    client = await connect()
    try:
        async for each in client.list_workflows(query):
            yield Recorded.fetched(await fetch(client, each.id, each.run_id))
    except RPCError as error:
        if "invalid query" not in error.message.lower():
            raise
        raise CommandError(Exit.BAD_INPUT, f"--query: {error.message}") from None
