"""How a command ends: exit codes, and one clear line for everything that can go wrong."""

import shutil
import textwrap
from enum import IntEnum
from pathlib import Path
from typing import TextIO

__all__ = ["CommandError", "Exit", "account_of", "told"]


class Exit(IntEnum):
    """The command line's exit codes, as `--help` lists them."""

    OK = 0
    FAILED = 1
    """A run failed, or something was refused."""
    BAD_INPUT = 2
    UNREACHABLE = 3
    """No server, or no worker."""
    FOUND = 4
    """Verification, replay, a backtest or reconciliation found something."""
    INTERRUPTED = 130


class CommandError(Exception):
    """The command cannot go on; its lines go to a person, the code to a script."""

    def __init__(self, code: Exit, line: str) -> None:
        super().__init__(line)
        self.code = code


def account_of(error: BaseException) -> tuple[Exit, str] | None:
    """The code and the line for an error that is understood; None for a defect.

    Imported parts are looked up here and not above, so that a command which never fails never loads them.
    """
    if isinstance(error, CommandError):
        return error.code, str(error)
    from temporalio.service import RPCError, RPCStatusCode

    from activities.catalogue import CatalogueError
    from activities.database import DatabaseError
    from activities.usage_files import UsageFileError
    from connection import NotConnected
    from embedded.stack import ServiceError, home
    from embedded.weights import WeightsError
    from operations.answering import NobodyWorks, NotAnswered
    from operations.histories import HistoryError
    from operations.inbox import InboxError
    from operations.starting import InputRefused, TermsRefused
    from payloads.folder import PayloadsError

    if isinstance(
        error, (CatalogueError, HistoryError, InboxError, InputRefused, TermsRefused, UsageFileError)
    ):
        return Exit.BAD_INPUT, str(error)
    if isinstance(error, (NotConnected, NobodyWorks, DatabaseError)):
        return Exit.UNREACHABLE, str(error)
    if isinstance(error, (NotAnswered, PayloadsError, ServiceError, WeightsError)):
        return Exit.FAILED, str(error)
    if isinstance(error, RPCError):
        silent = error.status in (RPCStatusCode.UNAVAILABLE, RPCStatusCode.DEADLINE_EXCEEDED)
        if not silent:
            return Exit.FAILED, f"the Temporal server refuses: {error.message}"
        step = "check TEMPORAL_ADDRESS, or start one with `python starter.py dev`"
        return Exit.UNREACHABLE, f"the Temporal server does not answer: {error.message}; {step}"
    # A TimeoutError without a number is no answer of the system but a limit of our own, and a defect here.
    if isinstance(error, OSError) and (error.errno is not None or not isinstance(error, TimeoutError)):
        if Path(str(error.filename)).is_relative_to(home()):
            step = f"everything local is kept in {home()}; set TENUTO_HOME to a folder that can be written"
            return Exit.FAILED, f"{error.filename}: {error.strerror}; {step}"
        return Exit.FAILED, f"{error.filename or 'input or output'}: {error.strerror or error}"
    return None


def told(words: str, stream: TextIO) -> str:
    """The lines of an error as they are printed; on a terminal none is longer than it is wide."""
    from operations.lines import safe

    lines = [f"starter: {safe(line)}" for line in words.splitlines() or [""]]
    if stream.isatty():
        width = max(20, shutil.get_terminal_size().columns - 1)
        # An id or a path is copied whole: only the terminal may cut it.
        wrapper = textwrap.TextWrapper(
            width, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False
        )
        lines = [part for line in lines for part in wrapper.wrap(line)]
    return "".join(f"{line}\n" for line in lines)
