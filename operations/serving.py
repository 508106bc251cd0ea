"""Recorded answers for calls that are made again: by step and request, each at most once."""

from collections.abc import Iterable, Sequence

from temporalio.api.common.v1 import Payload
from temporalio.bridge.proto.activity_result import ActivityResolution

from contracts.attempts import ModelCall
from contracts.leases import close_lease
from contracts.sheet import Sheet, resolve_sheet
from operations.current_prompts import MODEL_TASKS, changed_since, unreadable
from operations.real_calls import NotAllowed, RealCalls
from operations.recordings import CANCELLED, Call, Recording
from workflows.kernel.trail import json_digest

__all__ = ["CodeFails", "NotRecorded", "RecordingEnds", "Served", "was_cancelled"]


class NotRecorded(Exception):
    """The recording does not say how this ends."""

    def __init__(self, step: str, why: str, kind: str = "calls") -> None:
        super().__init__(f"{step}: {why}")
        self.step = step
        self.why = why
        self.kind = kind
        """As a path names it: `calls`, `asks` or `parks`."""


class CodeFails(NotRecorded):
    """Nobody knows what follows, since the code does not get there."""

    def __init__(self, why: str) -> None:
        super().__init__("the code", why)


class RecordingEnds(Exception):
    """The run was still at this when it was recorded, so nothing is missing."""


class Served:
    """The recorded calls of one run, with the sheet that the current code would get."""

    def __init__(
        self,
        recording: Recording,
        sheet: Sheet,
        reads: Sequence[tuple[str, str]],
        *,
        assume_same_replies: bool,
        real: RealCalls | None = None,
    ) -> None:
        self._recording = recording
        self._real = real
        self._sheet = sheet
        self._assumed = assume_same_replies
        # A history keeps no request of a local activity. What the code asks when it is given the recorded
        # results is as near as one comes.
        self._reads = {
            id(call): request
            for step, calls in recording.calls.items()
            for call, request in zip(
                (call for call in calls if not call.arguments),
                (request for name, request in reads if name == step),
                strict=False,
            )
        }

    def local(self, step: str, arguments: Sequence[Payload]) -> ActivityResolution:
        """The end of a local activity. Raises NotRecorded."""
        resolution = ActivityResolution()
        if step == resolve_sheet.name:
            data = self._sheet.model_dump_json().encode()
            resolution.completed.result.CopyFrom(Payload(metadata={"encoding": b"json/plain"}, data=data))
            return resolution
        request = json_digest(arguments[0])
        if step.endswith("_lease"):  # bookkeeping, which no decision reads
            return self._lease(step)
        call = self._first(
            each for each in self._unserved(step) if self._reads.get(id(each), request) == request
        )
        if call is None:
            raise self._missing(step)
        call.served = True
        return call.resolution

    def attempt(self, step: str, arguments: Sequence[Payload], now: int) -> Call:
        """The recorded attempt that answers this one; of a model, where there is none, a real one if allowed.

        `now` is the run's time in nanoseconds. Raises NotRecorded, RecordingEnds.
        """
        try:
            return self._recorded(step, arguments)
        except NotRecorded as missing:
            if self._real is None or step not in MODEL_TASKS:
                raise
            try:
                return self._real.call(step, arguments, now)
            except NotAllowed as refused:
                raise NotRecorded(step, f"{missing.why}; {refused}") from None

    def _recorded(self, step: str, arguments: Sequence[Payload]) -> Call:
        request = json_digest(arguments[0])
        is_model = step in MODEL_TASKS
        call = self._first(each for each in self._unserved(step) if each.request == request)
        if is_model:
            call = self._same_model(call, step, arguments)
        if call is None:
            raise self._missing(step)
        if call.ended is None:
            raise RecordingEnds
        call.served = True
        return call

    def _same_model(self, call: Call | None, step: str, arguments: Sequence[Payload]) -> Call | None:
        now = ModelCall.model_validate_json(arguments[1].data)
        if call is not None and call.ended is not None and call.provenance is not None:
            changed = changed_since(step, arguments[0].data, now, call.provenance)
            if changed is not None and not self._assumed:
                raise NotRecorded(step, f"{changed} would differ from what was sent")
        elif call is not None:
            return call
        if self._assumed:
            call = self._assumed_reply(call, step, now)
        if call is not None and call.resolution.HasField("completed"):
            wrong = unreadable(step, call.resolution.completed.result.data)
            if wrong is not None:
                raise NotRecorded(step, f"the recorded reply is none any more: {wrong}")
        return call

    def _assumed_reply(self, call: Call | None, step: str, now: ModelCall) -> Call | None:
        """Another model, or another request, would have been answered as the recorded one was."""
        asked = call.call if call is not None else None
        if asked is not None and (asked.route, asked.model) == (now.route, now.model):
            return call
        answered = (each for each in self._unserved(step) if each.ended is not None)
        return self._first(each for each in answered if each.resolution.HasField("completed")) or call

    def _lease(self, step: str) -> ActivityResolution:
        call = self._first(self._unserved(step))
        if call is not None:
            call.served = True
            return call.resolution
        if step == close_lease.name:
            resolution = ActivityResolution()
            failure = resolution.failed.failure
            failure.message = "it is not in the recording"
            failure.application_failure_info.type = "not_recorded"
            return resolution
        raise NotRecorded(step, "no lease was recorded")

    def _missing(self, step: str) -> NotRecorded:
        calls = self._recording.calls.get(step, [])
        if not calls:
            return NotRecorded(step, "it was never called")
        if all(call.served for call in calls):
            times = "once" if len(calls) == 1 else f"{len(calls)} times"
            return NotRecorded(step, f"it was called {times}, and would be called again")
        return NotRecorded(step, "it was called with another request")

    def _unserved(self, step: str) -> Iterable[Call]:
        return (each for each in self._recording.calls.get(step, []) if not each.served)

    @staticmethod
    def _first(calls: Iterable[Call]) -> Call | None:
        return next(iter(calls), None)


def was_cancelled(call: Call) -> bool:
    """Whether it ended because the run asked it to."""
    return call.ended is not None and call.ended.event_type == CANCELLED
