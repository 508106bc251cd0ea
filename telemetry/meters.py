"""Happenings as metrics. Money is added up exactly, and becomes a float only on its way out."""

import threading
from collections import defaultdict
from collections.abc import Iterator
from decimal import Decimal

from opentelemetry.metrics import CallbackOptions, Meter, Observation

from contracts.happenings import (
    ApprovalEnded,
    AttemptBegun,
    AttemptEnded,
    Happening,
    RunEnded,
    Wait,
    WaitBegun,
    WaitEnded,
)
from telemetry.names import APPROVALS, ATTEMPTS, DURATION, HELD, MONEY, NONE, TOKENS, WAITING

__all__ = ["Meters"]

# An attempt is bounded by its timeout, two minutes for the slowest model.
SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 30, 60, 120)


class Meters:
    """Counts what happens in the runs that this worker works on.

    What is held and waits is known of what began here: a run that another worker began to wait with counts
    there until that worker ends, and never below zero here.
    """

    def __init__(self, meter: Meter) -> None:
        self._lock = threading.Lock()
        self._money: defaultdict[tuple[str, str, str], Decimal] = defaultdict(Decimal)
        self._held: dict[tuple[str, str], Decimal] = {}
        self._waiting: dict[tuple[str, Wait], int] = {}
        name, unit, description = ATTEMPTS
        self._attempts = meter.create_counter(name, unit, description)
        name, unit, description = TOKENS
        self._tokens = meter.create_counter(name, unit, description)
        name, unit, description = DURATION
        self._duration = meter.create_histogram(
            name, unit, description, explicit_bucket_boundaries_advisory=SECONDS
        )
        name, unit, description = APPROVALS
        self._approvals = meter.create_counter(name, unit, description)
        name, unit, description = MONEY
        meter.create_observable_counter(name, [self._show_money], unit, description)
        name, unit, description = HELD
        meter.create_observable_up_down_counter(name, [self._show_held], unit, description)
        name, unit, description = WAITING
        meter.create_observable_up_down_counter(name, [self._show_waiting], unit, description)

    def observe(self, happening: Happening) -> None:
        run_id = happening.run.run_id
        match happening.what:
            case AttemptBegun(line=line):
                with self._lock:
                    self._held[run_id, line.attempt_id] = line.hold.usd
            case AttemptEnded() as ended:
                self._count(ended, (happening.at - ended.began_at).total_seconds())
                with self._lock:
                    self._held.pop((run_id, ended.line.attempt_id), None)
            case WaitBegun(what=what):
                with self._lock:
                    self._waiting[run_id, what] = self._waiting.get((run_id, what), 0) + 1
            case WaitEnded(what=what):
                with self._lock:
                    left = self._waiting.pop((run_id, what), 1) - 1
                    if left:
                        self._waiting[run_id, what] = left
            case ApprovalEnded(outcome=outcome):
                self._approvals.add(1, {"outcome": outcome})
            case RunEnded():
                self._forget(run_id)

    def _count(self, ended: AttemptEnded, seconds: float) -> None:
        route, step = ended.route or NONE, ended.line.step
        fault = ended.line.fault.value if ended.line.fault is not None else NONE
        by = {"step": step, "outcome": ended.outcome.value, "fault": fault, "route": route}
        self._attempts.add(1, by)
        self._duration.record(seconds)
        if ended.usage is not None:
            for direction in ("input", "output"):
                tokens: int = getattr(ended.usage, f"{direction}_tokens")
                self._tokens.add(tokens, {"direction": direction, "route": route, "step": step})
        if ended.route is not None:
            with self._lock:
                self._money[ended.booking, route, step] += ended.usd

    def _forget(self, run_id: str) -> None:
        with self._lock:
            for known in (self._held, self._waiting):
                for key in [key for key in known if key[0] == run_id]:
                    del known[key]  # type: ignore[arg-type] # the key is of this mapping

    def _show_money(self, _: CallbackOptions) -> Iterator[Observation]:
        with self._lock:
            money = list(self._money.items())
        for (booking, route, step), usd in money:
            yield Observation(float(usd), {"booking": booking, "route": route, "step": step})

    def _show_held(self, _: CallbackOptions) -> Iterator[Observation]:
        with self._lock:
            held = sum(self._held.values(), Decimal(0))
        yield Observation(float(held))

    def _show_waiting(self, _: CallbackOptions) -> Iterator[Observation]:
        with self._lock:
            waiting = [what for _, what in self._waiting]
        for what in Wait:
            yield Observation(waiting.count(what), {"what": what.value})
