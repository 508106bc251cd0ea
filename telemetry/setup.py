"""Builds what a worker needs to be watched, once for a process. Nothing is imported that nobody asked for."""

import logging
import threading
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from temporalio.runtime import Runtime
from temporalio.worker import Interceptor

from contracts.happenings import Observer
from telemetry.exporting import core_runtime, hush, wanted
from telemetry.log_lines import LOG, Lines

__all__ = ["PATIENCE_S", "Telemetry", "begin"]

# What is left to send at the end is sent within this time, or never.
PATIENCE_S = 2.0


@dataclass
class Telemetry:
    """What a worker is given, and what it has to call at its end."""

    interceptors: list[Interceptor] = field(default_factory=list)
    runtime: Runtime | None = None
    """For the worker's client; None is the SDK's own."""
    observers: list[Observer] = field(default_factory=list)
    ends: list[Callable[[], Any]] = field(default_factory=list)
    flushes: list[Callable[[], Any]] = field(default_factory=list)

    def end(self, patience_s: float = PATIENCE_S) -> None:
        """Send what is left, for as long as this. Whoever does not answer is not waited for."""
        together(self.ends, patience_s)

    def flush(self, patience_s: float = PATIENCE_S) -> None:
        """Send what there is now."""
        together(self.flushes, patience_s)


def begin(env: Mapping[str, str]) -> Telemetry:
    """Set up what the environment asks for; `env` must be the process's own, which the exporters read."""
    telemetry, signals = Telemetry(), wanted(env)
    if env.get(LOG, "").strip().lower() != "quiet":
        telemetry.observers.append(Lines().observe)
    if signals.spans or signals.metrics:
        hush()
        resource = resource_of(env)
        if signals.spans:
            add_spans(telemetry, resource)
        if signals.metrics:
            add_metrics(telemetry, resource)
            telemetry.runtime = core_runtime(env)
    if telemetry.observers:
        from telemetry.observing import Ear, ObservingInterceptor

        telemetry.interceptors.append(ObservingInterceptor(Ear(telemetry.observers)))
    return telemetry


def resource_of(env: Mapping[str, str]) -> Any:
    """Who sends: `tenuto`, unless the environment says otherwise, and which process of it."""
    from opentelemetry.sdk.resources import SERVICE_INSTANCE_ID, SERVICE_NAME, Resource

    named = env.get("OTEL_SERVICE_NAME") or f"{SERVICE_NAME}=" in env.get("OTEL_RESOURCE_ATTRIBUTES", "")
    ours = {SERVICE_INSTANCE_ID: str(uuid.uuid4())}
    return Resource.create(ours if named else {**ours, SERVICE_NAME: "tenuto"})


def add_spans(telemetry: Telemetry, resource: Any) -> None:
    from opentelemetry import trace
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor
    from temporalio.contrib.opentelemetry import create_tracer_provider

    from telemetry.names import SCOPE
    from telemetry.observing import TracingInterceptor
    from telemetry.spans import Spans

    processor = BatchSpanProcessor(OTLPSpanExporter())
    # Asked only which sampler the environment names.
    sampler = TracerProvider(resource=resource, shutdown_on_exit=False).sampler
    provider = create_tracer_provider(sampler=sampler, resource=resource, shutdown_on_exit=False)
    provider.add_span_processor(processor)
    trace.set_tracer_provider(provider)
    telemetry.observers.append(Spans(processor, sampler, resource).observe)
    telemetry.interceptors.append(TracingInterceptor(provider.get_tracer(SCOPE), sampler))
    telemetry.ends.append(processor.shutdown)
    telemetry.flushes.append(processor.force_flush)


def add_metrics(telemetry: Telemetry, resource: Any) -> None:
    from opentelemetry import metrics
    from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
    from opentelemetry.sdk.metrics import MeterProvider
    from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader

    from telemetry.meters import Meters
    from telemetry.names import SCOPE

    reader = PeriodicExportingMetricReader(OTLPMetricExporter())
    provider = MeterProvider([reader], resource=resource, shutdown_on_exit=False)
    metrics.set_meter_provider(provider)
    telemetry.observers.append(Meters(provider.get_meter(SCOPE)).observe)
    telemetry.ends.append(provider.shutdown)
    telemetry.flushes.append(provider.force_flush)


def together(calls: Sequence[Callable[[], Any]], patience_s: float) -> None:
    """Call them side by side and wait for all, but no longer than this."""
    threads = [threading.Thread(target=call, daemon=True) for call in calls]
    for thread in threads:
        thread.start()
    until = time.monotonic() + patience_s
    for thread in threads:
        thread.join(max(0.0, until - time.monotonic()))
    if any(thread.is_alive() for thread in threads):
        logging.getLogger("telemetry").warning("the collector took too long; what was left is lost")
