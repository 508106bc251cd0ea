"""Whose span a run stands below, when its starter was told by the environment."""

from contextvars import copy_context

from opentelemetry.trace import get_current_span
from temporalio.contrib.opentelemetry import OpenTelemetryPlugin

from telemetry.exporting import Wanted, wanted
from telemetry.propagation import propagating

ENDPOINT = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318"}


def test_a_traceparent_in_the_environment_becomes_the_span_around() -> None:
    """A pipeline's step that calls `starter.py run` finds the runs below it."""
    context = copy_context()
    plugins = context.run(propagating, {"TRACEPARENT": f"00-{'a' * 32}-{'b' * 16}-01"})
    around = context.run(get_current_span).get_span_context()
    assert [type(plugin) for plugin in plugins] == [OpenTelemetryPlugin]
    assert (f"{around.trace_id:x}", f"{around.span_id:x}") == ("a" * 32, "b" * 16)


def test_signals_leave_only_to_a_named_endpoint() -> None:
    """By the standard's variables; another exporter or protocol than ours sends nothing."""
    assert wanted({}) == Wanted(spans=False, metrics=False)
    assert wanted(ENDPOINT) == Wanted(spans=True, metrics=True)
    assert wanted({**ENDPOINT, "OTEL_SDK_DISABLED": "TRUE"}) == Wanted(spans=False, metrics=False)
    assert wanted({**ENDPOINT, "OTEL_TRACES_EXPORTER": "none"}) == Wanted(spans=False, metrics=True)
    assert wanted({**ENDPOINT, "OTEL_METRICS_EXPORTER": "prometheus"}) == Wanted(spans=True, metrics=False)
    assert wanted({**ENDPOINT, "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}) == Wanted(spans=False, metrics=False)
    assert wanted({"OTEL_TRACES_EXPORTER": "otlp"}) == Wanted(spans=True, metrics=False)
    assert wanted({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://c/v1/traces"}).metrics is False
