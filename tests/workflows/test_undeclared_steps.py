"""A run that does more than its plan declares has no certificate, so it ends before it does it."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from temporalio.client import WorkflowFailureError
from temporalio.exceptions import ApplicationError

from activities.tenant_books import Per
from contracts.tickets import ReadTicket
from operations.certificates import exceeded
from operations.starting import start
from tests.workflows.read_mails import PLAN, Mails, ReadMails
from tests.workflows.world import World


@pytest.fixture
async def world(temporal: str, tmp_path: Path) -> AsyncIterator[World]:
    """With a worker that knows the workflow of this test."""
    async with World.opened(temporal, tmp_path) as opened, opened.working([ReadMails]):
        yield opened


async def test_a_step_more_than_declared_ends_the_run_with_nothing_sent_or_booked(world: World) -> None:
    """Eight mails may be read; of nine none is, every hold is given back, and the lease is closed."""
    mails = Mails(mails=tuple(ReadTicket(subject=f"{n}", text="Where is it?") for n in range(9)))
    name = f"{world.profile}/too-many"
    terms = world.terms(deadline=PLAN.deadline)
    await start(world.client, ReadMails, mails, terms, task_queue=world.task_queue, workflow_id=name)
    handle = world.client.get_workflow_handle(name)
    with pytest.raises(WorkflowFailureError) as failed:
        await handle.result()
    assert isinstance(failed.value.cause, ApplicationError)
    assert failed.value.cause.type == "undeclared_step"
    assert failed.value.cause.message == "read-mails declares no run of 9 read_ticket"
    assert world.provider.entries == []
    assert exceeded(await handle.fetch_history(), [ReadMails]) == []
    accounts = world.ledger.accounts(datetime.now(UTC), terms.tenant)
    (total,) = [each for each in accounts if each.per is Per.TOTAL]
    assert (total.budget.leased, total.budget.unknown) == (Decimal(0), Decimal(0))
