"""What a reset run cost: nothing is refunded by a reset, and nothing counts twice."""

from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.enums.v1 import EventType
from temporalio.api.workflowservice.v1 import ResetWorkflowExecutionRequest
from temporalio.client import WorkflowHistory

from contracts.resolutions import Path, Resolution
from operations.histories import attributes_of, fetch
from operations.story import story, sum_of
from operations.waiting import story_when_over
from tests.workflows.world import World, as_read, sample


async def test_the_sum_over_a_reset_is_what_the_provider_billed(world: World) -> None:
    """The reading is in both histories and was paid once; the reply was written, and paid, twice."""
    world.provider.script(as_read("01"), task="read_ticket")
    handle = await world.start(sample("01"))
    first = await world.ended(handle)
    before = await fetch(world.client, handle.id)
    # After the refund: the reply is what is made again.
    again = await reset(world, before, "draft_reply")
    told = await story_when_over(world.client, handle.id, again)
    stories = [story(before), story(await fetch(world.client, handle.id, again))]
    assert [Resolution.model_validate(each.result).path for each in stories] == [Path.REFUNDED] * 2
    assert first.path is Path.REFUNDED
    assert told == stories[1]
    assert [each.run_id for each in stories] == [before.run_id, again]
    assert len(world.provider.entries) == 3
    assert sum_of(stories).proven_usd == world.spent()
    assert sum_of(stories).model_attempts == 3
    assert world.refunds() == ["KM-20417"]
    assert sum_of(stories[:1]) == stories[0].totals


async def test_a_refund_that_is_made_again_after_a_reset_is_the_same_refund(world: World) -> None:
    """Its key is of the workflow id, so the payment service finds what the run before has paid."""
    world.provider.script(as_read("01"), task="read_ticket")
    handle = await world.start(sample("01"))
    await world.ended(handle)
    again = await reset(world, await fetch(world.client, handle.id), "issue_refund")
    told = await story_when_over(world.client, handle.id, again)
    assert Resolution.model_validate(told.result).path is Path.REFUNDED
    assert world.refunds() == ["KM-20417"]


async def reset(world: World, history: WorkflowHistory, step: str) -> str:
    """Have the run go on anew from the task that scheduled this step; the new run's id."""
    scheduled = next(
        attributes_of(event)
        for event in history.events
        if event.event_type == EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED
        and attributes_of(event).activity_type.name == step
    )
    return await reset_to(world, history, scheduled.workflow_task_completed_event_id)


async def reset_to(world: World, history: WorkflowHistory, task: int) -> str:
    """From the workflow task whose completion is this event; the new run's id."""
    again = await world.client.workflow_service.reset_workflow_execution(
        ResetWorkflowExecutionRequest(
            namespace=world.client.namespace,
            workflow_execution=WorkflowExecution(workflow_id=history.workflow_id, run_id=history.run_id),
            workflow_task_finish_event_id=task,
            reason="a test",
            request_id="reset",
        )
    )
    return str(again.run_id)


async def test_a_run_that_failed_has_a_story_when_it_is_over(world: World) -> None:
    """Waiting for it raises nothing: the failure is what its story tells."""
    handle = await world.start(sample("01"), tokens=100)
    told = await story_when_over(world.client, handle.id)
    assert told.state == "failed"
    assert (told.reason or "").startswith("cap_too_small: ")
