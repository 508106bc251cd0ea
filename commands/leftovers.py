"""Runs of earlier sample stacks of this home folder that were interrupted, and their end."""

from pathlib import Path

from rich.console import Console
from temporalio.client import Client

from embedded.stack import home
from embedded.temporal_server import TemporalServer
from operations.lines import put
from operations.starting import TENANT

__all__ = ["end_leftovers", "tenant_of"]

PURPOSES = ("demo", "evaluate")


def tenant_of(folder: Path) -> str:
    """Whose runs a stack's are: `demo-142530` of the folder demo/20260301-142530."""
    return f"{folder.parent.name}-{folder.name.partition('-')[2]}"


async def end_leftovers(client: Client, temporal: TemporalServer, console: Console) -> frozenset[str]:
    """End open runs of earlier such stacks: their shop and payments are gone, so they can only fail.

    Only on this home's own server, and only runs of the stacks whose folders are here: elsewhere a run may be
    a colleague's, and a tenant may be called `demo`.
    Which runs: for a moment the server goes on to list them as open.
    """
    if not temporal.embedded:
        return frozenset()
    stacks = {tenant_of(folder): purpose for purpose in PURPOSES for folder in (home() / purpose).glob("*-*")}
    ended: list[str] = []
    async for each in client.list_workflows("ExecutionStatus = 'Running'"):
        purpose = stacks.get(str(each.typed_search_attributes.get(TENANT, "")))
        if purpose is not None:
            handle = client.get_workflow_handle(each.id, run_id=each.run_id)
            await handle.terminate(f"left over by an interrupted {purpose}")
            ended.append(each.run_id)
            put(console, (0, f"ended {each.id}, left over by an interrupted {purpose}", "dim"))
    return frozenset(ended)
