"""A small OTLP/HTTP receiver that keeps what it gets; run as a module it prints each run's spans as a tree.

python -m telemetry.receiver            # listens on 127.0.0.1:4318
OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:4318 python worker.py
"""

import argparse
import gzip
import sys
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
    ExportMetricsServiceResponse,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.common.v1.common_pb2 import KeyValue

from telemetry.span_tree import ReceivedEvent, ReceivedSpan, tree

__all__ = ["Point", "Receiver"]

PORT = 4318
# A run's last spans come within two exports of one another.
SETTLED_S = 6.0


@dataclass(frozen=True)
class Point:
    """One series of a metric as it was last received."""

    name: str
    attributes: dict[str, Any]
    value: float
    """Of a histogram its count."""
    unit: str
    kind: str
    """`counter`, `gauge` (also what goes up and down) or `histogram`."""


@dataclass
class Receiver:
    """Listens while it is entered. What was received is read from any thread."""

    port: int = 0
    spans: list[ReceivedSpan] = field(default_factory=list)
    points: dict[tuple[str, str, str], Point] = field(default_factory=dict)
    """By instance of the sender, name and attributes."""

    def __enter__(self) -> "Receiver":
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                if self.headers.get("Content-Encoding") == "gzip":
                    body = gzip.decompress(body)
                answer = receiver.take(self.path, body)
                self.send_response(200 if answer is not None else 404)
                self.send_header("Content-Type", "application/x-protobuf")
                self.send_header("Content-Length", str(len(answer or b"")))
                self.end_headers()
                self.wfile.write(answer or b"")

            def log_message(self, format: str, *args: Any) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        self._server.daemon_threads = True
        self.port = self._server.server_port
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def take(self, path: str, body: bytes) -> bytes | None:
        """Keep one request's content; None for a signal that is not known."""
        match path:
            case "/v1/traces":
                for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
                    for scope in resource.scope_spans:
                        self.spans += [span_of(span) for span in scope.spans]
                return ExportTraceServiceResponse().SerializeToString()
            case "/v1/metrics":
                for metrics in ExportMetricsServiceRequest.FromString(body).resource_metrics:
                    sender = attributes_of(metrics.resource.attributes).get("service.instance.id", "")
                    for group in metrics.scope_metrics:
                        for metric in group.metrics:
                            self._keep(str(sender), metric)
                return ExportMetricsServiceResponse().SerializeToString()
        return None

    def _keep(self, sender: str, metric: Any) -> None:
        kind = metric.WhichOneof("data")
        data = getattr(metric, kind)
        for point in data.data_points:
            attributes = attributes_of(point.attributes)
            value = point.count if kind == "histogram" else getattr(point, point.WhichOneof("value"))
            kept = Point(metric.name, attributes, float(value), metric.unit, kind_of(kind, data))
            self.points[sender, metric.name, repr(sorted(attributes.items()))] = kept

    def metric(self, name: str) -> list[Point]:
        """Every series of a metric."""
        return [point for point in list(self.points.values()) if point.name == name]


def kind_of(kind: str, data: Any) -> str:
    if kind == "sum":
        return "counter" if data.is_monotonic else "gauge"
    return kind


def attributes_of(pairs: Any) -> dict[str, Any]:
    return {pair.key: value_of(pair) for pair in pairs}


def value_of(pair: KeyValue) -> Any:
    kind = pair.value.WhichOneof("value")
    return None if kind is None else getattr(pair.value, kind)


def span_of(span: Any) -> ReceivedSpan:
    return ReceivedSpan(
        trace_id=span.trace_id.hex(),
        span_id=span.span_id.hex(),
        parent_id=span.parent_span_id.hex(),
        name=span.name,
        start_ns=span.start_time_unix_nano,
        end_ns=span.end_time_unix_nano,
        attributes=attributes_of(span.attributes),
        failed=span.status.code == 2,
        events=tuple(
            ReceivedEvent(event.name, event.time_unix_nano, attributes_of(event.attributes))
            for event in span.events
        ),
    )


def main() -> int:
    """Print each trace once its run has ended and nothing more comes."""
    parser = argparse.ArgumentParser(prog="python -m telemetry.receiver")
    parser.add_argument("--port", type=int, default=PORT)
    options = parser.parse_args()
    with Receiver(options.port) as receiver:
        sys.stderr.write(f"receiving OTLP at {receiver.url}\n")
        printed: set[str] = set()
        sizes: dict[str, tuple[int, float]] = {}
        try:
            while True:
                time.sleep(0.5)
                for trace_id in {span.trace_id for span in list(receiver.spans)} - printed:
                    spans = [span for span in list(receiver.spans) if span.trace_id == trace_id]
                    size, since = sizes.get(trace_id, (0, 0.0))
                    if len(spans) != size:
                        sizes[trace_id] = (len(spans), time.monotonic())
                    elif time.monotonic() - since > SETTLED_S and any("run " in s.name for s in spans):
                        printed.add(trace_id)
                        sys.stdout.write(tree(spans) + "\n\n")
                        sys.stdout.flush()
        except KeyboardInterrupt:
            return 0


if __name__ == "__main__":
    sys.exit(main())
