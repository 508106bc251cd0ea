"""Where telemetry goes, by the standard OTEL_* variables; nowhere when they name nothing."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from temporalio.runtime import (
    LoggingConfig,
    OpenTelemetryConfig,
    OpenTelemetryMetricTemporality,
    Runtime,
    TelemetryConfig,
    TelemetryFilter,
)

__all__ = ["Wanted", "core_runtime", "hush", "wanted"]

HTTP = "http/protobuf"
# The SDK's own levels; but of a dead collector it would say a line with every export.
CORE_LOG = f"{TelemetryFilter('WARN', 'ERROR').formatted()},temporalio_common::telemetry::otel=off"
LOGGER = logging.getLogger("telemetry")


@dataclass(frozen=True)
class Wanted:
    """Which signals somebody listens to."""

    spans: bool
    metrics: bool


def wanted(env: Mapping[str, str]) -> Wanted:
    """A signal leaves when an OTLP endpoint is named for it, or its exporter is; never when disabled."""
    if env.get("OTEL_SDK_DISABLED", "").strip().lower() == "true":
        return Wanted(spans=False, metrics=False)
    return Wanted(spans=exported("TRACES", env), metrics=exported("METRICS", env))


def exported(signal: str, env: Mapping[str, str]) -> bool:
    exporter = env.get(f"OTEL_{signal}_EXPORTER", "").strip().lower()
    named = any(
        env.get(name, "").strip()
        for name in (f"OTEL_EXPORTER_OTLP_{signal}_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
    )
    if exporter not in {"", "otlp", "none"}:
        LOGGER.warning("OTEL_%s_EXPORTER=%s: only otlp and none are known, so none", signal, exporter)
    if exporter not in {"", "otlp"} or not (named or exporter):
        return False
    protocol = of_signal("PROTOCOL", signal, env) or HTTP
    if protocol != HTTP:
        LOGGER.warning("OTLP over %s is not spoken, so no %s leave; %s is", protocol, signal.lower(), HTTP)
    return protocol == HTTP


def of_signal(setting: str, signal: str, env: Mapping[str, str]) -> str:
    """What is set for a signal, or for all."""
    general = env.get(f"OTEL_EXPORTER_OTLP_{setting}", "").strip()
    return env.get(f"OTEL_EXPORTER_OTLP_{signal}_{setting}", "").strip() or general


def core_runtime(env: Mapping[str, str]) -> Runtime | None:
    """A runtime of the SDK that sends its own metrics to where ours go."""
    url = env.get("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", "").strip()
    if not url:
        base = env.get("OTEL_EXPORTER_OTLP_ENDPOINT", "").strip() or "http://localhost:4318"
        url = base.rstrip("/") + "/v1/metrics"
    interval = float(env.get("OTEL_METRIC_EXPORT_INTERVAL") or 60_000)
    delta = of_signal("TEMPORALITY_PREFERENCE", "METRICS", env).lower() == "delta"
    temporality = OpenTelemetryMetricTemporality
    try:
        config = OpenTelemetryConfig(
            url=url,
            headers=headers_in(of_signal("HEADERS", "METRICS", env)),
            metric_periodicity=timedelta(milliseconds=interval),
            metric_temporality=temporality.DELTA if delta else temporality.CUMULATIVE,
            durations_as_seconds=True,
            http=True,
        )
        return Runtime(telemetry=TelemetryConfig(logging=LoggingConfig(CORE_LOG), metrics=config))
    except (ValueError, RuntimeError) as error:
        LOGGER.warning("the SDK's own metrics stay here: %s", error)
        return None


def headers_in(text: str) -> dict[str, str]:
    """`name=value,name=value`, as the standard writes them."""
    from urllib.parse import unquote

    pairs = (part.partition("=") for part in text.split(",") if "=" in part)
    return {unquote(name).strip().lower(): unquote(value).strip() for name, _, value in pairs}


class Once(logging.Handler):
    """Says the first trouble with a collector, and then no more: telemetry is not worth a full log."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self._said: set[str] = set()

    def emit(self, record: logging.LogRecord) -> None:
        trouble = "exporter" in record.name or "export" in str(record.msg) or "Queue" in str(record.msg)
        kind = "collector" if trouble else str(record.msg)
        if kind in self._said:
            return
        self._said.add(kind)
        LOGGER.warning("%s (said once; work goes on)", record.getMessage().splitlines()[0][:300])


def hush() -> None:
    """Have OpenTelemetry's own complaints said once."""
    logger: Any = logging.getLogger("opentelemetry")
    if not any(isinstance(handler, Once) for handler in logger.handlers):
        logger.addHandler(Once())
        logger.propagate = False
