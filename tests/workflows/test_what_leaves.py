"""Which values the SDK keeps outside of a history and which not, as docs/decisions/external-payloads.md says.

A workflow on no kernel, since the kernel bounds most of these.
"""

from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

from temporalio import activity, workflow
from temporalio.api.history.v1 import HistoryEvent
from temporalio.client import Client, WorkflowHandle
from temporalio.common import RetryPolicy
from temporalio.exceptions import ActivityError, ApplicationError
from temporalio.worker import (
    Interceptor,
    StartActivityInput,
    UnsandboxedWorkflowRunner,
    Worker,
    WorkflowInboundInterceptor,
    WorkflowInterceptorClassInput,
    WorkflowOutboundInterceptor,
)

from operations.claims import claims_in
from payloads.folder import BlobFolder
from payloads.storage import converter_for

SIZE = 100_000
SOON = timedelta(seconds=10)


def large(what: str) -> str:
    return f"{what}: " + "x" * SIZE


@activity.defn
async def fail_at_length() -> None:
    raise ApplicationError("m" * SIZE, large("details"), non_retryable=True)


@activity.defn
async def glance() -> str:
    return large("glance")


@workflow.defn
class Talkative:
    """Says everything at length, everywhere."""

    def __init__(self) -> None:
        self.signalled = self.updated = False

    @workflow.run
    async def run(self) -> None:
        workflow.upsert_memo({"memo": large("memo")})
        await workflow.execute_local_activity(glance, start_to_close_timeout=SOON)
        try:
            once = RetryPolicy(maximum_attempts=1)
            await workflow.execute_activity(
                fail_at_length, start_to_close_timeout=SOON, retry_policy=once, summary=large("summary")
            )
        except ActivityError:
            pass
        await workflow.wait_condition(lambda: self.signalled and self.updated)

    @workflow.signal
    def signal(self, said: str) -> None:
        self.signalled = True

    @workflow.update
    def update(self, said: str) -> str:
        self.updated = True
        return large("answer")

    @workflow.query
    def query(self) -> str:
        return large("query")


class Headers(Interceptor):
    """Puts a large header on every activity, as the trail's is put on."""

    def workflow_interceptor_class(
        self, input: WorkflowInterceptorClassInput
    ) -> type[WorkflowInboundInterceptor]:
        return Inbound


class Inbound(WorkflowInboundInterceptor):
    def init(self, outbound: WorkflowOutboundInterceptor) -> None:
        super().init(Outbound(outbound))


class Outbound(WorkflowOutboundInterceptor):
    def start_activity(self, input: StartActivityInput) -> workflow.ActivityHandle[Any]:
        header = workflow.payload_converter().to_payload(large("header"))
        input.headers = {**input.headers, "large": header}
        return super().start_activity(input)


def named(events: list[HistoryEvent], name: str) -> HistoryEvent:
    (event,) = [each for each in events if each.HasField(name)]  # type: ignore[arg-type]
    return event


async def talk(client: Client, handle: WorkflowHandle[Any, Any]) -> None:
    await handle.signal(Talkative.signal, large("signal"))
    assert await handle.execute_update(Talkative.update, large("update")) == large("answer")
    assert await handle.query(Talkative.query) == large("query")
    await handle.result()


async def test_what_leaves_a_history_and_what_does_not(temporal: str, tmp_path: Path) -> None:
    """All that a workflow or a client says leaves; headers, messages of failures and the like do not."""
    client = await Client.connect(temporal, data_converter=converter_for(str(tmp_path)))
    queue = f"talkative-{uuid4().hex[:8]}"
    async with Worker(
        client,
        task_queue=queue,
        workflows=[Talkative],
        activities=[fail_at_length, glance],
        interceptors=[Headers()],
        workflow_runner=UnsandboxedWorkflowRunner(),
    ):
        handle = await client.start_workflow(
            Talkative.run, id=queue, task_queue=queue, memo={"start": large("start memo")}
        )
        await talk(client, handle)
        described = await handle.describe()
        assert await described.memo() == {"start": large("start memo"), "memo": large("memo")}
        events = list((await handle.fetch_history()).events)
    left = {
        name: len(claims_in(named(events, name)))
        for name in (
            "workflow_execution_started_event_attributes",
            "workflow_properties_modified_event_attributes",
            "marker_recorded_event_attributes",
            "activity_task_scheduled_event_attributes",
            "activity_task_failed_event_attributes",
            "workflow_execution_signaled_event_attributes",
            "workflow_execution_update_accepted_event_attributes",
            "workflow_execution_update_completed_event_attributes",
        )
    }
    assert left == {
        "workflow_execution_started_event_attributes": 1,
        "workflow_properties_modified_event_attributes": 1,
        "marker_recorded_event_attributes": 1,
        # The summary; the header stays.
        "activity_task_scheduled_event_attributes": 1,
        # The details; the message stays.
        "activity_task_failed_event_attributes": 1,
        "workflow_execution_signaled_event_attributes": 1,
        "workflow_execution_update_accepted_event_attributes": 1,
        "workflow_execution_update_completed_event_attributes": 1,
    }
    scheduled = named(events, "activity_task_scheduled_event_attributes")
    header = scheduled.activity_task_scheduled_event_attributes.header.fields["large"]
    assert header.ByteSize() > SIZE
    failed = named(events, "activity_task_failed_event_attributes").activity_task_failed_event_attributes
    assert len(failed.failure.message) == SIZE
    # Each of them, and the answer to the query, which is in no history.
    assert len(BlobFolder(tmp_path).blobs()) == len(left) + 1
