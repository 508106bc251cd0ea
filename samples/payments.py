"""The sample payment service: `python -m samples.payments --port PORT --journal FILE`.

It knows no keys, so it listens on the loopback interface; `--host` is for a network of its own.

    POST /refunds       {"order_number", "amount"}        201 {"refund_id", "order_number", "amount"}
    POST /refunds/void  {"order_number", "refund_key"}    200 {"existed"}
    GET  /refunds       every refund and void             GET /health

Both POSTs need an `Idempotency-Key`. The same key and body get the same answer again, with
`Idempotent-Replayed: true`; another body 422. A refund of more than the order cost, a second refund of an
order or one whose key was voided: 409. `POST /faults` and the header `X-Fault` make it misbehave, see
`samples.payment_faults`.
"""

import argparse
import json
import os
import signal
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from samples.build_shop import ORDERS
from samples.payment_faults import Fault, FaultError, Faults
from samples.refund_book import Done, JournalError, Refund, RefundBook, Refused, charges_of

__all__ = ["PaymentServer", "main", "serving"]

LOOPBACK = "127.0.0.1"
LARGEST_BODY = 10_000


class PaymentServer(ThreadingHTTPServer):
    """The service, bound to a port; port 0 takes any free one."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(
        self, port: int, journal: Path, charges: Mapping[str, int] | None = None, host: str = LOOPBACK
    ) -> None:
        if charges is None:
            charges = {order.number: order.total_cents for order in ORDERS}
        self.book = RefundBook(journal, charges)
        self.faults = Faults()
        self.host = host
        try:
            super().__init__((host, port), PaymentHandler)
        except OSError:
            self.book.close()
            raise

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://{self.host}:{self.server_port}"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is no error of the service."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)

    def server_close(self) -> None:
        """Stop listening and give the journal free."""
        super().server_close()
        self.book.close()


class PaymentHandler(BaseHTTPRequestHandler):
    """One connection."""

    server: PaymentServer
    protocol_version = "HTTP/1.1"
    # A connection that says nothing is closed, so that its thread ends.
    timeout = 60

    def do_GET(self) -> None:
        """Show the book."""
        book = self.server.book
        if self.path == "/health":
            self._answer(200, {"ok": True, "refunds": len(book.refunds())})
        elif self.path == "/refunds":
            refunds = [
                {**told(refund), "key": refund.key, "attempt_id": refund.attempt_id, "voided": voided}
                for refund, voided in book.refunds()
            ]
            voids = [
                {"order_number": void.order_number, "refund_key": void.refund_key, "existed": void.existed}
                for void in book.voids()
            ]
            self._answer(200, {"refunds": refunds, "voids": voids})
        else:
            self._answer(404, {"error": "no such page"})

    def do_POST(self) -> None:
        """Refund, void, or arrange a fault."""
        try:
            body = self._body()
            if self.path == "/faults":
                self.server.faults.arrange(Fault.parse(body))
                self._answer(200, {"arranged": True})
            elif self.path in ("/refunds", "/refunds/void"):
                self._act(body)
            else:
                raise Refused(404, "no such page")
        except Refused as refused:
            self._answer(refused.status, {"error": refused.reason})
        except FaultError as error:
            self._answer(400, {"error": str(error)})

    def _act(self, body: dict[str, Any]) -> None:
        header = self.headers.get("X-Fault")
        fault = self.server.faults.next(self.path) if header is None else Fault.parse(json_object(header))
        if fault.before(self):
            return
        act = self._refund if self.path == "/refunds" else self._void
        status, done = act(body)
        shown = told(done.entry) if isinstance(done.entry, Refund) else {"existed": done.entry.existed}
        if not fault.after(self, json.dumps(shown).encode()):
            self._answer(status, shown, {"Idempotent-Replayed": "true"} if done.replayed else {})

    def _refund(self, body: dict[str, Any]) -> tuple[int, Done]:
        order_number, cents = text_field(body, "order_number"), cents_of(text_field(body, "amount"))
        return 201, self.server.book.refund(self._key(), order_number, cents, self._attempt())

    def _void(self, body: dict[str, Any]) -> tuple[int, Done]:
        order_number, refund_key = text_field(body, "order_number"), text_field(body, "refund_key")
        return 200, self.server.book.void(self._key(), order_number, refund_key, self._attempt())

    def _key(self) -> str:
        key = self.headers.get("Idempotency-Key", "")
        if not 1 <= len(key) <= 500:
            raise Refused(400, "the Idempotency-Key header must have 1 to 500 characters")
        return key

    def _attempt(self) -> str:
        return self.headers.get("X-Client-Request-Id", "")[:200]

    def _body(self) -> dict[str, Any]:
        length = self.headers.get("Content-Length", "")
        if not (length.isascii() and length.isdigit() and int(length) <= LARGEST_BODY):
            # What was announced is not read, so nothing after it can be understood.
            self.close_connection = True
            raise Refused(400, f"the body must have a Content-Length of at most {LARGEST_BODY}")
        return json_object(self.rfile.read(int(length)))

    def _answer(
        self, status: int, content: Mapping[str, Any], headers: Mapping[str, str] | None = None
    ) -> None:
        body = json.dumps(content).encode()
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", **(headers or {})}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing: the journal says what happened."""


def told(refund: Refund) -> dict[str, str]:
    """A refund as its customer is told of it."""
    amount = str(Decimal(refund.cents).scaleb(-2))
    return {"refund_id": refund.refund_id, "order_number": refund.order_number, "amount": amount}


def json_object(text: bytes | str) -> dict[str, Any]:
    """The text as a JSON object, or 400."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        raise Refused(400, "not a JSON object")
    return value


def text_field(body: Mapping[str, Any], name: str) -> str:
    """A field that must be a text that is not empty."""
    value = body.get(name)
    if not isinstance(value, str) or not value:
        raise Refused(400, f"{name} must be a text")
    return value


def cents_of(amount: str) -> int:
    """A decimal amount in dollars as whole cents, or 400."""
    try:
        cents = Decimal(amount).scaleb(2)
    except ArithmeticError:
        raise Refused(400, "amount must be a decimal number") from None
    if not (cents.is_finite() and 0 < cents < 10**12 and cents == cents.to_integral_value()):
        raise Refused(400, "amount must be positive and in whole cents")
    return int(cents)


@contextmanager
def serving(
    journal: Path, charges: Mapping[str, int] | None = None, port: int = 0, host: str = LOOPBACK
) -> Iterator[PaymentServer]:
    """The service in a thread of this process, until the block ends."""
    with PaymentServer(port, journal, charges, host) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


def main(arguments: Sequence[str]) -> int:
    """Serve until SIGINT or SIGTERM. Returns the process's exit code."""
    parser = argparse.ArgumentParser(description="A payment service to try refunds against.")
    parser.add_argument("--host", default=LOOPBACK, help="where to listen (default: %(default)s)")
    parser.add_argument("--port", type=int, default=8799, help="0 for any free one (default: %(default)s)")
    parser.add_argument("--journal", type=Path, required=True, help="where refunds are kept")
    parser.add_argument(
        "--shop", type=Path, help="the shop's database, for what orders cost (default: the sample's)"
    )
    options = parser.parse_args(arguments)
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    try:
        charges = None if options.shop is None else charges_of(options.shop)
        with serving(options.journal, charges, options.port, options.host) as server:
            sys.stdout.write(f"payments at {server.url}\n")
            sys.stdout.flush()
            stop.wait()
    except (JournalError, OSError) as error:
        sys.stderr.write(f"payments: {error}\n")
        return 1
    return os.EX_OK


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
