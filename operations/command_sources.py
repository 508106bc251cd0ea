"""Which line of a workflow's module issued a command, from the coroutines' stack at that moment."""

import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import FrameType
from typing import Any

from temporalio.worker import WorkflowInstance

__all__ = ["Source", "place_in_trace", "watch"]

CHECKOUT = Path(__file__).resolve().parents[1]
ORCHESTRATION = CHECKOUT / "workflows"
KERNEL = str(ORCHESTRATION / "kernel")
TRACED = re.compile(r'File "(.+?)", line (\d+)')


@dataclass(frozen=True)
class Source:
    """A place in a workflow's module."""

    file: str
    """Below the checkout where it is there."""
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


def watch(instance: WorkflowInstance, module: str, note: Callable[[Source | None], None]) -> None:
    """Have `note` called with the source of each command of an instance, in their order.

    A command of the kernel's own accord (a search attribute, the deadline) has the line that the story has
    come to; it is None before the story begins.
    """
    implementation = implementation_of(instance)
    add = implementation._add_command
    files = own_files(module)

    def noted() -> Any:
        note(place(sys._getframe(1), files) or place_of_tasks(implementation, files))
        return add()

    implementation._add_command = noted


def implementation_of(instance: WorkflowInstance) -> Any:
    """The SDK's own instance, below what is wrapped around it and inside the sandbox."""
    found: Any = instance
    while not hasattr(found, "_add_command"):
        if hasattr(found, "globals_and_locals"):
            found = found.globals_and_locals["__temporal_in_sandbox"].instance
        else:
            found = found._instance
    return found


@cache
def own_files(module: str) -> Callable[[str], bool]:
    """Whether a file is the workflow's, or any other of `workflows/` that is not the kernel's."""
    own = getattr(sys.modules.get(module), "__file__", None)
    orchestration = f"{ORCHESTRATION}/"

    @cache
    def is_own(file: str) -> bool:
        return file == own or (file.startswith(orchestration) and not file.startswith(KERNEL))

    return is_own


def place(frame: FrameType | None, own: Callable[[str], bool]) -> Source | None:
    """The innermost own line of a stack that runs."""
    while frame is not None:
        if own(frame.f_code.co_filename):
            return source(frame.f_code.co_filename, frame.f_lineno)
        frame = frame.f_back
    return None


def place_in_trace(trace: str, module: str) -> Source | None:
    """The innermost own line of a stack trace in words."""
    own = own_files(module)
    found = [source(file, int(line)) for file, line in TRACED.findall(trace) if own(file)]
    return found[-1] if found else None


def place_of_tasks(implementation: Any, own: Callable[[str], bool]) -> Source | None:
    """The innermost own line at which a task waits: the story's, or the workflow's main one's without it."""
    found: Source | None = None
    main = implementation._primary_task
    for task in sorted(implementation._tasks, key=lambda each: each is not main):
        for frame in awaited(task.get_coro()):
            if own(frame.f_code.co_filename):
                # Of a coroutine that has not begun it is the line of its definition.
                found = source(frame.f_code.co_filename, frame.f_lineno)
    return found


def awaited(coroutine: Any) -> Iterator[FrameType]:
    """The frames of a coroutine and of those that it waits for, outermost first."""
    while coroutine is not None and getattr(coroutine, "cr_frame", None) is not None:
        yield coroutine.cr_frame
        coroutine = coroutine.cr_await


@cache
def source(file: str, line: int) -> Source:
    path = Path(file)
    return Source(str(path.relative_to(CHECKOUT)) if path.is_relative_to(CHECKOUT) else path.name, line)
