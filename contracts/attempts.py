"""What goes out with an attempt and what comes back: the truth that ledger and history share.

A failed attempt is a failed activity: `ApplicationError(type=<fault>, details=[Failure])`, never retried by
the server. Without a `Failure` in its details an error says nothing about cost, and its cost is unknown.
"""

from decimal import Decimal
from enum import StrEnum
from typing import Any, Generic, Self, TypeVar

from pydantic import BaseModel, Field, SerializerFunctionWrapHandler, model_serializer, model_validator

from contracts.values import Value, without_unset

__all__ = [
    "MOST_ERROR",
    "MOST_REPAIR_BYTES",
    "MOST_REPLY",
    "Cost",
    "EffectCall",
    "Failure",
    "Fault",
    "ModelCall",
    "ModelReply",
    "Provenance",
    "Repair",
    "Usage",
]

Reply = TypeVar("Reply", bound=BaseModel)

MOST_REPLY, MOST_ERROR = 8_000, 2_000
MOST_REPAIR_BYTES = 6 * (MOST_REPLY + MOST_ERROR) + len('{"reply":"","error":""}')
"""As JSON, where a character is never longer than its escape of six bytes."""


class Fault(StrEnum):
    """Why an attempt failed. The value is the failure's type in the history."""

    # The provider or service answered.
    RATE_LIMITED = "rate_limited"
    OVERLOADED = "overloaded"
    QUOTA_EXHAUSTED = "quota_exhausted"
    SERVER_ERROR = "server_error"
    UNAUTHORISED = "unauthorised"
    REJECTED = "rejected"
    MODEL_NOT_FOUND = "model_not_found"
    CONTEXT_TOO_LONG = "context_too_long"
    REDIRECTED = "redirected"
    # No whole answer arrived.
    CONNECTION_REFUSED = "connection_refused"
    CONNECTION_LOST = "connection_lost"
    TIMED_OUT = "timed_out"
    STREAM_BROKEN = "stream_broken"
    # An answer arrived that is none.
    BROKEN_BODY = "broken_body"
    TOO_LARGE = "too_large"
    NO_CHOICE = "no_choice"
    # The model answered, but not what was asked.
    CUT_SHORT = "cut_short"
    FILTERED = "filtered"
    INVALID_REPLY = "invalid_reply"
    # An effect or a query answered for good.
    DECLINED = "declined"
    NOT_FOUND = "not_found"
    # Nothing was sent.
    OVER_HOLD = "over_hold"
    CIRCUIT_OPEN = "circuit_open"
    # Seen by the workflow alone.
    NOT_STARTED = "not_started"
    WORKER_LOST = "worker_lost"
    CANCELLED = "cancelled"


class Cost(StrEnum):
    """What is known of a failed attempt's cost; for an effect, of whether it happened."""

    NONE = "none"
    """Proven: nothing was charged; the effect did not happen."""
    ACTUAL = "actual"
    """Proven by the usage that came back."""
    UNKNOWN = "unknown"
    """Nobody can say. The whole hold stays booked."""


class Usage(Value):
    """Tokens as the provider billed them; validated before it is built."""

    input_tokens: int = Field(ge=0, le=10**9)
    output_tokens: int = Field(ge=0, le=10**9)


class Provenance(Value):
    """What was really sent, as digests (16 hex digits of SHA-256), and who says to have answered."""

    prompt: str
    reply_schema: str
    settings: str
    answered_by: str = ""
    """The model name in the provider's reply; empty when there was none."""


class Repair(Value):
    """An earlier reply that was not valid, shown to the model again with what is wrong with it."""

    reply: str = Field(max_length=MOST_REPLY)
    error: str = Field(max_length=MOST_ERROR)


class ModelCall(Value):
    """One attempt of a model task."""

    attempt_id: str
    """Sent to the provider as X-Client-Request-Id; names the ledger's entry."""
    route: str
    model: str
    max_output_tokens: int
    max_input_bytes: int
    """What the hold covers: a larger prompt is `over_hold`. A token is never shorter than a byte."""
    temperature: Decimal
    top_p: Decimal | None = None
    seed: int | None = None
    timeout_s: float
    """Total, from connecting to the last byte of the reply."""
    repair: Repair | None = None
    insist: bool | None = None
    """A person says that the provider is well again: ask it even while it is left alone."""

    @model_serializer(mode="wrap")
    def _brief(self, serialize: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return without_unset(serialize(self), "top_p", "seed", "insist")


class ModelReply(Value, Generic[Reply]):
    """A valid reply and what it cost."""

    reply: Reply
    usage: Usage | None
    """None when the provider's usage was missing or not believable: the cost is unknown."""
    provenance: Provenance


class EffectCall(Value):
    """One attempt of an effect."""

    attempt_id: str
    key: str
    """Idempotency key, the same in every attempt of this effect."""
    timeout_s: float


class Failure(Value):
    """What a failed attempt proves."""

    fault: Fault
    cost: Cost
    reason: str = Field(max_length=1_000)
    """One line for a person; never parsed."""
    usage: Usage | None = None
    """Present exactly when the cost is ACTUAL."""
    retry_after_s: float | None = Field(default=None, ge=0, le=10**7)
    repair: Repair | None = None
    """Present exactly when the fault is INVALID_REPLY."""
    provenance: Provenance | None = None

    @model_validator(mode="after")
    def _actual_means_usage(self) -> Self:
        # Without it an ACTUAL cost would be booked as nothing.
        if (self.cost is Cost.ACTUAL) != (self.usage is not None):
            raise ValueError("usage is present exactly when the cost is actual")
        return self
