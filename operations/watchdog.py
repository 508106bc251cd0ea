"""Ends workflow code that does not come back.

The SDK runs each task in a thread of its own, to be able to notice that it does not end. A replay whose tasks
run on the loop's own thread takes a tenth less CPU; then another thread has to notice.
"""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from temporalio.bridge.runtime import Runtime

__all__ = ["Stuck", "Watchdog"]

PATIENCE_S, LONGEST_S = 2.0, 30.0
"""For one task, in processor time and by the clock. A task takes milliseconds. The SDK gives it two seconds
by the clock, which a busy machine may use up before the code had any; code that waits takes no processor
time."""


class Stuck(Exception):
    """Raised in code that has not come back in time."""

    def __str__(self) -> str:
        return f"it has not come back within {PATIENCE_S:g} s of processor time, or {LONGEST_S:g} s"


class Watchdog:
    """Watches the code of one thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._until: tuple[float, float] | None = None
        """By the processor time of this process, which is hardly more than the thread's, and by the clock."""
        self._thread_id = 0

    @contextmanager
    def on(self) -> Iterator[None]:
        """Watch what is `watched` in here."""
        off = threading.Event()
        thread = threading.Thread(target=self._look, args=(off,), name="watchdog", daemon=True)
        thread.start()
        try:
            yield
        finally:
            off.set()
            thread.join()

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Code that is to come back; Stuck is raised in it when it does not."""
        with self._lock:
            self._thread_id, self._until = threading.get_ident(), patience()
        try:
            yield
        finally:
            with self._lock:
                self._until = None

    def _look(self, off: threading.Event) -> None:
        while not off.wait(PATIENCE_S / 4):
            with self._lock:
                if self._until is not None and (
                    time.process_time() > self._until[0] or time.monotonic() > self._until[1]
                ):
                    self._until = patience()  # it may be caught, and the code go on
                    Runtime._raise_in_thread(self._thread_id, Stuck)


def patience() -> tuple[float, float]:
    return time.process_time() + PATIENCE_S, time.monotonic() + LONGEST_S
