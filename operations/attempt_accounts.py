"""An attempt's account: its call, how it ended, and what that cost, from the events that recorded it."""

import json
import re
from dataclasses import dataclass, field
from datetime import UTC
from decimal import Decimal
from typing import Any

from pydantic import ValidationError
from temporalio.api.enums.v1 import EventType
from temporalio.api.failure.v1 import CanceledFailureInfo
from temporalio.api.failure.v1 import Failure as FailureMessage
from temporalio.api.history.v1 import HistoryEvent
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.exceptions import ActivityError

from contracts.attempts import Cost, Failure, Fault, ModelCall, Usage
from contracts.receipts import AttemptEnd
from contracts.sheet import Route
from contracts.terms import Amount, amount_of
from operations.histories import attributes_of
from operations.story_items import AttemptMade, Booked
from workflows.kernel.attempts import failure_of

__all__ = ["Account", "json_of", "seconds_between"]

# What the summary of an attempt says beside its reason: the worst case, or the key.
SUMMARY_TAIL = re.compile(r"; (?=once: |\S+, at most \$)")

OUTCOMES = {
    EventType.EVENT_TYPE_ACTIVITY_TASK_COMPLETED: "succeeded",
    EventType.EVENT_TYPE_ACTIVITY_TASK_FAILED: "failed",
    EventType.EVENT_TYPE_ACTIVITY_TASK_TIMED_OUT: "timed out",
    EventType.EVENT_TYPE_ACTIVITY_TASK_CANCELED: "cancelled",
}


def json_of(payloads: Any) -> list[Any]:
    """What payloads say; None for one that is not JSON."""
    values = []
    for payload in payloads:
        try:
            values.append(json.loads(payload.data))
        except ValueError:
            values.append(None)
    return values


def seconds_between(before: HistoryEvent, after: HistoryEvent) -> float:
    """From one event to another, in seconds."""
    return after.event_time.ToNanoseconds() / 1e9 - before.event_time.ToNanoseconds() / 1e9


@dataclass
class Account:
    """Collects an attempt's events until `tell` makes an item of them."""

    scheduled: HistoryEvent
    route: Route | None = None
    """The one that its call names, as recorded; None for an effect."""
    started: HistoryEvent | None = None
    ended: HistoryEvent | None = None
    entry: dict[str, Any] = field(default_factory=dict)
    """The trail's entry; empty while there is none."""

    @property
    def attempt_id(self) -> str:
        """Names the ledger's entry and the provider's request."""
        return str(attributes_of(self.scheduled).activity_id)

    @property
    def route_name(self) -> str | None:
        """Where a model task is sent; None for an effect."""
        return self._call().get("route")

    def tell(self, last_decided: int) -> AttemptMade:
        """The item. `last_decided` is the last event that a worker decided or took in."""
        call = self._call()
        is_model = "max_output_tokens" in call
        request = json_of(attributes_of(self.scheduled).input.payloads)
        told: dict[str, Any] = {
            "event": self.scheduled.event_id,
            "at": self.scheduled.event_time.ToDatetime(UTC),
            "attempt_id": self.attempt_id,
            "step": attributes_of(self.scheduled).activity_type.name,
            "why": self._why(),
            "route": self.route_name,
            "model": call.get("model"),
            "price": self.route.price if is_model and self.route else None,
            "key": call.get("key"),
            "request": request[0] if request else None,
            "hold": self._hold(call) if is_model else Amount(),
            "taken_in": self.ended is None or self.ended.event_id <= last_decided or bool(self.entry),
        }
        return AttemptMade(**told, **self._times(), **self._end(is_model))

    def _call(self) -> dict[str, Any]:
        arguments = json_of(attributes_of(self.scheduled).input.payloads)
        return arguments[1] if len(arguments) > 1 and isinstance(arguments[1], dict) else {}

    def _why(self) -> str:
        summary = str(json_of([self.scheduled.user_metadata.summary])[0] or "")
        return SUMMARY_TAIL.split(summary.removeprefix("because "))[0]

    def _hold(self, call: dict[str, Any]) -> Amount:
        try:
            given = ModelCall.model_validate(call)
        except ValidationError:
            return Amount()
        price = self.route.price if self.route else None
        usd = price.of(given.max_input_bytes, given.max_output_tokens) if price else Decimal(0)
        return Amount(usd=usd, tokens=given.max_input_bytes + given.max_output_tokens, calls=1)

    def _times(self) -> dict[str, Any]:
        first = self.started or self.ended
        return {
            "queued_s": seconds_between(self.scheduled, first) if first else None,
            "ran_s": seconds_between(self.started, self.ended) if self.started and self.ended else None,
        }

    def _end(self, is_model: bool) -> dict[str, Any]:
        ended = self.ended
        if ended is None:
            return {"outcome": "running" if self.started else "queued"}
        outcome = OUTCOMES[ended.event_type]
        told: dict[str, Any] = {"outcome": outcome}
        if outcome == "succeeded":
            answer = json_of(attributes_of(ended).result.payloads)[0]
            wrapped = is_model and isinstance(answer, dict)
            told["reply"] = answer.get("reply") if wrapped else answer
            usage = answer.get("usage") if wrapped else None
            told |= self._cost_of(is_model, usage, Cost.ACTUAL if usage else Cost.UNKNOWN)
        else:
            failure = self._failure(ended)
            usage = failure.usage.model_dump() if failure.usage else None
            cost = Cost.NONE if failure.fault is Fault.NOT_STARTED else failure.cost
            told |= {"fault": failure.fault.value, "reason": failure.reason}
            told |= self._cost_of(is_model, usage, cost) if is_model else {"cost": effect_cost(cost)}
        return told | self._recorded(is_model)

    def _cost_of(self, is_model: bool, usage: dict[str, Any] | None, cost: Cost) -> dict[str, Any]:
        if not is_model or cost is Cost.NONE:
            return {"cost": Booked.NONE, "usd": Decimal(0), "tokens": 0}
        if cost is Cost.UNKNOWN or usage is None:
            return {"cost": Booked.UNKNOWN}
        billed = Usage.model_validate(usage)
        usd = self.route.price.of(billed.input_tokens, billed.output_tokens) if self.route else None
        return {"cost": Booked.PROVEN, "usd": usd, "tokens": billed.input_tokens + billed.output_tokens}

    def _recorded(self, is_model: bool) -> dict[str, Any]:
        """What the trail says has the last word: it is what the run's ledger holds."""
        if not self.entry:
            return {}
        end = AttemptEnd(self.entry["end"])
        told: dict[str, Any] = {"end": end}
        if end is AttemptEnd.UNKNOWN:
            return told | {"cost": Booked.UNKNOWN, "usd": None, "tokens": None}
        actual = amount_of(self.entry.get("actual") or [])
        billed = is_model and (actual.tokens > 0 or actual.usd > 0)
        return told | {
            "cost": Booked.PROVEN if billed else Booked.NONE,
            "usd": actual.usd,
            "tokens": actual.tokens,
        }

    def _failure(self, ended: HistoryEvent) -> Failure:
        """By the kernel's own reading of an ended activity."""
        attributes = attributes_of(ended)
        message = getattr(attributes, "failure", FailureMessage(canceled_failure_info=CanceledFailureInfo()))
        converter = pydantic_data_converter
        error = ActivityError(
            "",
            scheduled_event_id=attributes.scheduled_event_id,
            started_event_id=attributes.started_event_id,
            identity="",
            activity_type="",
            activity_id=self.attempt_id,
            retry_state=None,
        )
        error.__cause__ = converter.failure_converter.from_failure(message, converter.payload_converter)
        try:
            return failure_of(error)
        except ValidationError:
            return Failure(fault=Fault.WORKER_LOST, cost=Cost.UNKNOWN, reason="its account cannot be read")


def effect_cost(cost: Cost) -> Booked:
    return Booked.UNKNOWN if cost is Cost.UNKNOWN else Booked.NONE
