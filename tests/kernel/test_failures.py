"""What the end of an activity proves, and the digest of what it left in the history."""

import pytest
from temporalio.exceptions import (
    ActivityError,
    ApplicationError,
    CancelledError,
    RetryState,
    TimeoutError,
    TimeoutType,
)

from contracts.attempts import Cost, Failure, Fault, Usage
from workflows.kernel.attempts import evidence_digest, failure_of, read_failure

FAILURE = Failure(
    fault=Fault.INVALID_REPLY,
    cost=Cost.ACTUAL,
    reason="not the type that was asked for",
    usage=Usage(input_tokens=120, output_tokens=30),
)
# Details come out of a history as plain JSON.
DETAILS = FAILURE.model_dump(mode="json")


def ended(cause: BaseException | None, started_event_id: int = 6) -> ActivityError:
    """As the SDK raises it in a workflow."""
    error = ActivityError(
        "Activity task failed",
        scheduled_event_id=5,
        started_event_id=started_event_id,
        identity="",
        activity_type="read_ticket",
        activity_id="1.1",
        retry_state=RetryState.MAXIMUM_ATTEMPTS_REACHED,
    )
    error.__cause__ = cause
    return error


def timed_out(kind: TimeoutType | None, *heartbeat: object) -> TimeoutError:
    return TimeoutError("activity timeout", type=kind, last_heartbeat_details=heartbeat)


def test_a_failure_that_carries_our_details_says_what_they_say() -> None:
    """Fault, cost and usage, to the last field."""
    assert failure_of(ended(ApplicationError("why", DETAILS, type="invalid_reply"))) == FAILURE


@pytest.mark.parametrize(
    "cause",
    [
        CancelledError(),
        timed_out(TimeoutType.SCHEDULE_TO_START),
        ApplicationError("why", DETAILS),
        None,
    ],
    ids=["cancelled", "timeout", "failure", "nothing"],
)
def test_only_an_activity_that_never_began_is_free_without_details(cause: BaseException | None) -> None:
    """`started_event_id` 0 is the proof, whatever the error says besides."""
    failure = failure_of(ended(cause, started_event_id=0))
    assert (failure.fault, failure.cost, failure.usage) == (Fault.NOT_STARTED, Cost.NONE, None)


def test_an_attempt_that_was_told_to_stop_before_it_began_was_not_left_waiting() -> None:
    """Nobody has to look for a worker."""
    assert failure_of(ended(CancelledError(), started_event_id=0)).reason == "stopped before it began"
    waited = failure_of(ended(timed_out(TimeoutType.SCHEDULE_TO_START), started_event_id=0))
    assert waited.reason == "no worker took it in time"


@pytest.mark.parametrize(
    ("cause", "fault", "reason"),
    [
        (CancelledError(), Fault.CANCELLED, "cancelled while it was under way"),
        (CancelledError("Cancelled", DETAILS), Fault.CANCELLED, "cancelled while it was under way"),
        (timed_out(TimeoutType.START_TO_CLOSE), Fault.WORKER_LOST, "start to close timeout"),
        (timed_out(TimeoutType.HEARTBEAT), Fault.WORKER_LOST, "heartbeat timeout"),
        (timed_out(TimeoutType.HEARTBEAT, DETAILS), Fault.WORKER_LOST, "heartbeat timeout"),
        (timed_out(None), Fault.WORKER_LOST, "unknown timeout"),
        (
            ApplicationError("Worker is shutting down", type="WorkerShutdown"),
            Fault.WORKER_LOST,
            "ended without proof: WorkerShutdown",
        ),
        (ApplicationError("x", type="KeyError"), Fault.WORKER_LOST, "ended without proof: KeyError"),
        (ApplicationError("x"), Fault.WORKER_LOST, "ended without proof: None"),
        (None, Fault.WORKER_LOST, "ended without proof: NoneType"),
    ],
    ids=str,
)
def test_an_end_without_our_details_proves_nothing(
    cause: BaseException | None, fault: Fault, reason: str
) -> None:
    """Its cost is unknown: heartbeats and cancellations prove as little as a lost worker."""
    failure = failure_of(ended(cause))
    assert (failure.fault, failure.cost, failure.reason) == (fault, Cost.UNKNOWN, reason)


@pytest.mark.parametrize(
    "details",
    [
        "a text",
        None,
        {},
        {"fault": "rate_limited"},
        {**DETAILS, "cost": "free"},
        {**DETAILS, "usage": None},
        {**DETAILS, "more": 1},
    ],
    ids=["text", "nothing", "empty", "half", "unknown cost", "actual cost without usage", "more than ours"],
)
def test_details_that_are_not_ours_prove_nothing(details: object) -> None:
    """Somebody else's, or half of ours: unknown, and never an error that stops the run for ever."""
    failure = failure_of(ended(ApplicationError("why", details, type="Foreign")))
    assert (failure.fault, failure.cost) == (Fault.WORKER_LOST, Cost.UNKNOWN)
    assert failure.reason == "ended without proof: Foreign"
    assert read_failure(ended(ApplicationError("why", details, type="Foreign"))).cost is Cost.NONE


def test_a_long_reason_is_cut_and_not_refused() -> None:
    """Type names come from anywhere."""
    assert len(failure_of(ended(ApplicationError("x", type="E" * 5_000))).reason) == 1_000
    assert len(read_failure(ended(ApplicationError("x" * 5_000))).reason) == 1_000


@pytest.mark.parametrize(
    "cause",
    [
        CancelledError(),
        timed_out(TimeoutType.START_TO_CLOSE),
        ApplicationError("x", type="WorkerShutdown"),
        None,
    ],
    ids=["cancelled", "timeout", "shutdown", "nothing"],
)
def test_a_read_costs_nothing_however_it_ended(cause: BaseException | None) -> None:
    """It is free and repeatable, so nothing has to be proven."""
    failure = read_failure(ended(cause))
    assert (failure.fault, failure.cost) == (Fault.SERVER_ERROR, Cost.NONE)


def test_a_read_that_carries_our_details_says_what_they_say() -> None:
    """`not_found` is an answer."""
    answer = Failure(fault=Fault.NOT_FOUND, cost=Cost.NONE, reason="no such order")
    details = answer.model_dump(mode="json")
    assert read_failure(ended(ApplicationError("why", details, type="not_found"))) == answer


# Every one of these reads as another end.
ENDS: list[BaseException | None] = [
    ApplicationError("why", DETAILS, type="invalid_reply"),
    ApplicationError("why!", DETAILS, type="invalid_reply"),
    ApplicationError("why", DETAILS, type="rejected"),
    ApplicationError("why", {**DETAILS, "reason": "another"}, type="invalid_reply"),
    ApplicationError("why", DETAILS, DETAILS, type="invalid_reply"),
    ApplicationError("why", type="invalid_reply"),
    ApplicationError("why"),
    timed_out(TimeoutType.START_TO_CLOSE),
    timed_out(TimeoutType.HEARTBEAT),
    timed_out(None),
    CancelledError(),
    None,
]


def test_every_end_has_a_digest_of_its_own() -> None:
    """Type, message, each detail, the kind of timeout: an edit of any of them shows."""
    assert len({evidence_digest(end) for end in ENDS}) == len(ENDS)


def test_the_digest_of_an_end_does_not_depend_on_the_order_of_its_keys() -> None:
    """A history that was exported and read again has the same evidence."""
    turned = dict(reversed(DETAILS.items()))
    assert evidence_digest(ApplicationError("why", turned)) == evidence_digest(
        ApplicationError("why", DETAILS)
    )
