"""What a run's history proves of its attempts, for the lease that the run did not close itself."""

import logging
from decimal import Decimal

from temporalio.api.enums.v1 import EventType
from temporalio.client import Client, WorkflowExecutionStatus, WorkflowHistory
from temporalio.service import RPCError, RPCStatusCode

from activities.lease_upkeep import RunAccount, RunState
from activities.tenant_ledger import OpenLease
from contracts.attempts import Fault
from contracts.leases import Settlement
from contracts.receipts import AttemptEnd
from operations.attempt_accounts import OUTCOMES
from operations.histories import HistoryError, ValueMissing, attributes_of, fetch
from operations.story import story
from operations.story_items import AttemptMade, Booked

__all__ = ["account_of", "settlements_in"]

GONE = RunAccount(RunState.GONE)


async def account_of(client: Client, lease: OpenLease) -> RunAccount:
    """Ask the server about the run that holds the lease."""
    handle = client.get_workflow_handle(lease.workflow_id, run_id=lease.lease)
    try:
        if (await handle.describe()).status is WorkflowExecutionStatus.RUNNING:
            return RunAccount(RunState.OPEN)
    except RPCError as error:
        if error.status in (RPCStatusCode.NOT_FOUND, RPCStatusCode.INVALID_ARGUMENT):
            return GONE
        raise
    try:
        return RunAccount(RunState.ENDED, settlements_in(await fetch(client, lease.workflow_id, lease.lease)))
    except ValueMissing as error:
        # What is only out of reach now must not be booked as unknown for good.
        logging.getLogger("leases").warning("the lease %s stays open: %s", lease.lease, error)
        return RunAccount(RunState.OPEN)
    except HistoryError:
        return GONE


def settlements_in(history: WorkflowHistory) -> list[Settlement]:
    """Of each attempt of a model; raises HistoryError where the history does not say what they cost.

    A run that was reset repeats the history of the run before; what had ended there is on that run's lease.
    """
    told, before = story(history), ended_before_reset(history)
    made = [each for each in told.attempts if each.route is not None and each.attempt_id not in before]
    if made and not told.routes:
        raise HistoryError(f"{history.workflow_id}: its sheet cannot be read, so nothing has a price")
    return [settlement_of(each) for each in made]


def settlement_of(made: AttemptMade) -> Settlement:
    end = end_of(made)
    lost = end is AttemptEnd.UNKNOWN
    return Settlement(
        attempt_id=made.attempt_id,
        step=made.step,
        step_number=int(made.attempt_id.partition(".")[0]),
        route=made.route or "",
        model=made.model or "",
        end=end,
        usd=made.hold.usd if lost else made.usd or Decimal(0),
        tokens=made.hold.tokens if lost else made.tokens or 0,
        calls=0 if end is AttemptEnd.RELEASED else 1,
        fault=None if made.fault is None else Fault(made.fault),
        price=made.price,
    )


def end_of(made: AttemptMade) -> AttemptEnd:
    """As the run's ledger has it, or would have it; what was still under way is unknown for good."""
    if made.end is not None and made.end is not AttemptEnd.HELD:
        return made.end
    match made.cost:
        case Booked.UNKNOWN | Booked.HELD:
            return AttemptEnd.UNKNOWN
        case Booked.NONE if made.fault == Fault.NOT_STARTED:
            return AttemptEnd.RELEASED
        case _:
            return AttemptEnd.SETTLED


def ended_before_reset(history: WorkflowHistory) -> set[str]:
    """The ids of attempts that had ended where the run was reset; none for one that was not."""
    names: dict[int, str] = {}
    ended: set[str] = set()
    before: set[str] = set()
    for event in history.events:
        attributes = attributes_of(event)
        if event.event_type == EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED:
            names[event.event_id] = attributes.activity_id
        elif event.event_type in OUTCOMES:
            ended.add(names[attributes.scheduled_event_id])
        elif event.event_type == EventType.EVENT_TYPE_WORKFLOW_TASK_FAILED and attributes.new_run_id:
            before = set(ended)
    return before
