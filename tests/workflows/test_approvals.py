"""Which answer to a run that asks a person counts: a valid one, to this question, once."""

import asyncio
import re

import pytest
from temporalio.client import WorkflowUpdateFailedError

from contracts.approvals import Verdict
from contracts.resolutions import Path as Way
from contracts.resolutions import Resolution
from operations.starting import start
from samples.payment_faults import Fault
from tests.workflows.asking import (
    ASKING,
    NOTHING_WAITS,
    asking,
    is_approved,
    keys,
    question,
    refused,
    sent,
    still_asks,
)
from tests.workflows.forgeries import FORGERIES, right_answer, signed
from tests.workflows.world import World, as_read, sample
from workflows.kernel.approvals import ANSWER
from workflows.resolve_ticket import ResolveTicket


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
