"""Attempts that wait for somebody to take them: the server knows, the workflow's code does not."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from temporalio.api.enums.v1 import PendingActivityState

from contracts.receipts import Status

__all__ = ["QUEUED", "queued_in", "tries_in", "with_queue"]

QUEUED = "queued"


def queued_in(described: Any) -> dict[int, datetime]:
    """By the number of the step, since when its attempt waits; from the server's description of a run."""
    return {
        step_of(each.activity_id): each.scheduled_time.ToDatetime(UTC)
        for each in described.raw_description.pending_activities
        if each.state == PendingActivityState.PENDING_ACTIVITY_STATE_SCHEDULED
    }


def tries_in(described: Any) -> int:
    """Which attempt of its step is the latest that waits or runs; 0 when none does."""
    return max((try_of(each.activity_id) for each in described.raw_description.pending_activities), default=0)


def try_of(attempt_id: str) -> int:
    """`2.3-fb54a30daf6647c3` is the third of its step; 0 for what is no attempt."""
    number = attempt_id.partition("-")[0].partition(".")[2]
    return int(number) if number.isdecimal() else 0


def step_of(attempt_id: str) -> int:
    """`2.1-fb54a30daf6647c3` is the first attempt of step 2; 0 for what is no attempt."""
    number = attempt_id.partition(".")[0]
    return int(number) if number.isdecimal() else 0


def with_queue(status: Status, queued: Mapping[int, datetime]) -> Status:
    """The status with its queued steps called so, each since it waits."""
    steps = [
        step.model_copy(update={"state": QUEUED, "since": queued[step.number]})
        if step.state == "running" and step.number in queued
        else step
        for step in status.steps
    ]
    return status.model_copy(update={"steps": steps})
