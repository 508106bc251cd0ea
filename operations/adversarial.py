"""The adversarial run: real workflow code on a real server whose time is skipped, against an adversary.

It is given room for the whole certificate, so that no cap stops it, and comes as near to it as it can.
"""

import asyncio
import base64
import json
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

from temporalio.client import Client, WorkflowExecutionStatus, WorkflowHandle, WorkflowHistory
from temporalio.worker import (
    Interceptor,
    Worker,
    WorkflowInboundInterceptor,
    WorkflowInterceptorClassInput,
)

from activities.catalogue import Catalogue
from activities.sheets import sheet_of
from contracts.approvals import Answer, Verdict
from contracts.attempts import MOST_REPAIR_BYTES
from contracts.certificates import Certificate
from contracts.receipts import Status, Waiting
from contracts.repairs import Repair, Retry
from contracts.sheet import Route, Sheet
from contracts.terms import Terms
from operations.adversary import Adversary
from operations.answering import send_answer, send_repair
from operations.certificates import Reached, exceeded, reached
from operations.histories import fetch
from operations.sandbox import sandbox
from operations.starting import start
from operations.worst_story import WorstStory, plan_of
from workflows.kernel.approvals import VERIFY_PROOF, claims_of
from workflows.kernel.case import STATUS
from workflows.kernel.certificate import certificate
from workflows.kernel.plan import Plan
from workflows.kernel.trail import TrailInterceptor

__all__ = ["Attack", "Skip", "attack", "certified", "others_of", "sheet_now"]

Skip = Callable[[WorkflowHandle[Any, Any], timedelta], Awaitable[Any]]
"""Moves one run's clock on."""

# Only the policies are to bound it.
PATIENT = timedelta(days=400)
MOMENT = timedelta(minutes=1)
TASK_QUEUE = "tenuto-adversary"
ANY_USD = Decimal(1_000_000)


@dataclass(frozen=True)
class Attack:
    """What one adversarial run came to."""

    story: str
    plan: Plan
    """The workflow's, with as many steps as the story's input allows."""
    bound: Certificate
    """Of that plan."""
    reached: Reached
    exceeded: Sequence[str]
    """In which measures it came to more than the certificate of the sheet that it recorded."""
    history: WorkflowHistory


class EveryProof(Interceptor):
    """Takes every proof for a good one: here it is not the signature that is tried."""

    def workflow_interceptor_class(
        self, input: WorkflowInterceptorClassInput
    ) -> type[WorkflowInboundInterceptor] | None:
        input.unsafe_extern_functions[VERIFY_PROOF] = claims_of
        return None


def others_of(catalogue: Catalogue) -> list[tuple[Route, ...]]:
    """The routes that a repair may choose: those of every profile that can be used here."""
    return [catalogue.routes_of(name) for name in usable(catalogue)]


def usable(catalogue: Catalogue) -> list[str]:
    """The profiles of which some route can be used here."""
    lists = catalogue.lists.items()
    return [name for name, routes in lists if any(route in catalogue.routes for route in routes)]


def sheet_now(plan: Plan, catalogue: Catalogue, terms: Terms) -> Sheet:
    """Of a run that would be started now."""
    return sheet_of(plan.sheet_request(terms.profile), catalogue, {})


def certified(plan: Plan, catalogue: Catalogue, terms: Terms) -> Certificate:
    """Of a run that would be started now; a repair may choose any profile."""
    sheet = sheet_now(plan, catalogue, terms)
    return certificate(plan, sheet, terms, others_of(catalogue) if terms.park else ())


async def attack(
    client: Client, skip: Skip, workflow: Any, story: WorstStory, catalogue: Catalogue, terms: Terms
) -> Attack:
    """Run one story against the adversary, to its end, with all the money and time that it can take."""
    plan = plan_of(workflow.plan, story)
    bound = certified(plan, catalogue, terms)
    terms = terms.model_copy(update={"cap": bound.worst + plan.escrow.amount, "deadline": PATIENT})
    adversary = Adversary(plan, story, catalogue, {each.step: each.attempts for each in bound.steps})
    async with AsyncExitStack() as stack:
        for worker in workers(client, workflow, adversary, catalogue):
            await stack.enter_async_context(worker)
        begun = await start(client, workflow, story.argument, terms, task_queue=TASK_QUEUE, again=True)
        handle = client.get_workflow_handle(begun.workflow_id, run_id=begun.run_id)
        await see_through(client, skip, handle, story, dearest(catalogue, terms.profile))
        history = await fetch(client, begun.workflow_id, begun.run_id)
    found = exceeded(history, [SimpleNamespace(plan=plan)])
    return Attack(story.name, plan, bound, reached(history), found, history)


def workers(client: Client, workflow: Any, adversary: Adversary, catalogue: Catalogue) -> Sequence[Worker]:
    queues = [route.task_queue for route in catalogue.routes.values()]
    main = Worker(
        client,
        task_queue=TASK_QUEUE,
        workflows=[workflow],
        activities=adversary.activities(),
        interceptors=[TrailInterceptor(), EveryProof()],
        workflow_runner=sandbox(),
    )
    return [main, *(Worker(client, task_queue=each, activities=adversary.activities()) for each in queues)]


def dearest(catalogue: Catalogue, profile: str) -> str:
    """The profile along whose routes a repair costs most; the run's own when it is one of them."""

    def price(name: str) -> Decimal:
        routes = catalogue.routes_of(name)
        return sum(
            (route.price.of(MOST_REPAIR_BYTES, route.max_output_tokens) for route in routes), Decimal(0)
        )

    return max([profile, *usable(catalogue)], key=price)


async def see_through(
    client: Client, skip: Skip, handle: WorkflowHandle[Any, Any], story: WorstStory, profile: str
) -> None:
    """Answer what waits for a person: an approval at the last moment, or never; a repair at once."""
    running = WorkflowExecutionStatus.RUNNING
    while (await handle.describe()).status == running:
        told = await handle.query(STATUS)
        status = Status.model_validate(told) if told is not None else None
        waits = status.waiting if status is not None else ()
        wait = next((each for each in waits if each.parked or each.action), None)
        if wait is None or status is None:
            await asyncio.sleep(0.02)
        elif wait.parked is not None:
            await send_repair(client, handle.id, dearest_repair(wait, profile))
        else:
            left = wait.until - now_of(status)
            await skip(handle, left - MOMENT if story.approved else left)
            if story.approved:
                await send_answer(client, handle.id, approval_of(wait))


def dearest_repair(wait: Waiting, profile: str) -> Repair:
    """Again, of a model along other routes and with a longer reply."""
    action = Retry(at_most_usd=ANY_USD)
    if "route" in wait.details:
        action = Retry(profile=profile, max_output_tokens=1_000_000, at_most_usd=ANY_USD)
    return Repair(parked=wait.parked or "", by="nobody", action=action)


def now_of(status: Status) -> datetime:
    """When the run last looked at its clock."""
    return max((step.since for step in status.steps), default=status.started_at)


def approval_of(wait: Waiting) -> Answer:
    """With a proof that nobody signed: what a token would say."""
    action, verdict = wait.action or "", Verdict.APPROVE
    claims = {"sub": "somebody", "action": action, "verdict": verdict.value}
    body = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    return Answer(action=action, verdict=verdict, proof=f"unsigned.{body}.unsigned")
