"""How a program that used Temporal's SDK ends: in order, and with the exit code that it means."""

import logging
import os
import select
import sys
import traceback
from collections.abc import Coroutine
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any, NoReturn

__all__ = ["end", "run"]

INTERRUPTED = 130


def run(program: Coroutine[Any, Any, int | None]) -> NoReturn:
    """Run a program's coroutine and end the process with the exit code that it returns; None is 0.

    What the command line tells in a line is told in a line here too, with the same exit code.
    """
    import asyncio  # here, since programs that only end need it as little as `--help` does

    try:
        code = asyncio.run(program) or 0
    except KeyboardInterrupt:
        code = INTERRUPTED
    except Exception as error:  # noqa: BLE001 (printed, and told by the exit code)
        code = 0 if isinstance(error, BrokenPipeError) and reader_left() else told(error)
    end(code)


def reader_left() -> bool:
    """Whether whoever read the output has seen enough; another broken pipe is somebody else's."""
    output = select.poll()
    output.register(sys.stdout, 0)
    return any(event & (select.POLLERR | select.POLLHUP) for _, event in output.poll(0))


def told(error: Exception) -> int:
    """Tell what went wrong on standard error, and return the exit code: a defect is 1, with its traceback."""
    try:
        # By name, since the workers' image has no commands: its programs only end.
        account = import_module("commands.failures").account_of(error)
    except ModuleNotFoundError:
        account = None
    if account is None:
        traceback.print_exception(error)
        return 1
    from operations.lines import safe

    code, words = account
    program = Path(sys.argv[0]).stem
    sys.stderr.write("".join(f"{program}: {safe(line)}\n" for line in words.splitlines()))
    return int(code)


def end(code: int) -> NoReturn:
    """End the process at once, with everything written out.

    The SDK's threads may crash the interpreter while it takes itself down: about one in ten short scripts
    ended with SIGABRT after it had done its work. By now nothing is left to be taken down.
    """
    logging.shutdown()
    for stream in (sys.stdout, sys.stderr):
        with suppress(BrokenPipeError, ValueError):
            stream.flush()
    os._exit(code)
