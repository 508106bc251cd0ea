"""What an attempt proved, and what is next: a table that can be read in one place."""

from enum import StrEnum

from pydantic import ValidationError
from temporalio.exceptions import (
    ActivityError,
    ApplicationError,
    CancelledError,
    FailureError,
    TimeoutError,
)

from contracts.attempts import Cost, Failure, Fault
from contracts.steps import Offers
from contracts.values import Value
from workflows.kernel.decisions import Row, Table, facts_of
from workflows.kernel.trail import canonical, digest

__all__ = [
    "MAX_REPAIRS",
    "NEXT_ATTEMPT",
    "OTHERWISE",
    "Next",
    "NextFacts",
    "Otherwise",
    "OtherwiseFacts",
    "cause_of",
    "evidence_digest",
    "failure_of",
    "never_sent",
    "read_failure",
]

MAX_REPAIRS = 2


class Next(StrEnum):
    """What follows a failed attempt on its route."""

    AGAIN = "again"
    LATER = "later"
    REPAIR = "repair"
    LARGER = "larger_limit"
    GIVE_UP = "give_up"
    NO_MONEY = "no_money"
    NO_TIME = "no_time"


class NextFacts(Value):
    """What the choice depends on."""

    fault: Fault
    offers: Offers | None
    """None for a model task."""
    may_have_happened: bool
    """Nobody can say of this attempt, or of one before it, whether the other side carried it out."""
    leaving: bool
    """The run has to end: it was cancelled, or only the time for its way out is left. Or another part
    stopped this one."""
    attempts_left: int
    """On this route."""
    seen: int
    """How often this step has met this fault on this route, now included."""
    larger_possible: bool
    """The route allows a longer reply, and what is free covers it."""
    affordable: bool
    """What is free covers the worst case of another attempt of this size."""
    in_time: bool
    """The wait before another attempt ends before the run has to."""
    elsewhere: bool
    """A fallback is left, and what is free covers an attempt on it."""


facts = facts_of(NextFacts)

NEXT_ATTEMPT = Table(
    name="next_attempt",
    version=3,
    facts=NextFacts,
    rows=(
        Row(
            "it may have happened, and must not happen twice",
            Next.GIVE_UP,
            facts.offers.is_(Offers.NEITHER),
            facts.may_have_happened,
        ),
        Row("no attempt is left", Next.GIVE_UP, facts.attempts_left.is_(0)),
        Row(
            "the same attempt would end the same way",
            Next.GIVE_UP,
            facts.fault.one_of(
                Fault.QUOTA_EXHAUSTED,
                Fault.UNAUTHORISED,
                Fault.REJECTED,
                Fault.MODEL_NOT_FOUND,
                Fault.CONTEXT_TOO_LONG,
                Fault.REDIRECTED,
                Fault.FILTERED,
                Fault.TOO_LARGE,
                Fault.OVER_HOLD,
                Fault.DECLINED,
                Fault.NOT_FOUND,
                Fault.NOT_STARTED,
            ),
        ),
        Row(
            "this ends here, but first it must be known whether it happened",
            Next.AGAIN,
            facts.leaving,
            facts.offers.is_(Offers.KEYED),
            facts.may_have_happened,
        ),
        Row("this ends here, so nothing more is begun", Next.GIVE_UP, facts.leaving),
        Row(
            "its provider is left alone for a while, and another is there",
            Next.GIVE_UP,
            facts.fault.is_(Fault.CIRCUIT_OPEN),
            facts.elsewhere,
        ),
        Row(
            "the reply needs more room",
            Next.LARGER,
            facts.fault.is_(Fault.CUT_SHORT),
            facts.seen.is_(1),
            facts.larger_possible,
        ),
        Row("the reply does not fit", Next.GIVE_UP, facts.fault.is_(Fault.CUT_SHORT)),
        Row(
            "two repairs did not help",
            Next.GIVE_UP,
            facts.fault.is_(Fault.INVALID_REPLY),
            facts.seen > MAX_REPAIRS,
        ),
        Row("what is free does not cover another attempt", Next.NO_MONEY, facts.affordable.is_(False)),
        Row(
            "the model is shown what is wrong with its reply",
            Next.REPAIR,
            facts.fault.is_(Fault.INVALID_REPLY),
        ),
        Row(
            "a broken answer may be a slip",
            Next.AGAIN,
            facts.fault.one_of(Fault.BROKEN_BODY, Fault.NO_CHOICE),
            facts.seen.is_(1),
        ),
        Row(
            "the answer is broken again", Next.GIVE_UP, facts.fault.one_of(Fault.BROKEN_BODY, Fault.NO_CHOICE)
        ),
        Row(
            "another worker can take it",
            Next.AGAIN,
            facts.fault.one_of(Fault.WORKER_LOST, Fault.CANCELLED),
        ),
        Row(
            "nobody was listening; perhaps a restart",
            Next.AGAIN,
            facts.fault.is_(Fault.CONNECTION_REFUSED),
            facts.seen.is_(1),
        ),
        Row("it may pass, but not before the run has to end", Next.NO_TIME, facts.in_time.is_(False)),
        Row("it may pass", Next.LATER),
    ),
)


class Otherwise(StrEnum):
    """What follows when a step has come to the end of a route."""

    NEXT_ROUTE = "next_route"
    PARK = "park"
    FAIL = "fail"


class OtherwiseFacts(Value):
    """What the choice depends on."""

    given_up: Next
    leaving: bool
    routes_left: int
    """Fallbacks of the profile that this step has not tried."""
    next_affordable: bool
    """What is free covers the worst case of an attempt on the next of them."""
    parks: bool
    """The workflow and the run's terms let a person repair this step, and it was not repaired too often."""


after = facts_of(OtherwiseFacts)

OTHERWISE = Table(
    name="otherwise",
    version=1,
    facts=OtherwiseFacts,
    rows=(
        Row("this ends here", Otherwise.FAIL, after.leaving),
        Row(
            "the next route may do better",
            Otherwise.NEXT_ROUTE,
            after.routes_left >= 1,
            after.next_affordable,
        ),
        Row(
            "the run has not enough left", Otherwise.FAIL, after.given_up.one_of(Next.NO_MONEY, Next.NO_TIME)
        ),
        Row("a person may repair it", Otherwise.PARK, after.parks),
        Row("nothing else is left", Otherwise.FAIL),
    ),
)


def failure_of(error: ActivityError) -> Failure:
    """What the end of an activity proves. Heartbeats prove nothing, so a lost worker's cost is unknown."""
    cause = error.cause
    if error.started_event_id == 0:
        stopped = isinstance(cause, CancelledError)
        reason = "stopped before it began" if stopped else "no worker took it in time"
        return Failure(fault=Fault.NOT_STARTED, cost=Cost.NONE, reason=reason)
    if (told := told_by(cause)) is not None:
        return told
    if isinstance(cause, CancelledError):
        return Failure(fault=Fault.CANCELLED, cost=Cost.UNKNOWN, reason="cancelled while it was under way")
    if isinstance(cause, TimeoutError):
        name = cause.type.name.lower().replace("_", " ") if cause.type is not None else "unknown"
        return Failure(fault=Fault.WORKER_LOST, cost=Cost.UNKNOWN, reason=f"{name} timeout")
    kind = cause.type if isinstance(cause, ApplicationError) else type(cause).__name__
    return Failure(fault=Fault.WORKER_LOST, cost=Cost.UNKNOWN, reason=f"ended without proof: {kind}"[:1_000])


def never_sent(error: FailureError) -> bool:
    """Whether a remote activity was stopped in the task that scheduled it: no event tells of it."""
    return isinstance(error, ActivityError) and error.scheduled_event_id == 0


def cause_of(error: FailureError) -> BaseException | None:
    """What went wrong in the activity. The error of a local one comes as it is, its timeout wrapped."""
    return error.cause if isinstance(error, ActivityError) else error


def read_failure(error: FailureError) -> Failure:
    """A read costs nothing, whatever happened to it."""
    cause = cause_of(error)
    return told_by(cause) or Failure(fault=Fault.SERVER_ERROR, cost=Cost.NONE, reason=str(cause)[:1_000])


def told_by(cause: BaseException | None) -> Failure | None:
    """The activity's own account; None when it left none, or details that are not ours."""
    if not isinstance(cause, ApplicationError) or not cause.details:
        return None
    try:
        return Failure.model_validate(cause.details[0])
    except ValidationError:
        return None


def evidence_digest(cause: BaseException | None) -> str:
    """Of everything that a failed activity left in the history."""
    if isinstance(cause, ApplicationError):
        return digest(canonical(["failed", cause.type, cause.message, list(cause.details)]))
    if isinstance(cause, TimeoutError):
        return digest(canonical(["timed out", cause.type.name if cause.type is not None else ""]))
    return digest(canonical([type(cause).__name__]))
