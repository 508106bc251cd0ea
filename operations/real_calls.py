"""Real model calls where a recording has no answer: as many as were allowed, for as much as was allowed.

Each is made by the activity that a worker runs. Its worst case is held before it is made, and whatever is not
proven to be less stays booked.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from time import monotonic
from typing import Any
from uuid import uuid4

from pydantic import ValidationError
from temporalio.api.common.v1 import Payload
from temporalio.api.enums.v1 import EventType
from temporalio.api.history.v1 import HistoryEvent
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from activities.failures import AttemptFailed
from activities.models import ModelActivities
from contracts.attempts import Cost, Failure, Fault, ModelCall, ModelReply, Usage
from contracts.sheet import Route
from operations.current_prompts import MODEL_TASKS
from operations.recordings import Call

__all__ = ["Made", "NotAllowed", "RealCalls"]

NOTHING = Decimal(0)
# The activity bounds itself by its call's own timeout; this is for a thread that must not wait for ever.
SLACK_S = 30.0


class NotAllowed(Exception):
    """The call was not made. One line that says why."""


@dataclass(frozen=True)
class Made:
    """One real call, and what is known of its cost in US dollars."""

    step: str
    route: str
    model: str
    attempt_id: str
    """As the provider saw it."""
    proven_usd: Decimal = NOTHING
    unknown_usd: Decimal = NOTHING
    """The worst case, where nobody can say."""
    tokens: int = 0
    """Proven."""
    fault: Fault | None = None

    @property
    def booked(self) -> Decimal:
        return self.proven_usd + self.unknown_usd


class RealCalls:
    """A purse for calls and US dollars. Make it on the event loop on which the calls are to be made."""

    def __init__(self, models: ModelActivities, *, calls: int, usd: Decimal) -> None:
        self.calls = calls
        self.usd = usd
        self.made: list[Made] = []
        self.reached = ""
        """Which cap kept a call from being made; empty when none did."""
        self._models = models
        self._activities: Mapping[str, Callable[..., Any]] = {
            name: models.activity_of(prompted) for name, prompted in MODEL_TASKS.items()
        }
        self._loop = asyncio.get_running_loop()
        self._run_id = f"backtest-{uuid4().hex[:16]}"

    @property
    def proven_usd(self) -> Decimal:
        return sum((each.proven_usd for each in self.made), NOTHING)

    @property
    def unknown_usd(self) -> Decimal:
        return sum((each.unknown_usd for each in self.made), NOTHING)

    def call(self, step: str, arguments: Sequence[Payload], now: int) -> Call:
        """Make one call, from another thread than the loop's; `now` is the run's time in nanoseconds.

        Raises NotAllowed.
        """
        try:
            request = MODEL_TASKS[step].task.request.model_validate_json(arguments[0].data)
        except ValidationError:
            raise NotAllowed("its request is none that the code could make") from None
        asked = ModelCall.model_validate_json(arguments[1].data)
        # Its own id: a bill for it must not be taken for one of the recorded attempt.
        asked = asked.model_copy(update={"attempt_id": own_id(asked.attempt_id)})
        route = self._route(asked)
        hold = self._held(asked, route)
        began, begun, end = monotonic(), HistoryEvent(event_id=1), HistoryEvent(event_id=2)
        # Until it is known to be less, a call costs its worst case, whatever becomes of this process.
        place = len(self.made)
        self.made.append(unknown(step, asked, hold))
        try:
            reply = self._run(step, request, asked)
        except ApplicationError as error:
            self.made[place] = failed(self.made[place], failure_in(error), route)
            end.event_type = EventType.EVENT_TYPE_ACTIVITY_TASK_FAILED
            told = end.activity_task_failed_event_attributes
            # What was never started costs nothing, and this was.
            told.scheduled_event_id, told.started_event_id = begun.event_id, begun.event_id
            converter = pydantic_data_converter
            converter.failure_converter.to_failure(error, converter.payload_converter, told.failure)
        else:
            self.made[place] = answered(self.made[place], reply.usage, route)
            end.event_type = EventType.EVENT_TYPE_ACTIVITY_TASK_COMPLETED
            payloads = pydantic_data_converter.payload_converter.to_payloads([reply])
            end.activity_task_completed_event_attributes.result.payloads.extend(payloads)
        begun.event_time.FromNanoseconds(now)
        end.event_time.FromNanoseconds(now + int((monotonic() - began) * 1e9))
        return Call(step, asked.attempt_id, begun, list(arguments), ended=end, served=True)

    def _route(self, asked: ModelCall) -> Route:
        """As configured now, with the price that is really charged."""
        try:
            self._models.usable_endpoint(asked.route)
        except AttemptFailed as error:
            raise NotAllowed(error.failure.reason) from None
        route = self._models.catalogue.routes[asked.route]
        if route.model != asked.model:
            raise NotAllowed(
                f"{route.name} is {route.model} now, not {asked.model}; --profile takes it as it is"
            )
        return route

    def _held(self, asked: ModelCall, route: Route) -> Decimal:
        """The worst case of a call that both caps allow. A token is never shorter than a byte."""
        hold = route.price.of(asked.max_input_bytes, asked.max_output_tokens)
        if len(self.made) >= self.calls:
            self.reached = f"--calls {self.calls} is reached"
        elif sum((each.booked for each in self.made), NOTHING) + hold > self.usd:
            self.reached = f"--usd {self.usd} is reached: one more could cost {hold:f}"
        else:
            return hold
        raise NotAllowed(self.reached)

    def _run(self, step: str, request: Any, asked: ModelCall) -> ModelReply[Any]:
        """By the very activity of a worker."""

        async def attempt() -> ModelReply[Any]:
            surroundings = ActivityEnvironment()
            surroundings.info = replace(
                surroundings.info, activity_type=step, workflow_run_id=self._run_id, heartbeat_timeout=None
            )
            reply: ModelReply[Any] = await surroundings.run(self._activities[step], request, asked)
            return reply

        making = asyncio.run_coroutine_threadsafe(attempt(), self._loop)
        return making.result(asked.timeout_s + SLACK_S)


def own_id(attempt_id: str) -> str:
    """`2.1-fb54a30daf6647c3` with another end."""
    return f"{attempt_id.partition('-')[0]}-{uuid4().hex[:16]}"


def failure_in(error: ApplicationError) -> Failure | None:
    return next((each for each in error.details if isinstance(each, Failure)), None)


def unknown(step: str, asked: ModelCall, hold: Decimal) -> Made:
    return Made(step, asked.route, asked.model, asked.attempt_id, unknown_usd=hold)


def answered(made: Made, usage: Usage | None, route: Route) -> Made:
    """What it cost, when the provider said so."""
    if usage is None:
        return made
    tokens = usage.input_tokens + usage.output_tokens
    proven = route.price.of(usage.input_tokens, usage.output_tokens)
    return replace(made, proven_usd=proven, unknown_usd=NOTHING, tokens=tokens)


def failed(made: Made, failure: Failure | None, route: Route) -> Made:
    """What a failed call is proven to cost; all that was held where nothing is."""
    if failure is None or failure.cost is Cost.UNKNOWN:
        return replace(made, fault=failure.fault if failure is not None else Fault.WORKER_LOST)
    if failure.cost is Cost.NONE:
        return replace(made, unknown_usd=NOTHING, fault=failure.fault)
    return replace(answered(made, failure.usage, route), fault=failure.fault)
