"""What a namespace needs beside its workers: schedules that close what runs have left open, and remove what
no run needs any more.
"""

from datetime import timedelta

from temporalio.client import (
    Client,
    Schedule,
    ScheduleActionStartWorkflow,
    ScheduleAlreadyRunningError,
    ScheduleIntervalSpec,
    ScheduleOverlapPolicy,
    SchedulePolicy,
    ScheduleSpec,
)

from workflows.upkeep.close_leases import CloseLeases
from workflows.upkeep.remove_payloads import RemoveUnneeded

__all__ = ["PAYLOADS_SCHEDULE", "SCHEDULE", "ensure_payloads_schedule", "ensure_schedule"]

SCHEDULE = "tenuto-close-leases"
EVERY = timedelta(minutes=10)
# A run that has just begun or just ended is not asked about.
PATIENCE = timedelta(minutes=5)
# Longer than a round may take; the next begins where it left off.
LONGEST = timedelta(minutes=30)

PAYLOADS_SCHEDULE = "tenuto-remove-payloads"
DAILY = timedelta(days=1)
# A start stores its input before the server knows the run; clocks differ; a reset run may wait for a worker.
GRACE = timedelta(days=1)
LONGEST_REMOVAL = timedelta(hours=2)


async def ensure_schedule(client: Client, task_queue: str) -> None:
    """Make the one for leases if it is not there. One that was paused or changed by hand stays as it is."""
    action = ScheduleActionStartWorkflow(
        CloseLeases.run,
        PATIENCE,
        id="close-leases",
        task_queue=task_queue,
        execution_timeout=LONGEST,
        static_summary="close the leases of runs that have ended",
    )
    await ensure(client, SCHEDULE, action, EVERY)


async def ensure_payloads_schedule(client: Client, task_queue: str) -> None:
    """The same for large values in a folder."""
    action = ScheduleActionStartWorkflow(
        RemoveUnneeded.run,
        GRACE,
        id="remove-payloads",
        task_queue=task_queue,
        execution_timeout=LONGEST_REMOVAL,
        static_summary="remove large values whose runs are gone",
    )
    await ensure(client, PAYLOADS_SCHEDULE, action, DAILY)


async def ensure(client: Client, name: str, action: ScheduleActionStartWorkflow, every: timedelta) -> None:
    schedule = Schedule(
        action=action,
        spec=ScheduleSpec(intervals=[ScheduleIntervalSpec(every=every)]),
        policy=SchedulePolicy(overlap=ScheduleOverlapPolicy.SKIP, catchup_window=every),
    )
    try:
        await client.create_schedule(name, schedule)
    except ScheduleAlreadyRunningError:
        return
