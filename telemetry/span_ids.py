"""Ids of spans, made from what they stand for.

So a span is written whole when its end is told, by whichever worker lives then, and those below it knew its
id all along. A span that is sent twice is the same span.
"""

import hashlib
import re

from opentelemetry.context import Context
from opentelemetry.sdk.trace.sampling import Decision, Sampler
from opentelemetry.trace import (
    NonRecordingSpan,
    SpanContext,
    TraceFlags,
    get_current_span,
    set_span_in_context,
)

__all__ = ["below", "outside", "place_of", "scope_of"]

# `2.1-0123456789abcdef` is an attempt of step 2, `2` a read; what follows an attempt's id belongs to it.
ACTIVITY_ID = re.compile(r"\d+\.\d+-[0-9a-f]{16}|\d+$")


def outside() -> SpanContext | None:
    """In workflow code: the span in which the run was started, if whoever started it had one."""
    context = get_current_span().get_span_context()
    return context if context.is_valid else None


def place_of(run_id: str, key: str, sampler: Sampler) -> SpanContext:
    """Of a run (empty key), a step (its number) or an attempt (its id). For workflow code."""
    starter = outside()
    if starter is not None:
        trace_id, flags = starter.trace_id, starter.trace_flags
    else:
        trace_id = number_of(run_id, 16)
        sampled = sampler.should_sample(None, trace_id, "run").decision is Decision.RECORD_AND_SAMPLE
        flags = TraceFlags(TraceFlags.SAMPLED if sampled else TraceFlags.DEFAULT)
    return SpanContext(trace_id, number_of(f"{run_id}/{key}", 8), is_remote=True, trace_flags=flags)


def below(place: SpanContext) -> Context:
    """A context whose new spans stand below this one."""
    return set_span_in_context(NonRecordingSpan(place), Context())


def scope_of(activity_id: str) -> str:
    """The key of the span that an activity belongs to: its attempt, its step, or the run."""
    found = ACTIVITY_ID.match(activity_id)
    return found.group(0) if found else ""


def number_of(text: str, size: int) -> int:
    """Of so many bytes, and never zero: that would be no id."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:size], "big") | 1
