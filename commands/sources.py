"""Where a run's history and status come from: a server, or a file."""

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from temporalio.client import Client, WorkflowHistory, WorkflowQueryFailedError
from temporalio.service import RPCError, RPCStatusCode

from commands.failures import CommandError, Exit
from connection import connect
from contracts.receipts import Status
from operations.bundles import Bundle, read_bundle
from operations.histories import HistoryError, decided, fetch
from operations.recomputing import recompute
from workflows.kernel.case import STATUS

__all__ = ["Found", "history_of", "meant", "pending_trail", "status_by_query", "status_from_history"]

# A worker answers in milliseconds; without one the server waits as long as it may.
QUERY_PATIENCE = timedelta(seconds=2)
RPC_PATIENCE = timedelta(seconds=10)
# The end of an id is looked for among so many of the latest; a shorter one is rather a slip.
READ_AT_MOST, SHORTEST_END = 1_000, 4


@dataclass(frozen=True)
class Found:
    """A history, and the server it is on; None for a file."""

    history: WorkflowHistory
    client: Client | None = None
    redacted: str = ""
    """How, when it comes from a redacted bundle."""


async def history_of(name: str) -> Found:
    """By workflow id from the server, or from a file if there is one of that name. Raises HistoryError."""
    recorded = from_file(name)
    if recorded is not None:
        return Found(recorded.history, redacted=recorded.redacted)
    client = await connect()
    return Found(await fetch(client, await meant(client, name)), client)


async def meant(client: Client, name: str) -> str:
    """The workflow id that a person means: the whole, or an end that only one has.

    Raises HistoryError when there is no such run, CommandError when there are several.
    """
    try:
        return (await client.get_workflow_handle(name).describe(rpc_timeout=RPC_PATIENCE)).id
    except RPCError as error:
        if error.status not in (RPCStatusCode.NOT_FOUND, RPCStatusCode.INVALID_ARGUMENT):
            raise
    known = {each.id async for each in client.list_workflows(limit=READ_AT_MOST)}
    found = sorted(each for each in known if len(name) >= SHORTEST_END and each.endswith(name))
    if len(found) > 1:
        raise CommandError(Exit.BAD_INPUT, f"{name!r} is the end of several ids: {', '.join(found)}")
    if not found:
        line = f"no run {name!r} on this server; `python starter.py list` shows what there is"
        raise HistoryError(line)
    return found[0]


def from_file(name: str) -> Bundle | None:
    """The bundle or history in the file of that name; None when the name is a workflow id."""
    path = Path(name)
    if path.is_file():
        return read_bundle(path)
    if path.suffix == ".json" or path.is_dir():
        raise HistoryError(f"{name}: no such file; `export ID --output FILE` writes one")
    return None


async def status_by_query(client: Client, workflow_id: str, run_id: str | None = None) -> Status | None:
    """What a worker says; None when none answers in time, or the run has not opened its ledger yet."""
    handle = client.get_workflow_handle(workflow_id, run_id=run_id)
    try:
        told = await handle.query(STATUS, rpc_timeout=QUERY_PATIENCE)
    except (RPCError, WorkflowQueryFailedError):
        return None
    return None if told is None else Status.model_validate(told)


async def status_from_history(history: WorkflowHistory, workflows: list[type]) -> Status | None:
    """What the code says after the last completed task; None for a run that has not started.

    Raises CommandError when the current code cannot follow the history.
    """
    try:
        past = decided(history)
    except HistoryError:
        return None
    recomputed = await recompute(past, workflows)
    if recomputed.failure is not None:
        raise CommandError(
            Exit.FOUND,
            f"{history.workflow_id}: the current code cannot follow this history "
            f"({one_line(recomputed.failure)}); `explain` needs no code",
        )
    return recomputed.status


async def pending_trail(history: WorkflowHistory, workflows: list[type]) -> list[dict[str, Any]]:
    """What the current code has decided since the last link of the recorded trail; nothing where it cannot
    follow the history.
    """
    recomputed = await recompute(decided(history), workflows)
    return recomputed.pending if recomputed.failure is None else []


def one_line(error: BaseException) -> str:
    return " ".join(str(error).split())[:300]
