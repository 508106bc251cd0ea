"""How a bounded call is declared: three kinds of step, each a typed value.

A declared step is the one place where its name is written. Workflows call it, activities implement it,
and mypy checks both against the same types.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from functools import cached_property
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, Field, model_serializer, model_validator

from contracts.attempts import ModelReply
from contracts.values import Value

__all__ = ["Effect", "EffectLookup", "ModelTask", "Offers", "Read", "Step", "StepPolicy"]

Request = TypeVar("Request", bound=BaseModel)
Reply = TypeVar("Reply", bound=BaseModel)


class StepPolicy(Value):
    """What bounds a step. Times are upper bounds: what is left before the deadline may be less.

    As JSON it is the list of its numbers in this order, times in seconds: every run records one for each of
    its steps.
    """

    attempt_timeout: timedelta
    attempts: int = Field(ge=1, le=20)
    heartbeat: timedelta | None = None
    """How long a worker may be silent before its attempt counts as lost."""
    first_wait: timedelta = timedelta(seconds=1)
    longest_wait: timedelta = timedelta(seconds=60)

    @model_serializer
    def _brief(self) -> list[float | int | None]:
        numbers = (value for _, value in self)
        return [brief_seconds(each) if isinstance(each, timedelta) else each for each in numbers]

    @model_validator(mode="before")
    @classmethod
    def _from_brief(cls, numbers: Any) -> Any:
        if not isinstance(numbers, list):
            return numbers
        if len(numbers) != len(cls.model_fields):
            raise ValueError(f"a policy has {len(cls.model_fields)} numbers")
        return dict(zip(cls.model_fields, numbers, strict=True))


def brief_seconds(time: timedelta) -> float | int:
    """Whole where it can be."""
    seconds = time.total_seconds()
    return int(seconds) if seconds.is_integer() else seconds


class Offers(StrEnum):
    """What the other side of an effect offers to make it happen once."""

    KEYED = "keyed"
    """It deduplicates by an idempotency key, so an unknown attempt is repeated with the same key."""
    LOOKUP = "lookup"
    """It can be asked whether the effect happened."""
    NEITHER = "neither"
    """An attempt with an unknown outcome is never repeated."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Step(Generic[Request, Reply]):
    """A bounded call of an activity of the same name."""

    name: str
    request: type[Request]
    reply: type[Reply]
    policy: StepPolicy
    max_request_bytes: int = 64_000
    """Of the request as JSON. A larger one is refused before anything is scheduled."""


@dataclass(frozen=True, kw_only=True, eq=False)
class ModelTask(Step[Request, Reply]):
    """A typed capability that a model performs."""

    max_output_tokens: int
    overhead_bytes: int
    """The most that the prompt adds to the request: instructions, examples and the reply's schema."""
    check: Callable[[Request, Reply], str | None] = lambda request, reply: None
    """What a reply of the right type gets wrong, told to the model for a repair; None if nothing."""

    @cached_property
    def result(self) -> type[ModelReply[Reply]]:
        """What its activity returns.

        Kept here: pydantic holds such a type only as long as somebody else does, and building it again takes
        a millisecond.
        """
        return ModelReply[self.reply]  # type: ignore[name-defined]


@dataclass(frozen=True, kw_only=True, eq=False)
class Read(Step[Request, Reply]):
    """A query: free and repeatable, so Temporal may retry it. Short ones run beside the workflow."""

    local: bool = True


class EffectLookup(Value):
    """Asks whether the effect with this key happened."""

    key: str


@dataclass(frozen=True, kw_only=True, eq=False)
class Effect(Step[Request, Reply]):
    """Anything that the world notices."""

    offers: Offers
    key: Callable[[Request], str]
    """The business key: with the workflow id it makes the idempotency key, the same in every attempt."""
    lookup: Read[EffectLookup, Reply] | None = None
    """For LOOKUP: finds the effect by its key, or fails as `not_found`."""
