"""Values that no history could hold: kept outside, and seen by the run as if they were in it."""

import asyncio
import hashlib
import json
import re
import shutil
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from temporalio.client import Client, WorkflowHandle, WorkflowHistory
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.worker import Worker

from activities.lease_upkeep import RunState
from activities.tenant_ledger import OpenLease
from contracts.receipts import EndingKind
from operations.backtesting import Verdict, backtest
from operations.bundles import Bundle, read_bundle, written
from operations.certificates import exceeded
from operations.claims import claims_in
from operations.histories import HistoryError, ValueMissing, event_name, fetch, links, load
from operations.lease_accounts import account_of
from operations.redaction import redact
from operations.sandbox import sandbox
from operations.starting import InputRefused, start
from operations.verification import verify
from payloads.storage import converter_for
from tests.workflows.keep_papers import GO_ON, PLAN, KeepPapers, Kept, Papers, paper_activities, text_of
from tests.workflows.world import World
from worker import build
from workflows.kernel.trail import TrailInterceptor

NOW = [KeepPapers]
# What a run of this workflow takes in a history when its values are small, and a claim for each large one.
MOST_HISTORY_BYTES = 20_000


@pytest.fixture
async def world(temporal: str, tmp_path: Path) -> AsyncIterator[World]:
    """With no worker yet."""
    async with World.opened(temporal, tmp_path) as opened:
        yield opened


def working(world: World, cached_runs: int = 0) -> AbstractAsyncContextManager[None]:
    """A worker that replays each run at every task."""
    return world.working(NOW, tools=paper_activities(), cached_runs=cached_runs)


async def begin(world: World, papers: Papers, name: str = "papers") -> WorkflowHandle[Any, Kept]:
    terms = world.terms(deadline=PLAN.deadline)
    workflow_id = f"{world.profile}/{name}"
    await start(world.client, KeepPapers, papers, terms, task_queue=world.task_queue, workflow_id=workflow_id)
    return world.client.get_workflow_handle(workflow_id, result_type=Kept)


async def ended(handle: WorkflowHandle[Any, Kept], text: str) -> None:
    """With the whole text, as it was filed."""
    kept = await asyncio.wait_for(handle.result(), 60)
    assert kept.ending is None
    assert kept.text == text
    assert kept.sha256 == hashlib.sha256(text.encode()).hexdigest()


async def waiting(handle: WorkflowHandle[Any, Kept]) -> None:
    """Return when its paper has been fetched."""
    for _ in range(400):
        if "ActivityTaskCompleted" in str([event_name(e) for e in (await handle.fetch_history()).events]):
            return
        await asyncio.sleep(0.05)
    raise AssertionError("no paper was fetched")


def held(history: WorkflowHistory) -> int:
    return sum(event.ByteSize() for event in history.events)


def claims(history: WorkflowHistory) -> list[str]:
    """The names of the events that only say where a value is."""
    return [event_name(event).partition("(")[2][:-1] for event in history.events if claims_in(event)]


def blobs(world: World) -> list[Path]:
    return [path for path in Path(world.settings.payloads).glob("??/*") if path.is_file()]


@pytest.mark.parametrize("locally", [False, True], ids=["activity", "local"])
@pytest.mark.parametrize("size", [1_900_000, 5_000_000])
async def test_a_step_may_return_what_no_history_could_hold(world: World, size: int, locally: bool) -> None:
    """It completes with the cache off, its history stays small, and it is proven from the history."""
    async with working(world):
        handle = await begin(world, Papers(size=size, locally=locally))
        await ended(handle, text_of(size))
    recorded = await handle.fetch_history()
    assert held(recorded) < MOST_HISTORY_BYTES
    result = "MarkerRecorded" if locally else "ActivityTaskCompleted"
    assert claims(recorded) == [result, "ActivityTaskScheduled", "WorkflowExecutionCompleted"]
    history = await fetch(world.client, handle.id)
    assert (await verify(history, NOW)).findings == []
    assert exceeded(history, NOW) == []


async def test_a_start_may_bring_three_megabytes_and_outlive_its_worker(world: World) -> None:
    """Another worker goes on with the same input and the same result of the step before."""
    below = text_of(2_500_000)
    async with working(world):
        handle = await begin(world, Papers(size=1_000_000, text=below, waits=True))
        await waiting(handle)
    async with working(world):
        await handle.signal(GO_ON)
        await ended(handle, text_of(1_000_000) + below)
    assert claims(await handle.fetch_history())[0] == "WorkflowExecutionStarted"
    assert held(await handle.fetch_history()) < MOST_HISTORY_BYTES
    assert (await verify(await fetch(world.client, handle.id), NOW)).findings == []


async def test_an_input_above_its_declared_bound_is_refused_before_anything_is_kept(world: World) -> None:
    """The reason has both numbers."""
    papers = Papers(size=1, text="x" * PLAN.max_input_bytes)
    with pytest.raises(InputRefused, match=r"has 4,000,\d+ bytes, of at most 4,000,000; nothing was started"):
        await begin(world, papers)
    assert blobs(world) == []
    with pytest.raises(HistoryError, match="no run"):
        await fetch(world.client, f"{world.profile}/papers")


async def test_a_request_above_its_declared_bound_ends_the_story_before_it_is_scheduled(world: World) -> None:
    """The bound is the step's own, whatever can be kept."""
    async with working(world):
        handle = await begin(world, Papers(size=9_000_001))
        kept = await asyncio.wait_for(handle.result(), 60)
    assert kept.ending is not None
    assert "of at most 9000000" in kept.ending.reason


async def test_the_trail_is_the_same_with_and_without_storage(world: World) -> None:
    """What a run saw is digested, and not how it was kept."""
    found = []
    for name, converter in (("kept", world.client.data_converter), ("plain", pydantic_data_converter)):
        client = await Client.connect(
            world.client.service_client.config.target_host, data_converter=converter
        )
        there = replace(world, client=client)
        async with working(there):
            handle = await begin(there, Papers(size=100_000, text=text_of(200_000)), name)
            await ended(handle, text_of(100_000) + text_of(200_000))
        history = await fetch(client, handle.id)
        assert (await verify(history, NOW)).findings == []
        found.append(
            [
                entry.get("digest", entry.get("input"))
                for _, link in links(history)
                for entry in link.entries
                if "lease" not in entry  # whose id is the run's own
            ]
        )
    assert claims(await handle.fetch_history()) == []
    kept, plain = found
    assert kept == plain
    assert len(kept) == 3
    assert None not in kept


async def test_a_bundle_needs_no_storage(world: World, tmp_path: Path) -> None:
    """Explained, verified, backtested and redacted where nothing is kept; the redacted one holds no text."""
    async with working(world):
        handle = await begin(world, Papers(size=300_000, text=text_of(100_000)))
        await ended(handle, text_of(300_000) + text_of(100_000))
    whole, redacted = tmp_path / "whole.json", tmp_path / "redacted.json"
    history = await fetch(world.client, handle.id)
    whole.write_text(written(Bundle(history)))
    shutil.rmtree(world.settings.payloads)
    assert (await verify(load(whole), NOW)).findings == []
    assert (await backtest(load(whole), NOW)).verdict is Verdict.SAME_PATH
    without, sealed = await redact(load(whole), NOW)
    redacted.write_text(written(Bundle(without)))
    assert sealed
    assert "Invoice" in whole.read_text()
    assert "Invoice" not in redacted.read_text()
    assert (await verify(read_bundle(redacted).history, NOW)).findings == []


async def test_a_file_that_only_says_where_values_are_is_refused(world: World, tmp_path: Path) -> None:
    """As the Temporal UI exports it; the error names the event and the command that writes the whole."""
    async with working(world):
        handle = await begin(world, Papers(size=100_000))
        await ended(handle, text_of(100_000))
    exported = tmp_path / "from-the-ui.json"
    exported.write_text((await handle.fetch_history()).to_json())
    with pytest.raises(HistoryError, match=r"event \d+ \(ActivityTaskCompleted\).*starter.py export"):
        load(exported)


def missing(path: Path) -> None:
    path.unlink()


def altered(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)


@pytest.mark.parametrize("harm", [missing, altered])
async def test_a_lost_value_is_told_in_the_history_and_the_run_goes_on_when_it_is_back(
    world: World, harm: Any
) -> None:
    """The failed task names the value and what to do; nothing is decided on a wrong one."""
    async with working(world):
        handle = await begin(world, Papers(size=200_000, waits=True))
        await waiting(handle)
    (blob,) = blobs(world)
    good = blob.read_bytes()
    harm(blob)
    async with working(world):
        await handle.signal(GO_ON)
        reason = await failed_task(handle)
        assert f"the large value {blob.name}" in reason
        assert harm.__name__ in reason
        assert "back from a backup" in reason
        with pytest.raises(
            ValueMissing, match=rf"event \d+ \(ActivityTaskCompleted\): the large value {blob.name}"
        ):
            await fetch(world.client, handle.id)
        blob.write_bytes(good)
        await ended(handle, text_of(200_000))


async def test_a_worker_on_a_folder_of_its_own_fails_the_step_and_says_why(
    world: World, tmp_path: Path
) -> None:
    """That it was not made is not proven; the run takes its way out, and the event names the value."""
    parts = build(world.settings, {})
    tools = [*parts.tools, *paper_activities()]
    address = world.client.service_client.config.target_host
    elsewhere = await Client.connect(address, data_converter=converter_for(str(tmp_path / "elsewhere")))
    decides = Worker(
        world.client,
        task_queue=world.task_queue,
        workflows=NOW,
        activities=tools,
        no_remote_activities=True,
        interceptors=[TrailInterceptor()],
        workflow_runner=sandbox(),
    )
    async with decides, Worker(elsewhere, task_queue=world.task_queue, activities=tools):
        handle = await begin(world, Papers(size=10, text=text_of(100_000)))
        kept = await asyncio.wait_for(handle.result(), 60)
    assert kept.ending is not None
    assert kept.ending.kind is EndingKind.STEP_FAILED
    failures = [
        event.activity_task_failed_event_attributes.failure
        for event in (await handle.fetch_history()).events
        if event.HasField("activity_task_failed_event_attributes")
    ]
    assert failures
    for failure in failures:
        assert failure.message == "Failed decoding arguments"
        assert re.search(r"the large value [0-9a-f]{64} is missing in .*elsewhere", failure.cause.message)
    parts.ledger.database.close()


async def failed_task(handle: WorkflowHandle[Any, Any]) -> str:
    """Why its task failed, as the Temporal UI shows it."""
    for _ in range(400):
        for event in (await handle.fetch_history()).events:
            if event.HasField("workflow_task_failed_event_attributes"):
                return event.workflow_task_failed_event_attributes.failure.message
        await asyncio.sleep(0.05)
    raise AssertionError("no task failed")


async def test_a_lease_is_not_booked_as_unknown_when_a_value_is_only_out_of_reach(world: World) -> None:
    """It stays open, and is closed by a later round."""
    async with working(world):
        handle = await begin(world, Papers(size=100_000))
        await ended(handle, text_of(100_000))
    run_id = (await handle.describe()).run_id
    lease = OpenLease(run_id, handle.id, "acme", datetime.now(UTC))
    shutil.move(world.settings.payloads, world.folder / "unmounted")
    assert (await account_of(world.client, lease)).state is RunState.OPEN
    shutil.move(world.folder / "unmounted", world.settings.payloads)
    assert (await account_of(world.client, lease)).state is RunState.ENDED


async def test_values_are_in_the_bundle_as_what_they_say(world: World) -> None:
    """A person can read it."""
    async with working(world):
        handle = await begin(world, Papers(size=70_000))
        await ended(handle, text_of(70_000))
    content = json.loads(written(Bundle(await fetch(world.client, handle.id))))
    assert json.dumps(text_of(70_000), ensure_ascii=False)[1:-1] in json.dumps(content, ensure_ascii=False)
