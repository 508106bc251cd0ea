"""One way to start a run, for the command line, for scripts and for schedules."""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from temporalio.client import Client, WorkflowExecutionStatus
from temporalio.common import (
    SearchAttributeKey,
    SearchAttributePair,
    TypedSearchAttributes,
    WorkflowIDReusePolicy,
)
from temporalio.exceptions import WorkflowAlreadyStartedError

from contracts.certificates import MOST_EVENTS
from contracts.sheet import Sheet
from contracts.terms import Amount, Terms
from contracts.values import Value, plain
from workflows.kernel.certificate import certificate
from workflows.kernel.plan import Plan, least_cap
from workflows.kernel.run import STAGE

__all__ = [
    "STAGE",
    "TENANT",
    "InputRefused",
    "PlannedWorkflow",
    "Started",
    "TermsRefused",
    "amounts",
    "check_terms",
    "start",
    "workflow_id_of",
]

TENANT = SearchAttributeKey.for_keyword("TenutoTenant")

# The server ends a run that did not end itself. This skips the way out, so it comes well after the deadline.
SLACK = timedelta(minutes=10)


class PlannedWorkflow(Protocol):
    """A workflow class that declares its plan."""

    plan: Plan


class TermsRefused(ValueError):
    """A run on these terms would not be started. One line, with what would be enough."""


class InputRefused(ValueError):
    """The input is larger than its workflow takes. One line."""


@dataclass(frozen=True)
class Started:
    """A run that is under way or was, and whether this call began it."""

    workflow_id: str
    run_id: str
    joined: bool
    began_at: datetime | None = None
    """For a joined run: when it began."""
    terms: Terms | None = None
    """For a joined run: the terms under which it runs."""
    goes_on: bool = False
    """For a joined run: it has not ended, so that nothing can start anew."""


def workflow_id_of(plan: Plan, tenant: str, argument: Value) -> str:
    """The same input of the same tenant is the same run; another tenant's never is."""
    digest = hashlib.sha256(argument.identity().encode()).hexdigest()[:16]
    return f"{plan.name}/{tenant}/{digest}"


def check_terms(plan: Plan, terms: Terms, sheet: Sheet) -> None:
    """Raise TermsRefused where a run could not begin and still find its way out."""
    least = least_cap(plan, sheet)
    if not least.fits(terms.cap):
        raise TermsRefused(
            f"the cap is below escrow plus the first hold: it takes at least {amounts(least)}; "
            f"given are {amounts(terms.cap)}"
        )
    if terms.deadline <= sheet.escrow.time:
        raise TermsRefused(f"the deadline leaves no time: the way out alone keeps {sheet.escrow.time}")
    events = certificate(plan, sheet, terms).events
    if events > MOST_EVENTS:
        raise TermsRefused(f"its history could come to {events} events; at most {MOST_EVENTS} are allowed")


def amounts(amount: Amount) -> str:
    """In words, every measure."""
    return f"{plain(amount.usd)} USD, {amount.tokens} tokens, {amount.calls} calls and {amount.steps} steps"


async def start(
    client: Client,
    workflow: type[PlannedWorkflow],
    argument: Value,
    terms: Terms,
    *,
    task_queue: str,
    workflow_id: str | None = None,
    again: bool = False,
) -> Started:
    """Start a run, or join the one that has the same input.

    A failed run may be started again; a finished one only with `again`. Every run of a workflow id uses the
    same idempotency keys, so no effect happens twice. Raises InputRefused before anything is
    stored or started.
    """
    plan = workflow.plan
    size = len(argument.model_dump_json().encode())
    if size > plan.max_input_bytes:
        raise InputRefused(
            f"the input of {plan.name} has {size:,} bytes, of at most {plan.max_input_bytes:,}; "
            "nothing was started"
        )
    name = workflow_id or workflow_id_of(plan, terms.tenant, argument)
    stage = next(iter(plan.stages)).value
    reuse = WorkflowIDReusePolicy
    try:
        handle = await client.start_workflow(
            plan.name,
            args=[argument, terms],
            id=name,
            task_queue=task_queue,
            id_reuse_policy=reuse.ALLOW_DUPLICATE if again else reuse.ALLOW_DUPLICATE_FAILED_ONLY,
            execution_timeout=terms.deadline + SLACK,
            task_timeout=plan.task_timeout,
            static_summary=f"for {terms.tenant}: {amounts(terms.cap)} at most",
            static_details=f"- requested by {terms.requested_by}\n- model profile {terms.profile}",
            search_attributes=TypedSearchAttributes(
                [SearchAttributePair(TENANT, terms.tenant), SearchAttributePair(STAGE, stage)]
            ),
        )
    except WorkflowAlreadyStartedError as started:
        return await joined(client, name, started.run_id)
    return Started(name, handle.first_execution_run_id or "", joined=False)


async def joined(client: Client, workflow_id: str, run_id: str | None) -> Started:
    """What is known of a run that was there before."""
    handle = client.get_workflow_handle(workflow_id, run_id=run_id)
    described = await handle.describe()
    async for event in handle.fetch_history_events(page_size=1):
        payloads = event.workflow_execution_started_event_attributes.input.payloads
        (terms,) = await client.data_converter.decode([payloads[1]], [Terms])
        goes_on = described.status is WorkflowExecutionStatus.RUNNING
        return Started(workflow_id, described.run_id, True, described.start_time, terms, goes_on)
    raise AssertionError("a history begins with its start")
