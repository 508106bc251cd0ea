"""The converter as a process: started, fed, listened to, bounded and ended, whatever the document does to it.

how it ended                                    fault            tried again
its last line says what is wrong                as it says       no
processor time or wall time used up             timed_out        no
a line, a page or a sum above the limits        too_large        no
lines that are none                             broken_body      no
gave up (SIGABRT), as PDFium does for memory    too_large        no
killed (SIGKILL), also for the machine's memory stream_broken    yes
any other signal, or an exit status             broken_body      no
"""

import asyncio
import os
import signal
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from pydantic import Field, TypeAdapter, ValidationError

from contracts.attempts import Fault
from contracts.documents import MOST_PAGE_CHARACTERS, MOST_PAGES, MediaType
from contracts.values import Value
from conversion.limits import Limits

__all__ = ["ConverterFailed", "PageRead", "read_pages"]

CHECKOUT = Path(__file__).parents[1]
# JSON escapes a character in at most six bytes; a page has its text and its hidden text.
LONGEST_LINE = 6 * 2 * MOST_PAGE_CHARACTERS + 1_000


class ConverterFailed(Exception):
    """No pages, and why. One line."""

    def __init__(self, fault: Fault, reason: str, *, again: bool = False) -> None:
        super().__init__(reason)
        self.fault = fault
        self.again = again
        """Whether the same document may well be converted the next time."""


class PageRead(Value):
    """One page, as the converter wrote it."""

    number: int = Field(ge=1, le=MOST_PAGES)
    seen: str = Field(max_length=MOST_PAGE_CHARACTERS)
    hidden: str = Field(max_length=MOST_PAGE_CHARACTERS)
    unread: bool


class Whole(Value):
    """The last line of a document that was converted."""

    pages: int


class Refused(Value):
    """The last line of one that cannot be."""

    fault: Fault
    reason: str = Field(max_length=500)


LINE: TypeAdapter[PageRead | Whole | Refused] = TypeAdapter(PageRead | Whole | Refused)


async def read_pages(
    document: BinaryIO, media_type: MediaType, limits: Limits, wall_s: float
) -> AsyncGenerator[PageRead, None]:
    """Each page as soon as it is read. Raises ConverterFailed; pages before that count for nothing.

    `document` is an open file at its beginning. The process and all that it started are gone when the
    iteration ends, however it ends; use `contextlib.aclosing` to end it early.
    """
    deadline = asyncio.get_running_loop().time() + wall_s
    number = 0
    async with started(document, media_type, limits) as process:
        while isinstance(line := await next_line(process, deadline), PageRead):
            number += 1
            if line.number != number:
                raise ConverterFailed(Fault.BROKEN_BODY, "the converter's pages are out of order")
            yield line
    if isinstance(line, Refused):
        raise ConverterFailed(line.fault, line.reason)
    if line.pages != number:
        raise ConverterFailed(Fault.BROKEN_BODY, f"{number} pages came, of {line.pages}")


@asynccontextmanager
async def started(document: BinaryIO, media_type: MediaType, limits: Limits) -> AsyncIterator[Process]:
    """In a session of its own, so that all of it can be killed; with no environment."""
    arguments = ["-E", "-s", "-B", "-X", "utf8", "-m", "conversion"]
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *arguments,
        media_type.value,
        limits.written(),
        str(os.getpid()),
        stdin=document,
        stdout=PIPE,
        stderr=DEVNULL,
        cwd=CHECKOUT,
        env={},
        start_new_session=True,
        limit=LONGEST_LINE,
    )
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()


async def next_line(process: Process, deadline: float) -> PageRead | Whole | Refused:
    """Raises ConverterFailed for no line in time, and for one that is none."""
    if process.stdout is None:
        raise TypeError("the converter was started without a pipe")
    try:
        async with asyncio.timeout_at(deadline):
            line = await process.stdout.readuntil(b"\n")
    except TimeoutError as error:
        raise ConverterFailed(Fault.TIMED_OUT, "the converter took too long") from error
    except asyncio.LimitOverrunError as error:
        raise ConverterFailed(Fault.TOO_LARGE, "the converter wrote a page above every limit") from error
    except asyncio.IncompleteReadError as error:
        raise ended(await process.wait()) from error
    try:
        return LINE.validate_json(line)
    except ValidationError as error:
        raise ConverterFailed(Fault.BROKEN_BODY, "the converter wrote what is no page") from error


def ended(code: int) -> ConverterFailed:
    """What an end without a last line means."""
    if code == -signal.SIGXCPU:
        return ConverterFailed(Fault.TIMED_OUT, "the converter used up its processor time")
    if code == -signal.SIGKILL:
        return ConverterFailed(Fault.STREAM_BROKEN, "the converter was killed", again=True)
    if code == -signal.SIGABRT:
        return ConverterFailed(Fault.TOO_LARGE, "the converter gave up, as it does for want of memory")
    how = f"by {signal.Signals(-code).name}" if code < 0 else f"with status {code}"
    return ConverterFailed(Fault.BROKEN_BODY, f"the converter ended {how} on this document")
