"""A replay comes to what the SDK's own replayer comes to."""

import asyncio
from pathlib import Path

import pytest
from temporalio.client import WorkflowHistory
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.converter import DataConverter, ExternalStorage
from temporalio.worker import Replayer
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner, SandboxRestrictions

from operations.histories import HistoryError, decided
from operations.replay_worker import outside_of_tasks, replay_worker
from operations.sandbox import sandbox
from payloads.converter import data_converter
from payloads.driver import FolderDriver
from payloads.folder import BlobFolder
from tests.operations.recorded import HISTORIES, recorded
from worker import WORKFLOWS
from workflows.kernel.trail import TrailInterceptor


async def by_the_sdk(history: WorkflowHistory) -> Exception | None:
    """With its own sandbox, its own loop and its own converter."""
    passed = SandboxRestrictions.default.with_passthrough_modules("workflows.kernel", "contracts", "pydantic")
    replayer = Replayer(
        workflows=WORKFLOWS,
        workflow_runner=SandboxedWorkflowRunner(restrictions=passed),
        interceptors=[TrailInterceptor()],
        data_converter=pydantic_data_converter,
    )
    return (await replayer.replay_workflow(history, raise_on_replay_failure=False)).replay_failure


async def by_us(*histories: WorkflowHistory) -> list[Exception | None]:
    async with replay_worker(WORKFLOWS, sandbox(), [TrailInterceptor()], data_converter) as replay:
        return [await replay(history) for history in histories]


def without_an_event(history: WorkflowHistory) -> WorkflowHistory:
    """A history of other code: its first timer was not there."""
    events = list(history.events)
    gone = next(i for i, event in enumerate(events) if event.HasField("timer_started_event_attributes"))
    return WorkflowHistory(history.workflow_id, [*events[:gone], *events[gone + 1 :]])


@pytest.mark.parametrize("file", HISTORIES[::4], ids=lambda file: file.stem)
async def test_a_recorded_run_is_followed_by_both(file: Path) -> None:
    history = decided(recorded(file.stem))
    assert await by_the_sdk(history) is None
    assert await by_us(history) == [None]


async def test_what_cannot_be_followed_fails_in_the_sdks_words_and_the_next_one_is_followed() -> None:
    right = decided(recorded("refunded-at-once"))
    wrong = without_an_event(right)
    theirs = await by_the_sdk(wrong)
    ours, after = await by_us(wrong, right)
    assert (type(ours), str(ours), after) == (type(theirs), str(theirs), None)
    assert theirs is not None


async def test_a_history_that_the_core_dies_of_ends_no_other_replay(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its poller panics at a task that was started and never ended; then it answers nobody."""
    monkeypatch.setattr("operations.core_calls.PATIENCE_S", 1.0)
    right = decided(recorded("refunded-at-once"))
    deadly = WorkflowHistory(right.workflow_id, [each for each in right.events if each.event_id != 4])
    async with replay_worker(WORKFLOWS, sandbox(), [TrailInterceptor()], data_converter) as replay:
        for _ in range(2):
            with pytest.raises(HistoryError, match=r"has not answered for 1 s"):
                await replay(deadly)
            assert await replay(right) is None


@pytest.mark.parametrize("error", [None, ValueError("a defect")])
async def test_whoever_no_longer_waits_for_a_replay_is_told_nothing(error: Exception | None) -> None:
    """Ctrl-C comes while the loop's thread replays: what comes of it then is nobody's, and no defect."""
    complaints: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: complaints.append(context))

    def interrupted() -> None:
        waiting.cancel()
        if error is not None:
            raise error

    waiting = asyncio.ensure_future(outside_of_tasks(interrupted))
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert complaints == []


async def test_a_converter_that_keeps_values_elsewhere_is_refused(tmp_path: Path) -> None:
    storage = ExternalStorage([FolderDriver(BlobFolder(tmp_path))])
    with pytest.raises(ValueError, match="as the history holds them"):
        async with replay_worker(WORKFLOWS, sandbox(), [], DataConverter(external_storage=storage)):
            pass
