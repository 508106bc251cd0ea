"""`replay`: recorded runs against the current code, before it is deployed."""

import argparse
import sys
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

from rich.text import Text
from temporalio.client import WorkflowHistory
from temporalio.service import RPCError

from commands.failures import CommandError, Exit
from commands.tables import print_rows
from connection import connect
from operations.histories import HistoryError, fetch, load
from operations.lines import console_on, safe
from operations.verification import Finding, Verification, verify

__all__ = ["files_in", "from_files", "from_server", "replay"]


async def replay(options: argparse.Namespace, workflows: Sequence[Any]) -> Exit:
    """Verify each history; FOUND when one disagrees with its trail or with the code."""
    if bool(options.inputs) == bool(options.query):
        raise CommandError(Exit.BAD_INPUT, "replay needs history files or folders, or --query QUERY")
    source = from_server(options.query) if options.query else from_files(files_in(options.inputs))
    checked: list[tuple[str, Verification]] = []
    async for label, history in source:
        checked.append((label, await checked_history(history, workflows)))
    if not checked:
        raise CommandError(Exit.BAD_INPUT, "no history to replay: the query finds no run")
    rows = [
        (
            Text(safe(label)),
            Text(str(verified.events)),
            Text(str(verified.links)),
            Text(verdict_of(verified), style="green" if verified.holds else "red"),
        )
        for label, verified in checked
    ]
    console = console_on(sys.stdout)
    print_rows(console, ("history", "events", "trail links", "verdict"), rows)
    wrong = sum(not verified.holds for _, verified in checked)
    console.print(Text(f"{len(checked) - wrong} of {len(checked)} hold", style="red" if wrong else "green"))
    return Exit.FOUND if wrong else Exit.OK


async def checked_history(history: WorkflowHistory, workflows: Sequence[Any]) -> Verification:
    """A run that has not started agrees with any code."""
    try:
        return await verify(history, list(workflows))
    except HistoryError as error:
        if "not started" in str(error):
            return Verification(history.workflow_id, len(history.events), 0, [])
        return Verification(history.workflow_id, len(history.events), 0, [Finding("history", str(error))])


def verdict_of(verified: Verification) -> str:
    if verified.holds:
        return "holds"
    first, more = verified.findings[0], len(verified.findings) - 1
    return f"{first.event}: {first.what}" + (f" (and {more} more)" if more else "")


def files_in(inputs: Sequence[str]) -> list[Path]:
    """Each file, and of each folder the .json files. Raises CommandError."""
    files: list[Path] = []
    for name in inputs:
        path = Path(name)
        if not path.exists():
            line = "no such file or folder; of a run on the server the history is wanted: "
            steps = f"`python starter.py export {name} --output run.json`, or --query \"WorkflowId='{name}'\""
            raise CommandError(Exit.BAD_INPUT, f"{name}: {line}{steps}")
        found = sorted(path.glob("*.json")) if path.is_dir() else [path]
        if not found:
            raise CommandError(Exit.BAD_INPUT, f"{name}: no .json file in this folder")
        files += found
    return files


async def from_files(files: Sequence[Path]) -> AsyncIterator[tuple[str, WorkflowHistory]]:
    for file in files:
        yield file.name, load(file)


async def from_server(query: str) -> AsyncIterator[tuple[str, WorkflowHistory]]:
    client = await connect()
    try:
        async for each in client.list_workflows(query):
            yield each.id, await fetch(client, each.id, each.run_id)
    except RPCError as error:
        if "invalid query" not in error.message.lower():
            raise
        raise CommandError(Exit.BAD_INPUT, f"--query: {error.message}") from None
