"""What a namespace needs beside its workers: the schedule that closes what runs have left open."""

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

__all__ = ["SCHEDULE", "ensure_schedule"]

SCHEDULE = "tenuto-close-leases"
EVERY = timedelta(minutes=10)
# A run that has just begun or just ended is not asked about.
PATIENCE = timedelta(minutes=5)
# Longer than a round may take; the next begins where it left off.
LONGEST = timedelta(minutes=30)


async def ensure_schedule(client: Client, task_queue: str) -> None:
    """Make it if it is not there. One that was paused or changed by hand stays as it is."""
    schedule = Schedule(
        action=ScheduleActionStartWorkflow(
            CloseLeases.run,
            PATIENCE,
            id="close-leases",
            task_queue=task_queue,
            execution_timeout=LONGEST,
            static_summary="close the leases of runs that have ended",
        ),
        spec=ScheduleSpec(intervals=[ScheduleIntervalSpec(every=EVERY)]),
        policy=SchedulePolicy(overlap=ScheduleOverlapPolicy.SKIP, catchup_window=EVERY),
    )
    try:
        await client.create_schedule(SCHEDULE, schedule)
    except ScheduleAlreadyRunningError:
        return
