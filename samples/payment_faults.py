"""How the payment service can misbehave, on request, so that its clients can be tested against it.

A fault is arranged by `POST /faults`, for the next requests in turn, or by the header `X-Fault` for its own:
    {"do": "status_before", "status": 503, "retry_after": "2"}   answers so, and does nothing
    {"do": "delay", "seconds": 2.5}                              waits, then does it
    {"do": "delay_after", "seconds": 2.5}                        does it, then waits before it answers
    {"do": "reset_before"}                                       resets the connection, and does nothing
    {"do": "status_after", "status": 500}                        does it, then answers so
    {"do": "reset_after"}, {"do": "cut_after"}, {"do": "garbage_after"}
each with "times" (default 1) and "path" (default any).
"""

import os
import socket
import struct
import threading
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, replace
from http.server import BaseHTTPRequestHandler
from typing import Any

__all__ = ["Fault", "FaultError", "Faults"]

KINDS = {
    "status_before",
    "delay",
    "delay_after",
    "reset_before",
    "status_after",
    "reset_after",
    "cut_after",
    "garbage_after",
    "nothing",
}


class FaultError(Exception):
    """A fault that nobody can arrange."""


@dataclass(frozen=True)
class Fault:
    """One way to misbehave."""

    do: str = "nothing"
    status: int = 503
    seconds: float = 0.0
    retry_after: str | None = None
    times: int = 1
    path: str | None = None

    @classmethod
    def parse(cls, fields: Mapping[str, Any]) -> "Fault":
        """A fault from JSON, or `FaultError`."""
        try:
            fault = cls(**fields)
        except TypeError as error:
            raise FaultError(f"not a fault: {error}") from error
        if fault.do not in KINDS:
            raise FaultError(f"no such fault: {fault.do}")
        return fault

    def before(self, request: BaseHTTPRequestHandler) -> bool:
        """Misbehave before anything is done. True when the request has its answer."""
        if self.do == "delay":
            time.sleep(self.seconds)
        elif self.do == "reset_before":
            reset(request)
        elif self.do == "status_before":
            self._answer(request, b'{"error": "as arranged"}')
        return self.do in ("reset_before", "status_before")

    def after(self, request: BaseHTTPRequestHandler, body: bytes) -> bool:
        """Misbehave after everything is done. True when the request has its answer."""
        if self.do == "delay_after":
            time.sleep(self.seconds)
        elif self.do == "status_after":
            self._answer(request, b'{"error": "as arranged"}')
        elif self.do == "reset_after":
            reset(request)
        elif self.do == "cut_after":
            cut(request, body)
        elif self.do == "garbage_after":
            replace(self, status=200)._answer(request, b"<html>upstream says hello</html>")
        return self.do in ("status_after", "reset_after", "cut_after", "garbage_after")

    def _answer(self, request: BaseHTTPRequestHandler, body: bytes) -> None:
        request.send_response(self.status)
        if self.retry_after is not None:
            request.send_header("Retry-After", self.retry_after)
        request.send_header("Content-Length", str(len(body)))
        request.end_headers()
        request.wfile.write(body)


class Faults:
    """The faults that are arranged, first in, first out."""

    def __init__(self) -> None:
        self._waiting: deque[Fault] = deque()
        self._lock = threading.Lock()

    def arrange(self, fault: Fault) -> None:
        """Let the next `fault.times` requests meet this fault."""
        with self._lock:
            self._waiting.extend([fault] * fault.times)

    def next(self, path: str) -> Fault:
        """The fault for a request to this path; one that does nothing if none is arranged."""
        with self._lock:
            for fault in self._waiting:
                if fault.path in (None, path):
                    self._waiting.remove(fault)
                    return fault
        return Fault()


def reset(request: BaseHTTPRequestHandler) -> None:
    """End the connection with a TCP reset instead of an answer."""
    request.close_connection = True
    request.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    # Closing the socket object would wait for the streams made from it; the reset is wanted now.
    os.close(request.connection.detach())


def cut(request: BaseHTTPRequestHandler, body: bytes) -> None:
    """Send half of the body that the headers announce, then close."""
    request.close_connection = True
    request.send_response(200)
    request.send_header("Content-Length", str(len(body)))
    request.end_headers()
    request.wfile.write(body[: len(body) // 2])
