"""Remove large values that were kept outside of histories, when no history refers to them any more."""

from datetime import timedelta

from temporalio import workflow
from temporalio.common import RetryPolicy

from contracts.payloads import PayloadsRemoved, RemovePayloads, remove_payloads

__all__ = ["RemoveUnneeded"]


@workflow.defn(name="remove-payloads")
class RemoveUnneeded:
    """One round over every value that nobody touched for longer than `grace`."""

    @workflow.run
    async def run(self, grace: timedelta) -> PayloadsRemoved:
        policy = remove_payloads.policy
        removed: PayloadsRemoved = await workflow.execute_activity(
            remove_payloads.name,
            RemovePayloads(grace=grace),
            result_type=PayloadsRemoved,
            start_to_close_timeout=policy.attempt_timeout,
            heartbeat_timeout=policy.heartbeat,
            retry_policy=RetryPolicy(maximum_attempts=policy.attempts, initial_interval=policy.first_wait),
            summary="their runs are gone",
        )
        return removed
