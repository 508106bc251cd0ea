"""Whose span a run stands below: carried from whoever starts it, and from a run to its activities."""

from collections.abc import Mapping

from temporalio.client import Plugin

from telemetry.exporting import wanted

__all__ = ["propagating"]


def propagating(env: Mapping[str, str]) -> list[Plugin]:
    """The SDK's plugin, where a span can be around: in a program that traces, or that was called by one.

    TRACEPARENT in the environment makes its span the current one. Without anything, no plugin and no import.
    """
    from opentelemetry import trace

    around = env.get("TRACEPARENT", "").strip()
    traced = not isinstance(trace.get_tracer_provider(), trace.ProxyTracerProvider)
    if not (around or traced or wanted(env).spans):
        return []
    if around and not trace.get_current_span().get_span_context().is_valid:
        from opentelemetry.context import attach
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

        attach(TraceContextTextMapPropagator().extract({"traceparent": around}))
    from temporalio.contrib.opentelemetry import OpenTelemetryPlugin

    return [OpenTelemetryPlugin()]
