"""How a program that used Temporal's SDK ends: in order, and with the exit code that it means."""

import logging
import os
import sys
import traceback
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any, NoReturn

__all__ = ["end", "run"]

INTERRUPTED = 130


def run(program: Coroutine[Any, Any, int | None]) -> NoReturn:
    """Run a program's coroutine and end the process with the exit code that it returns; None is 0."""
    import asyncio  # here, since programs that only end need it as little as `--help` does

    try:
        code = asyncio.run(program) or 0
    except KeyboardInterrupt:
        code = INTERRUPTED
    except Exception:  # noqa: BLE001 (printed, and told by the exit code)
        traceback.print_exc()
        code = 1
    end(code)


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
