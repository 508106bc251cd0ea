"""A real OTLP receiver, and telemetry that sends to it: one for the session, as for a process."""

import os
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from embedded.stack import stop_all
from embedded.temporal_server import ensure_temporal
from telemetry.receiver import Receiver
from telemetry.setup import Telemetry, begin
from telemetry.span_tree import ReceivedSpan


@dataclass
class Listening:
    """What is sent, and what has come."""

    telemetry: Telemetry
    receiver: Receiver

    def spans_of(self, run_id: str) -> list[ReceivedSpan]:
        """Every span of a run, twice when it came twice."""
        self.telemetry.flush(30)
        mine = [span for span in self.receiver.spans if span.attributes.get("temporalRunID") == run_id]
        traces = {span.trace_id for span in mine}
        return [span for span in self.receiver.spans if span.trace_id in traces]


@pytest.fixture(scope="session")
def listening() -> Iterator[Listening]:
    """Set up from the standard variables, as a worker is."""
    with Receiver() as receiver, pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("OTEL_")]:
            patch.delenv(name)
        patch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", receiver.url)
        # Only when a test asks for it.
        patch.setenv("OTEL_METRIC_EXPORT_INTERVAL", "3600000")
        telemetry = begin(os.environ)
        yield Listening(telemetry, receiver)
        telemetry.end()


@pytest.fixture(scope="session")
def temporal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a tuned, durable server."""
    folder = tmp_path_factory.mktemp("temporal")
    yield ensure_temporal(folder).address
    stop_all(folder)
