"""Calls of the SDK's core, waited for without an event loop."""

import asyncio
from collections.abc import Awaitable, Callable
from queue import SimpleQueue
from typing import Any

__all__ = ["CoreCalls"]


class CoreCalls:
    """As much of an event loop as the core's bridge needs: futures, and a way back into this thread.

    A loop of asyncio's takes two turns for each answer of the core, with a system call to be woken and one to
    look for more. Here the answer is handed over.
    """

    def __init__(self) -> None:
        self._calls = SimpleQueue[tuple[Callable[..., object], tuple[Any, ...]]]()

    def result_of(self, begun: Callable[..., Awaitable[Any]], *args: Any) -> Any:
        """Call the bridge, and wait. Raises what the core answers."""
        # Where the bridge looks for it, and the SDK's instance when it is made; each task takes it off.
        asyncio._set_running_loop(self)  # type: ignore[arg-type]
        future: Any = begun(*args)
        while not future.done():
            answer, given = self._calls.get()
            answer(*given)
        return future.result()

    def create_future(self) -> asyncio.Future[Any]:
        return asyncio.Future(loop=self)  # type: ignore[arg-type]

    def call_soon_threadsafe(self, answer: Callable[..., object], *given: Any, context: Any = None) -> None:
        """The bridge's, from a thread of the core's."""
        self._calls.put((answer, given))

    call_soon = call_soon_threadsafe

    def get_debug(self) -> bool:
        return False
