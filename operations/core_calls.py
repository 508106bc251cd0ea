"""Calls of the SDK's core, waited for without an event loop."""

import asyncio
from collections.abc import Callable
from threading import Lock
from typing import Any

__all__ = ["Answer", "CoreCalls"]

# The core answers within milliseconds, or never: what panics in it answers nobody.
PATIENCE_S = 30.0


class Answer:
    """As much of a future as the core's bridge needs; whoever wants what is in it waits for it."""

    def __init__(self) -> None:
        self._missing = Lock()
        self._missing.acquire()
        self._value: Any = None
        self._error: BaseException | None = None

    def result(self) -> Any:
        """What the core answers. Raises what it raises, or TimeoutError. To be called once."""
        if not self._missing.acquire(timeout=PATIENCE_S):
            raise TimeoutError(f"the SDK's core has not answered for {PATIENCE_S:.0f} s")
        if self._error is not None:
            raise self._error
        return self._value

    def set_result(self, value: Any) -> None:
        self._value = value
        self._missing.release()

    def set_exception(self, error: BaseException) -> None:
        self._error = error
        self._missing.release()

    def cancelled(self) -> bool:
        return False

    def add_done_callback(self, cancelled: Callable[[Any], object]) -> None:
        """The bridge asks to be told of a cancellation, and nobody here cancels."""
        self._cancelled = cancelled


class CoreCalls:
    """As much of an event loop as the bridge needs.

    A loop of asyncio's takes two turns for each answer of the core, with a system call to be woken and one to
    look for more, also for those that nobody waits for. Here the core's thread puts its answer down.
    """

    def begin(self, call: Callable[..., Any], *args: Any) -> Answer:
        """Call the bridge."""
        # Where the bridge looks for it, and the SDK's instance when it is made; each task takes it off.
        asyncio._set_running_loop(self)  # type: ignore[arg-type]
        answer: Answer = call(*args)
        return answer

    def create_future(self) -> Answer:
        return Answer()

    def call_soon_threadsafe(self, put_down: Callable[..., object], *given: Any, context: Any = None) -> None:
        put_down(*given)
