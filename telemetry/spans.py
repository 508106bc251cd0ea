"""Happenings as spans: run > step > attempt, each written when it ends; what happens between, as events."""

from dataclasses import dataclass
from datetime import datetime

from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import Event, ReadableSpan, SpanProcessor
from opentelemetry.sdk.trace.sampling import Sampler
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import SpanKind, Status, StatusCode

from contracts.happenings import (
    ApprovalEnded,
    AttemptEnded,
    DecisionMade,
    Happening,
    Moment,
    RunEnded,
    RunName,
    StageEntered,
    StepEnded,
    WaitBegun,
    WaitEnded,
)
from contracts.values import plain
from telemetry.names import SCOPE, run_attributes
from telemetry.span_ids import outside, place_of

__all__ = ["Spans"]

Attributes = dict[str, str | int | bool]


@dataclass(frozen=True)
class Drawn:
    """A span as its happening draws it."""

    name: str
    key: str
    above: str | None
    """The key of the span above; None for the run, which stands below whoever started it."""
    began_at: datetime
    attributes: Attributes
    fault: str | None = None
    moments: tuple[Moment, ...] = ()


class Spans:
    """Writes the spans of runs, from workflow code. The processor must not wait for anything."""

    def __init__(self, processor: SpanProcessor, sampler: Sampler, resource: Resource) -> None:
        self._processor = processor
        self._sampler = sampler
        self._resource = resource

    def observe(self, happening: Happening) -> None:
        match happening.what:
            case AttemptEnded() as ended:
                drawn = of_attempt(ended)
            case StepEnded() as ended:
                drawn = of_step(ended)
            case RunEnded() as ended:
                drawn = of_run(happening.run, ended)
            case _:
                return
        self._write(happening.run, drawn, happening.at)

    def _write(self, run: RunName, drawn: Drawn, ended_at: datetime) -> None:
        place = place_of(run.run_id, drawn.key, self._sampler)
        if not place.trace_flags.sampled:
            return
        above = outside() if drawn.above is None else place_of(run.run_id, drawn.above, self._sampler)
        attributes = {**run_attributes(run), **drawn.attributes}
        if drawn.fault is not None:
            attributes["error.type"] = drawn.fault
        self._processor.on_end(
            ReadableSpan(
                name=drawn.name,
                context=place,
                parent=above,
                resource=self._resource,
                attributes=attributes,
                events=[event_of(moment) for moment in drawn.moments],
                kind=SpanKind.SERVER if drawn.above is None else SpanKind.INTERNAL,
                status=Status(StatusCode.ERROR, drawn.fault) if drawn.fault is not None else Status(),
                start_time=nanoseconds(drawn.began_at),
                end_time=nanoseconds(ended_at),
                instrumentation_scope=InstrumentationScope(SCOPE),
            )
        )


def nanoseconds(at: datetime) -> int:
    return round(at.timestamp() * 1_000_000) * 1_000


def of_attempt(ended: AttemptEnded) -> Drawn:
    """The one place where a cost stands: their sum over spans is what the ledger says."""
    line = ended.line
    attributes: Attributes = {
        "tenuto.step": line.step,
        "tenuto.step.number": ended.step_number,
        "tenuto.attempt.id": line.attempt_id,
        "tenuto.attempt.outcome": ended.outcome.value,
        "tenuto.cost.booking": ended.booking,
        "tenuto.cost.usd": plain(ended.usd),
        "tenuto.hold.usd": plain(line.hold.usd),
    }
    if ended.route is not None:
        attributes["tenuto.route"] = ended.route
    return Drawn(
        name=f"attempt {line.step}",
        key=line.attempt_id,
        above=f"{ended.step_number}",
        began_at=ended.began_at,
        attributes=attributes,
        fault=line.fault.value if line.fault is not None else None,
    )


def of_step(ended: StepEnded) -> Drawn:
    return Drawn(
        name=f"step {ended.step}",
        key=f"{ended.step_number}",
        above="",
        began_at=ended.began_at,
        attributes={
            "tenuto.step": ended.step,
            "tenuto.step.number": ended.step_number,
            "tenuto.step.why": ended.why,
        },
        fault=None if ended.done else "step_failed",
    )


def of_run(run: RunName, ended: RunEnded) -> Drawn:
    settled, unknown = ended.balance.settled, ended.balance.unknown
    return Drawn(
        name=f"run {run.workflow}",
        key="",
        above=None,
        began_at=ended.began_at,
        attributes={
            "tenuto.profile": run.profile,
            "tenuto.stage": ended.stage,
            "tenuto.ending": ended.ending.value if ended.ending is not None else "own",
            "tenuto.run.settled.usd": plain(settled.usd),
            "tenuto.run.unknown.usd": plain(unknown.usd),
            "tenuto.run.held.usd": plain(ended.balance.held.usd),
            "tenuto.run.tokens": settled.tokens,
            "tenuto.run.calls": settled.calls + unknown.calls,
            "tenuto.run.steps": settled.steps,
        },
        fault="way_out_failed" if ended.failed else None,
        moments=ended.moments,
    )


def event_of(moment: Moment) -> Event:
    name, attributes = words_of(moment)
    return Event(name, attributes, nanoseconds(moment.at))


def words_of(moment: Moment) -> tuple[str, Attributes]:
    """A name, and what there is to say."""
    match moment.what:
        case StageEntered(stage=stage):
            return "stage", {"tenuto.stage": stage}
        case DecisionMade() as made:
            return "decision", {
                "tenuto.decision.table": made.table,
                "tenuto.decision.version": made.version,
                "tenuto.decision.row": made.row,
                "tenuto.decision.because": made.because,
                "tenuto.decision.outcome": made.outcome,
            }
        case WaitBegun(what=what, until=until):
            return "wait", {"tenuto.wait": what.value, "tenuto.wait.until": until.isoformat()}
        case WaitEnded(what=what):
            return "wait over", {"tenuto.wait": what.value}
        case ApprovalEnded() as ended:
            return "approval", {
                "tenuto.approval.action": ended.action,
                "tenuto.approval.policy": ended.policy,
                "tenuto.approval.outcome": ended.outcome,
                "tenuto.approval.asked_at": ended.began_at.isoformat(),
            }
