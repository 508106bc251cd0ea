"""answer_approval: what waits is shown exactly, an answer is signed, and a refusal comes with its reason."""

import re
from pathlib import Path

import pytest

from activities.approvers import new_key
from contracts.resolutions import Path as Way
from tests.examples.shell import Shell
from tests.workflows.world import World, sample
from workflows.resolve_ticket import Stage


def shown(out: str, workflow_id: str) -> dict[str, str]:
    """The lines below a run's id."""
    block = re.search(rf"^{re.escape(workflow_id)}\n((?:  .*\n)+)", out, re.MULTILINE)
    assert block is not None, out
    return {line[:15].strip(): line[15:].strip() for line in block[1].splitlines()}


@pytest.fixture
def key(shop: World) -> Path:
    return shop.folder / "approvers" / "ada.key"


@pytest.mark.parametrize(("verdict", "way"), [("approve", Way.REFUNDED), ("deny", Way.DENIED)])
async def test_what_waits_is_shown_and_a_signed_answer_moves_the_run(
    shop: World, shell: Shell, key: Path, verdict: str, way: Way
) -> None:
    """Listed by its stage, with request, worst case and the digest that is signed."""
    handle = await shop.start(sample("05"))
    waiting = await shop.waiting(handle)
    listed = await shell.run("answer_approval")
    assert listed.code == 0, listed.err
    question = shown(listed.out, handle.id)
    assert question["action"] == waiting.action
    assert question["what"] == "issue_refund"
    assert (question["order_number"], question["amount"]) == ("TX-11820", "129")
    assert question["worst case"] == "$129, by remedy v1, for bob"
    answered = await shell.run("answer_approval", handle.id, question["action"], verdict, "--key", key)
    assert (answered.code, answered.out) == (0, f"accepted: {verdict}, by ada\n"), answered.err
    resolution = await shop.ended(handle)
    assert resolution.path is way
    assert shop.refunds() == (["TX-11820"] if way is Way.REFUNDED else [])
    assert handle.id not in (await shell.run("answer_approval")).out


async def test_a_refusal_comes_with_its_reason_and_moves_nothing(
    shop: World, shell: Shell, key: Path, tmp_path: Path
) -> None:
    """Another action, a stranger's key, the requester's own key, and no key at all."""
    handle = await shop.start(sample("05"))
    action = (await shop.waiting(handle)).action
    strangers = new_key(tmp_path / "elsewhere", "eve")
    requesters = new_key(shop.folder / "approvers", "bob")
    no_key = tmp_path / "no.key"
    no_key.write_text("not a key")
    for digest, signed_with, reason in [
        ("0" * 64, key, "refused: "),
        (action, strangers, "refused: "),
        (action, requesters, "refused: "),
        (action, no_key, "not an approver's private key"),
        (action, tmp_path / "missing.key", "not an approver's private key"),
        ("the refund", key, "not the digest of an action"),
    ]:
        done = await shell.run("answer_approval", handle.id, digest, "approve", "--key", signed_with)
        assert (done.code, done.out) == (1, "")
        (line,) = done.err.splitlines()
        assert reason in line
    assert (await shop.waiting(handle)).action == action
    assert shop.refunds() == []
    await handle.cancel()
    await shop.ended(handle)
    over = await shell.run("answer_approval", handle.id, action, "approve", "--key", key)
    assert (over.code, over.err) == (1, f"{handle.id}: no such run that goes on\n")


async def test_a_run_that_is_not_there_takes_no_answer(shop: World, shell: Shell, key: Path) -> None:
    done = await shell.run("answer_approval", "no/such/run", "0" * 64, "approve", "--key", key)
    assert (done.code, done.err) == (1, "no/such/run: no such run that goes on\n")


async def test_without_a_worker_it_says_that_nobody_answers(closed_shop: World, shell: Shell) -> None:
    """What waits cannot be shown, and is not passed over in silence."""
    async with closed_shop.working():
        handle = await closed_shop.start(sample("05"))
        action = (await closed_shop.waiting(handle)).action
        await closed_shop.in_stage(handle, Stage.AWAITING_APPROVAL)
    listed = await shell.run("answer_approval")
    assert (listed.code, listed.out) == (1, "")
    assert listed.err == f"{handle.id}: no worker answers; start one with `python worker.py`\n"
    key = closed_shop.folder / "approvers" / "ada.key"
    answered = await shell.run("answer_approval", handle.id, action, "approve", "--key", key)
    assert (answered.code, answered.out) == (1, "")
    assert answered.err.startswith(f"{handle.id}: no worker took the answer within 15 s; start one ")
    await handle.terminate()


async def test_without_a_server_it_says_so_in_one_line(nowhere: Shell) -> None:
    done = await nowhere.run("answer_approval")
    assert (done.code, done.out) == (3, "")
    (line,) = done.err.splitlines()
    assert line.startswith("answer_approval: no Temporal server answers at 127.0.0.1:1; ")


async def test_an_answer_without_a_key_is_a_usage_error(nowhere: Shell) -> None:
    done = await nowhere.run("answer_approval", "some-id", "0" * 64, "approve")
    assert done.code == 2
    assert "--key FILE" in done.err
