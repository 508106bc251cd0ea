"""Close the leases of runs that could not: terminated, timed out, or ended while the ledger was away."""

from datetime import timedelta

from temporalio import workflow
from temporalio.common import RetryPolicy

from contracts.leases import CloseLeft, LeftClosed, close_left_leases

__all__ = ["CloseLeases"]


@workflow.defn(name="close-leases")
class CloseLeases:
    """One round over every lease that is open for longer than `patience`."""

    @workflow.run
    async def run(self, patience: timedelta) -> LeftClosed:
        policy = close_left_leases.policy
        closed: LeftClosed = await workflow.execute_activity(
            close_left_leases.name,
            CloseLeft(patience=patience),
            result_type=LeftClosed,
            start_to_close_timeout=policy.attempt_timeout,
            heartbeat_timeout=policy.heartbeat,
            # What a round closed stays closed; the next round does the rest.
            retry_policy=RetryPolicy(maximum_attempts=policy.attempts, initial_interval=policy.first_wait),
            summary="their runs have ended",
        )
        return closed
