"""Answers to a run that asks a person: what must not count is refused with a reason and changes nothing."""

import asyncio
import json
import re
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from temporalio.api.common.v1 import Payload, Payloads, WorkflowExecution
from temporalio.api.enums.v1 import EventType
from temporalio.api.update.v1 import Input, Meta, Request
from temporalio.api.workflowservice.v1 import UpdateWorkflowExecutionRequest
from temporalio.client import WorkflowHandle, WorkflowUpdateFailedError
from temporalio.common import RawValue
from temporalio.exceptions import ApplicationError
from temporalio.service import RPCError, RPCStatusCode

from contracts.approvals import Verdict
from contracts.resolutions import Path as Way
from contracts.resolutions import Resolution
from operations.starting import start
from samples.payment_faults import Fault
from tests.fault_server import faults
from tests.workflows.forgeries import FORGERIES, right_answer, signed
from tests.workflows.world import World, as_read, sample
from workflows.kernel.approvals import ANSWER
from workflows.resolve_ticket import ResolveTicket

Handle = WorkflowHandle[Any, Resolution]

ASKING = "05-wrong-lamp.eml"
NOTHING_WAITS = "nothing waits for an answer"


async def asking(world: World) -> tuple[Handle, str]:
    """A run that bob requested and that waits for the approval of a refund, and the action's digest."""
    world.provider.script(as_read(ASKING), task="read_ticket")
    handle = await world.start(sample(ASKING))
    return handle, await question(world, handle)


async def question(world: World, handle: Handle) -> str:
    return (await world.waiting(handle)).action or ""


def keys(world: World) -> Path:
    return world.folder / "approvers"


def sent(content: object) -> RawValue:
    """An argument as any client could send it, well-formed or not."""
    data = content if isinstance(content, bytes) else json.dumps(content).encode()
    return RawValue(Payload(metadata={"encoding": b"json/plain"}, data=data))


async def refused(handle: Handle, content: object, reason: str, *, at_rest: bool = True) -> None:
    """Refused for this reason, without a trace in the history; a run that is not at rest writes its own."""
    before = await events_of(handle, all_of_them=at_rest)
    with pytest.raises(WorkflowUpdateFailedError) as caught:
        await handle.execute_update(ANSWER, sent(content))
    cause = caught.value.cause
    assert isinstance(cause, ApplicationError)
    assert cause.type == "answer_refused"
    assert re.search(reason, cause.message), cause.message
    assert await events_of(handle, all_of_them=at_rest) == before


async def events_of(handle: Handle, *, all_of_them: bool) -> int:
    """How many events the history has, or how many that speak of Updates."""
    names = [EventType.Name(event.event_type) for event in (await handle.fetch_history()).events]
    return len([name for name in names if all_of_them or "UPDATE" in name])


async def still_asks(world: World, handle: Handle, action: str) -> None:
    """As if nothing had been sent: nothing is paid, and the same question is open."""
    assert world.payments.book.refunds() == []
    assert await question(world, handle) == action


async def is_approved(world: World, handle: Handle, action: str) -> None:
    """The right answer counts, once, and no workflow task has failed."""
    await handle.execute_update(ANSWER, sent(right_answer(keys(world), action)))
    assert (await world.ended(handle)).path is Way.REFUNDED
    assert len(world.payments.book.refunds()) == 1
    events = (await handle.fetch_history()).events
    assert not any(event.HasField("workflow_task_failed_event_attributes") for event in events)


@pytest.mark.parametrize("forgery", FORGERIES)
async def test_a_forged_answer_is_refused_and_the_right_one_still_works(world: World, forgery: str) -> None:
    """Each is a right answer but for one thing."""
    handle, action = await asking(world)
    forge, reason = FORGERIES[forgery]
    await refused(handle, right_answer(keys(world), action) | forge(keys(world), action), reason)
    await still_asks(world, handle, action)
    await is_approved(world, handle, action)


@pytest.mark.parametrize("verdict", Verdict)
async def test_a_second_answer_is_refused_as_long_as_the_run_lives(world: World, verdict: Verdict) -> None:
    """Whether it says the same again or the opposite."""
    world.payments.faults.arrange(Fault(do="delay", path="/refunds", seconds=1))
    handle, action = await asking(world)
    answer = right_answer(keys(world), action)
    await handle.execute_update(ANSWER, sent(answer))
    proof = signed(keys(world), action, verdict=verdict.value)
    await refused(handle, answer | {"verdict": verdict.value, "proof": proof}, NOTHING_WAITS, at_rest=False)
    assert (await world.ended(handle)).path is Way.REFUNDED
    assert len(world.payments.book.refunds()) == 1


async def test_an_answer_to_a_run_that_has_ended_finds_nobody(world: World) -> None:
    handle, action = await asking(world)
    await is_approved(world, handle, action)
    with pytest.raises(RPCError, match="already completed"):
        await handle.execute_update(ANSWER, sent(right_answer(keys(world), action)))
    assert len(world.payments.book.refunds()) == 1


async def test_a_proof_counts_for_its_own_run_alone(world: World) -> None:
    """Two runs ask for the same refund; what ada says to one is no answer to the other."""
    (one, first), (other, second) = await asking(world), await asking(world)
    answer = right_answer(keys(world), first)
    await refused(other, answer, "names another action than the one that waits")
    await refused(other, answer | {"action": second}, "signed for another action or verdict")
    await still_asks(world, other, second)
    await one.terminate()
    await is_approved(world, other, second)


async def test_a_proof_of_an_earlier_question_of_the_same_workflow_id_is_refused(world: World) -> None:
    """The same ticket under the same id asks for the same refund, but it is not the same question."""
    handle, earlier = await asking(world)
    kept = right_answer(keys(world), earlier)
    await handle.cancel()
    assert (await world.ended(handle)).path is Way.HANDED_OVER
    world.provider.script(as_read(ASKING), task="read_ticket")
    again = await start(
        world.client,
        ResolveTicket,
        sample(ASKING),
        world.terms(),
        task_queue=world.task_queue,
        workflow_id=handle.id,
        again=True,
    )
    handle = world.client.get_workflow_handle(again.workflow_id, result_type=Resolution)
    action = await question(world, handle)
    await refused(handle, kept, "names another action than the one that waits")
    await refused(handle, kept | {"action": action}, "signed for another action or verdict")
    await still_asks(world, handle, action)
    await is_approved(world, handle, action)


async def test_of_two_valid_answers_at_once_exactly_one_is_accepted(world: World) -> None:
    """Ten of them, half for and half against; what is done is what was accepted."""
    handle, action = await asking(world)
    verdicts = [Verdict.APPROVE, Verdict.DENY] * 5
    answers = [
        {
            "action": action,
            "verdict": verdict.value,
            "proof": signed(keys(world), action, verdict=verdict.value),
        }
        for verdict in verdicts
    ]
    outcomes = await asyncio.gather(
        *(handle.execute_update(ANSWER, sent(answer)) for answer in answers), return_exceptions=True
    )
    (accepted,) = [outcome for outcome in outcomes if not isinstance(outcome, BaseException)]
    approved = accepted["verdict"] == Verdict.APPROVE
    assert (await world.ended(handle)).path is (Way.REFUNDED if approved else Way.DENIED)
    assert len(world.payments.book.refunds()) == (1 if approved else 0)
    refusals = [outcome for outcome in outcomes if isinstance(outcome, BaseException)]
    for refusal in refusals:
        # One that came when the run had ended already is refused by the server.
        reason = refusal.cause if isinstance(refusal, WorkflowUpdateFailedError) else refusal
        assert re.search(f"answered before|{NOTHING_WAITS}|already completed", str(reason))


async def test_an_answer_to_a_run_that_asks_nothing_is_refused(world: World) -> None:
    """It is still reading."""
    world.provider.script(faults.hang())
    handle = await world.start(sample(ASKING))
    await world.asked()
    await refused(handle, right_answer(keys(world), "0" * 16), NOTHING_WAITS)
    await handle.terminate()


async def test_an_answer_after_the_question_expired_is_refused(world: World) -> None:
    """The run has gone on to a person; what was asked is not done any more."""
    world.thresholds["approval_hours"] = Decimal("0.0001")
    handle, action = await asking(world)
    put_a_file_for_the_folder(world.folder / "mail" / "desk")
    await stage(world, handle, "handing_over")
    await refused(handle, right_answer(keys(world), action), NOTHING_WAITS, at_rest=False)
    assert world.payments.book.refunds() == []
    await handle.terminate()


async def test_an_answer_that_waited_for_a_worker_until_the_question_expired_is_refused(
    temporal: str, tmp_path: Path
) -> None:
    """What counts is when the run takes note of it, not when it was sent."""
    async with World.opened(temporal, tmp_path) as world:
        world.thresholds["approval_hours"] = Decimal("0.001")
        async with world.working():
            handle, action = await asking(world)
        answer = right_answer(keys(world), action)
        sending = asyncio.create_task(handle.execute_update(ANSWER, sent(answer)))
        await asyncio.sleep(3.6)
        async with world.working():
            with pytest.raises(WorkflowUpdateFailedError) as caught:
                await sending
            assert re.search(f"the question has expired|{NOTHING_WAITS}", str(caught.value.cause))
            assert (await world.ended(handle)).path is Way.HANDED_OVER
        assert world.payments.book.refunds() == []


async def test_an_answer_to_a_run_on_its_way_out_is_refused(world: World) -> None:
    """Cancelled while it asked: an answer that changes nothing must not look accepted."""
    handle, action = await asking(world)
    put_a_file_for_the_folder(world.folder / "mail" / "desk")
    await handle.cancel()
    await stage(world, handle, "handing_over")
    await refused(handle, right_answer(keys(world), action), NOTHING_WAITS, at_rest=False)
    assert world.payments.book.refunds() == []
    await handle.terminate()


def put_a_file_for_the_folder(box: Path) -> None:
    """Nothing can be handed over, so the run stays on its way out."""
    (box / "new").rmdir()
    (box / "new").write_text("not a folder")


async def stage(world: World, handle: Handle, name: str) -> None:
    """Return when the run has come to this stage."""
    for _ in range(200):
        status = await world.status(handle)
        if status is not None and status.stage == name:
            return
        await asyncio.sleep(0.05)
    raise AssertionError(f"the run never came to {name}")


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
