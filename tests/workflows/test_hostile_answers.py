"""What anybody who reaches the server can send to a run that asks: it neither fails nor gets stuck."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from temporalio.api.common.v1 import Payloads, WorkflowExecution
from temporalio.api.update.v1 import Input, Meta, Request
from temporalio.api.workflowservice.v1 import UpdateWorkflowExecutionRequest
from temporalio.client import WorkflowUpdateFailedError
from temporalio.service import RPCError, RPCStatusCode

from tests.workflows.asking import (
    asking,
    is_approved,
    keys,
    refused,
    sent,
    still_asks,
)
from tests.workflows.forgeries import right_answer
from tests.workflows.world import World
from workflows.kernel.approvals import ANSWER


async def test_a_signal_is_no_answer_and_is_noticed(world: World) -> None:
    """Signals cannot be refused, so the status notes that they were ignored, in few lines for many."""
    handle, action = await asking(world)
    answer = sent(right_answer(keys(world), action))
    await handle.signal(ANSWER, answer)
    await handle.signal(ANSWER, sent(b"\xff["))
    await handle.signal("approve\n**now**" + "x" * 900)
    await asyncio.gather(*(handle.signal(f"approve {number}", answer) for number in range(30)))
    await still_asks(world, handle, action)
    status = await world.status(handle)
    assert status is not None
    assert status.notices[0] == "a signal 'answer' was ignored: answers are Updates with a proof"
    assert len(status.notices) == 20
    assert max(map(len, status.notices)) < 200
    assert all(notice.isprintable() for notice in status.notices)
    await is_approved(world, handle, action)


HOSTILE: dict[str, tuple[object, str]] = {
    "nothing": (b"", "not an answer: argument: Invalid JSON"),
    "null": (None, "not an answer: argument: Input should be an object"),
    "a list": (["approve"], "not an answer: argument: Input should be an object"),
    "a number": (7, "not an answer: argument: Input should be an object"),
    "an empty object": ({}, "not an answer: action: Field required"),
    "half an object": (b'{"action": "', "not an answer: argument: Invalid JSON"),
    "bytes that are no text": (b'{"action": "\xff\xfe"}', "not an answer: argument: Invalid JSON"),
    "very deep JSON": (b"[" * 200_000, "not an answer: argument: Invalid JSON"),
    "a huge integer": (b'{"action": ' + b"9" * 200_000 + b"}", "not an answer: "),
    "a lone surrogate for an answer": ("\ud800", "not an answer: argument: Invalid JSON"),
}
HOSTILE_PARTS: dict[str, tuple[dict[str, Any], str]] = {
    "an extra field": ({"by": "ada"}, "not an answer: by: Extra inputs are not permitted"),
    "a field with a huge name": ({"\0é" * 50_000: 1}, "not an answer: .*Extra inputs are not permitted"),
    "a verdict that is none": ({"verdict": "maybe"}, "not an answer: verdict: Input should be 'approve'"),
    "a list for a verdict": ({"verdict": ["approve"]}, "not an answer: verdict: "),
    "an action that is none": ({"action": "../../etc/passwd"}, "not an answer: action: .*pattern"),
    "a lone surrogate in the action": ({"action": "\ud800" * 16}, "not an answer: argument: Invalid JSON"),
    "lone surrogates for a proof": ({"proof": "\ud800.\udfff.\ud800"}, "not an answer: argument"),
    "NUL for a proof": ({"proof": "\0" * 20}, "not a (valid )?proof"),
    "1 MB of proof": ({"proof": "a" * 900_000}, "not an answer: proof: .*at most 4000 characters"),
    "an object for a proof": ({"proof": {"alg": "none"}}, "not an answer: proof: Input should be a valid"),
}


async def test_hostile_text_is_refused_and_the_run_neither_fails_nor_gets_stuck(world: World) -> None:
    """One after the other at the same run, which takes the right answer at the end."""
    handle, action = await asking(world)
    for content, reason in HOSTILE.values():
        await refused(handle, content, reason)
    for part, reason in HOSTILE_PARTS.values():
        await refused(handle, right_answer(keys(world), action) | part, reason)
    for arguments in ([], [sent(right_answer(keys(world), action))] * 2):
        with pytest.raises(WorkflowUpdateFailedError):
            await handle.execute_update(ANSWER, args=arguments)
    with pytest.raises(WorkflowUpdateFailedError, match="Workflow update failed"):
        await handle.execute_update("approve", sent(right_answer(keys(world), action)))
    await still_asks(world, handle, action)
    await is_approved(world, handle, action)


@pytest.mark.parametrize("size", [1_100_000, 3_000_000, 5_000_000])
async def test_an_answer_of_megabytes_never_reaches_the_run(world: World, size: int) -> None:
    """The server refuses it: in a worker's hands it would fail the run's tasks until it was given up."""
    handle, action = await asking(world)
    content = sent(right_answer(keys(world), action) | {"proof": "a" * size})
    # Not by the handle, which would try again for 15 seconds.
    request = UpdateWorkflowExecutionRequest(
        namespace=world.client.namespace,
        workflow_execution=WorkflowExecution(workflow_id=handle.id),
        request=Request(
            meta=Meta(update_id="large"), input=Input(name=ANSWER, args=Payloads(payloads=[content.payload]))
        ),
    )
    with pytest.raises(RPCError) as caught:
        await world.client.workflow_service.update_workflow_execution(
            request, retry=False, timeout=timedelta(seconds=10)
        )
    assert caught.value.status is RPCStatusCode.RESOURCE_EXHAUSTED
    await still_asks(world, handle, action)
    await is_approved(world, handle, action)
