"""The change that CONTRIBUTING.md shows for open runs is one that they can follow, and only as shown."""

import re
from pathlib import Path

import pytest
from temporalio.client import WorkflowHistory

from operations.bundles import Bundle, written
from operations.histories import event_name
from operations.verification import verify
from tests.changes.judging import Verdict, judged
from tests.changes.patched_code import PATCH, Deprecated, Patched
from tests.changes.prepared import Change
from tests.checkouts import CHECKOUT, Edit, copied
from tests.operations.recorded import recorded
from tests.workflows.world import World, sample
from workflows.resolve_ticket import ResolveTicket

IF = f'        if workflow.patched("{PATCH}"):\n'


def shown() -> tuple[str, str, str]:
    """The file of the one diff in CONTRIBUTING.md, its old lines, and its new ones."""
    (block,) = re.findall(
        r"^```diff\n--- (\S+)\n(.*?)^```", (CHECKOUT / "CONTRIBUTING.md").read_text(), re.M | re.S
    )
    file, diff = block
    lines = diff.splitlines(keepends=True)
    old = "".join(line[1:] for line in lines if line[0] in " -")
    new = "".join(line[1:] for line in lines if line[0] in " +")
    return file, old, new


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy, with a run that is open and has paid: it waits for the reply to be drafted."""
    copy = copied(tmp_path_factory.mktemp("patched") / "copy")
    history = recorded("refunded-at-once")
    (draft,) = (
        event.event_id
        for event in history.events
        if event.activity_task_scheduled_event_attributes.activity_type.name == "draft_reply"
    )
    cut = WorkflowHistory(history.workflow_id, history.events[:draft])
    (copy / "tests" / "histories" / "open-and-paid.json").write_text(written(Bundle(cut)))
    return copy


def said_of(new: str, checkout: Path) -> Verdict:
    file, old, _ = shown()
    return judged(Change("as shown", "open-and-paid", (Edit(file, old, new),)), checkout)


def test_an_open_run_follows_the_change_that_is_shown(checkout: Path) -> None:
    """Both gates let it pass."""
    _, _, new = shown()
    assert IF in new
    assert said_of(new, checkout) == Verdict(None, None)


def test_without_patched_replay_refuses_the_same_change(checkout: Path) -> None:
    """And names the event at which the run would have waited."""
    _, _, new = shown()
    bare = new.replace(IF, "").replace("            await workflow.sleep", "        await workflow.sleep")
    found = said_of(bare, checkout).commands
    assert found is not None
    assert "the code does start_timer of 60s" in found["what"]
    assert "workflow.patched" in found["advice"]


async def test_a_run_that_met_the_patch_is_proven_like_any_other(temporal: str, tmp_path: Path) -> None:
    """Its history holds what the SDK notes of patches, for which the code issues no command."""
    async with World.opened(temporal, tmp_path) as world, world.working([Patched]):
        handle = await world.start(sample("01"))
        await world.ended(handle)
        history = await handle.fetch_history()
    noted = [event for event in history.events if b"TemporalChangeVersion" in event.SerializeToString()]
    assert [event_name(each).partition("(")[2] for each in noted] == ["UpsertWorkflowSearchAttributes)"]
    for code in (Patched, Deprecated):
        assert (await verify(history, [code])).findings == []
    assert (await verify(history, [ResolveTicket])).findings != []
