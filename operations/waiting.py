"""Waiting for a run until it is over."""

from temporalio.client import Client, WorkflowContinuedAsNewError, WorkflowFailureError
from temporalio.service import RPCError, RPCStatusCode

from operations.histories import fetch
from operations.story import Story, story

__all__ = ["story_when_over"]


async def story_when_over(client: Client, workflow_id: str, run_id: str | None = None) -> Story:
    """The story of a run, told when it has ended, in whatever way; who stops waiting does not stop it.

    Raises HistoryError for a run that is not there.
    """
    handle = client.get_workflow_handle(workflow_id, run_id=run_id)
    try:
        await handle.result(follow_runs=False)
    except (WorkflowFailureError, WorkflowContinuedAsNewError):
        pass  # how it ended is part of its story
    except RPCError as error:
        if error.status is not RPCStatusCode.NOT_FOUND:
            raise
    return story(await fetch(client, workflow_id, run_id))
