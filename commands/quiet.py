"""Keeps the SDK's own log off a person's terminal: what matters of it is told in a command's words."""

from temporalio.runtime import LoggingConfig, Runtime, TelemetryConfig, TelemetryFilter

__all__ = ["quiet"]


def quiet() -> None:
    """Once, before the first connection. It would print every retry, coloured also into files."""
    levels = TelemetryFilter(core_level="ERROR", other_level="ERROR")
    runtime = Runtime(telemetry=TelemetryConfig(logging=LoggingConfig(filter=levels)))
    Runtime.set_default(runtime, error_if_already_set=False)
