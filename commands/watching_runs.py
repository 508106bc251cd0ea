"""`watch`: follow runs that are there, until they end."""

import argparse
import asyncio
import json
import sys
import time
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from datetime import UTC, datetime
from typing import Any

from rich.console import Console
from temporalio.client import Client

from commands.failures import CommandError, Exit
from commands.results import as_json, print_results
from commands.run import stories_of
from commands.run_details import Details, News, picture
from commands.sources import meant
from commands.watching import RPC_PATIENCE, Board, Watched, board_on, going_on, watch
from connection import connect
from operations.lines import console_on

__all__ = ["watch_runs"]


class JsonBoard(Board):
    """An object for each change, one a line, as soon as it is known."""

    def changed(self, run: Watched) -> None:
        """A line of its own, in one piece."""
        content = {
            "at": datetime.now(UTC).isoformat(),
            "workflow_id": run.workflow_id,
            "run_id": run.run_id,
            "state": run.state,
            "stage": run.stage,
            "elapsed_s": round(run.elapsed_s, 3),
            "source": run.source,
            "status": run.status.model_dump(mode="json") if run.status is not None else None,
        }
        sys.stdout.write(json.dumps(content) + "\n")
        sys.stdout.flush()


async def watch_runs(options: argparse.Namespace, workflows: Sequence[Any]) -> Exit:
    """FAILED when one of them did not complete, whenever that was."""
    client = await connect()
    runs = [await found(client, name) for name in dict.fromkeys(options.runs)]
    console = console_on(sys.stderr if options.json else sys.stdout, whole_lines=True)
    try:
        with board_for(console, as_objects=options.json) as board:
            await watch(client, runs, board, details=Details(workflows))
    except asyncio.CancelledError:
        raise CommandError(Exit.INTERRUPTED, going_on(runs)) from None
    await show_ends(client, runs, options, console)
    return Exit.OK if all(run.state == "completed" for run in runs) else Exit.FAILED


def board_for(console: Console, *, as_objects: bool) -> AbstractContextManager[Board]:
    if as_objects:
        return nullcontext(JsonBoard(console))
    return board_on(console, picture=picture, change=News())


async def found(client: Client, name: str) -> Watched:
    """The latest run of that id. Raises HistoryError when there is none."""
    workflow_id = await meant(client, name)
    described = await client.get_workflow_handle(workflow_id).describe(rpc_timeout=RPC_PATIENCE)
    since = datetime.now(UTC) - described.start_time
    began = time.monotonic() - since.total_seconds()
    return Watched(workflow_id, workflow_id, described.run_id, began=began)


async def show_ends(
    client: Client, runs: Sequence[Watched], options: argparse.Namespace, console: Console
) -> None:
    """What came of them."""
    stories = await stories_of(client, runs)
    if options.json:
        for label, told in stories:
            sys.stdout.write(json.dumps({"ended": as_json(label, told)}) + "\n")
    else:
        print_results(stories, console)
