"""Every number that can change what a run does, resolved once at its start and read only from there."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from pydantic import Field, SerializerFunctionWrapHandler, model_serializer

from contracts.steps import Offers, Read, StepPolicy
from contracts.terms import Amount
from contracts.values import PER_MILLION, Value, without_unset

__all__ = [
    "FROM_MEMORY",
    "Escrow",
    "Price",
    "Route",
    "Routes",
    "RoutesRequest",
    "Sheet",
    "SheetRequest",
    "StepNumbers",
    "resolve_routes",
    "resolve_sheet",
]


class Price(Value):
    """US dollars per million tokens. At most six decimals, so that every cost is exact."""

    input: Decimal = Field(ge=0, max_digits=12, decimal_places=6)
    output: Decimal = Field(ge=0, max_digits=12, decimal_places=6)

    def of(self, input_tokens: int, output_tokens: int) -> Decimal:
        """What so many tokens cost, in US dollars, exactly."""
        return (self.input * input_tokens + self.output * output_tokens) / PER_MILLION


class Route(Value):
    """One model at one address, with what it may be asked and what it charges."""

    name: str
    model: str
    context_tokens: int = Field(gt=0)
    max_output_tokens: int = Field(gt=0)
    timeout: timedelta
    slots: int = Field(ge=1)
    temperature: Decimal = Decimal(0)
    top_p: Decimal | None = None
    seed: int | None = None
    price: Price
    task_queue: str

    @model_serializer(mode="wrap")
    def _brief(self, serialize: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return without_unset(serialize(self), "top_p", "seed")


class StepNumbers(Value):
    """The numbers of one declared step."""

    policy: StepPolicy
    max_request_bytes: int
    max_output_tokens: int = 0
    overhead_bytes: int = 0
    offers: Offers | None = None
    """For an effect, what its other side really offers here: configuration may weaken the contract."""
    parks: bool = False
    """A person may repair it when it finally failed."""

    @model_serializer(mode="wrap")
    def _brief(self, serialize: SerializerFunctionWrapHandler) -> dict[str, Any]:
        # What a step has not is left out: a zero or an absence can mean nothing else, now or later.
        return {name: number for name, number in serialize(self).items() if number}


class Escrow(Value):
    """What is kept back so that a run can always afford its way out: compensate, notify, hand over."""

    amount: Amount = Amount()
    time: timedelta = timedelta(0)

    @model_serializer(mode="wrap")
    def _brief(self, serialize: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return {**serialize(self), "amount": self.amount.model_dump(mode="json", exclude_defaults=True)}


class SheetRequest(Value):
    """What the code and the terms say; configuration adds the routes and what effects really offer."""

    profile: str
    steps: dict[str, StepNumbers]
    escrow: Escrow
    thresholds: dict[str, Decimal]


class Sheet(Value):
    """Recorded in the history once; open runs keep theirs when configuration or code change."""

    resolved_at: datetime
    """When it was resolved: the run's today, the same in every replay."""
    routes: tuple[Route, ...] = Field(min_length=1)
    """The route of the run's profile, then its fallbacks."""
    steps: dict[str, StepNumbers]
    escrow: Escrow
    thresholds: dict[str, Decimal]


class RoutesRequest(Value):
    """Asks what configuration maps a profile to now."""

    profile: str = Field(min_length=1, max_length=64)


class Routes(Value):
    """The profile's route, then its fallbacks."""

    routes: tuple[Route, ...] = Field(min_length=1)


# Reads memory; more than one attempt only for a worker that stops in the middle.
FROM_MEMORY = StepPolicy(
    attempt_timeout=timedelta(seconds=5), attempts=3, first_wait=timedelta(milliseconds=100)
)

resolve_routes = Read(name="resolve_routes", request=RoutesRequest, reply=Routes, policy=FROM_MEMORY)

resolve_sheet = Read(
    name="resolve_sheet",
    request=SheetRequest,
    reply=Sheet,
    policy=FROM_MEMORY,
)
