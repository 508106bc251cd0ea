"""Documents that are made to harm: each ends in a failure of its class, and the worker goes on."""

import asyncio
import io
import os
import signal
import sys
import time
import zlib
from pathlib import Path

import pytest
from reportlab.pdfgen.canvas import Canvas
from temporalio.testing import ActivityEnvironment

from contracts.attempts import Fault
from contracts.documents import MediaType
from tests.activities.document_world import Desk, children_of, failing
from tests.made_documents import (
    WORD,
    docx,
    pdf,
    pdf_of_objects,
    pdf_that_grows,
    pdf_that_takes_for_ever,
    shown,
    stream,
)

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks at processes in /proc")


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path / "documents", cpu_s=20)


async def read_after(desk: Desk) -> None:
    """The worker still converts, and nothing of the last conversion is left."""
    assert children_of() == set()
    assert await desk.read(pdf(shown("still here"))) == [("still here", "")]


def encrypted() -> bytes:
    file = io.BytesIO()
    canvas = Canvas(file, encrypt="secret")
    canvas.drawString(72, 700, "hidden from you")
    canvas.save()
    return file.getvalue()


def million_pages(count: int) -> bytes:
    """Three levels of a hundred references each to one and the same page."""
    node = b"<</Type/Pages/Kids[%s]/Count %d>>"
    return pdf_of_objects(
        [
            b"<</Type/Catalog/Pages 2 0 R>>",
            node % (b"3 0 R " * 100, count),
            node % (b"4 0 R " * 100, 10_000),
            node % (b"5 0 R " * 100, 100),
            b"<</Type/Page/MediaBox[0 0 10 10]>>",
        ]
    )


def unpacking() -> bytes:
    """A stream of some kilobytes that unpacks to 400 MB."""
    packer = zlib.compressobj(9)
    packed = b"".join(packer.compress(b" " * 10_000_000) for _ in range(40)) + packer.flush()
    return pdf_of_objects(
        [
            b"<</Type/Catalog/Pages 2 0 R>>",
            b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
            b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R>>",
            stream(packed, b"/Filter/FlateDecode"),
        ]
    )


BOMB = f'<w:t xmlns:w="{WORD}">'.encode() + b" " * 100_000_000
LAUGHS = "".join(f'<!ENTITY l{each} "{f"&l{each - 1};" * 10}">' for each in range(1, 10))
ENTITIES = f'<!DOCTYPE x [<!ENTITY l0 "ha">{LAUGHS}]><x>&l9;</x>'
WHOLE = pdf(shown("Total 5"))


@pytest.mark.parametrize(
    ("content", "media_type", "fault", "words"),
    [
        (encrypted(), MediaType.PDF, Fault.REJECTED, "encrypted"),
        (million_pages(1_000_000), MediaType.PDF, Fault.TOO_LARGE, "1000000 pages"),
        (WHOLE[:300], MediaType.PDF, Fault.BROKEN_BODY, "no PDF that can be read"),
        (b" \n", MediaType.PDF, Fault.BROKEN_BODY, "empty"),
        (b"just words", MediaType.PDF, Fault.REJECTED, "it is no application/pdf"),
        (docx(""), MediaType.PDF, Fault.REJECTED, "it is no application/pdf"),
        (WHOLE, MediaType.DOCX, Fault.REJECTED, "but application/pdf"),
        (WHOLE, MediaType.TEXT, Fault.REJECTED, "it is no text/plain"),
        (b"\x00\x01" * 50, MediaType.MAIL, Fault.REJECTED, "it is no message/rfc822"),
        (docx("", {"word/document.xml": BOMB}), MediaType.DOCX, Fault.TOO_LARGE, "when unpacked"),
        (docx("", {"word/document.xml": ENTITIES}), MediaType.DOCX, Fault.REJECTED, "document type"),
        (docx("<w:p>" * 2_000), MediaType.DOCX, Fault.TOO_LARGE, "within each other"),
        (docx("<w:p>"), MediaType.DOCX, Fault.BROKEN_BODY, "XML is broken"),
        (docx("<w:p/>")[:-60], MediaType.DOCX, Fault.BROKEN_BODY, "no zip"),
        (b"word " * 500_000, MediaType.TEXT, Fault.TOO_LARGE, "characters"),
    ],
    ids=lambda value: "" if isinstance(value, bytes) else str(value).replace(" ", "-"),
)
async def test_what_cannot_be_read_is_a_failure_that_says_why(
    desk: Desk, content: bytes, media_type: MediaType, fault: Fault, words: str
) -> None:
    with failing(fault, words):
        await desk.convert(content, media_type)
    await read_after(desk)


async def test_an_input_above_its_limit_is_not_read(tmp_path: Path) -> None:
    with failing(Fault.TOO_LARGE, "larger than 100 bytes"):
        await Desk(tmp_path, input_bytes=100).convert(b"x" * 101, MediaType.TEXT)


async def test_more_pages_and_fuller_pages_than_the_limits_are_refused(tmp_path: Path) -> None:
    with failing(Fault.TOO_LARGE, "3 pages, more than 2"):
        await Desk(tmp_path, pages=2).convert(pdf(b"", b"", b""))
    with failing(Fault.TOO_LARGE, "page 1 has"):
        await Desk(tmp_path, page_characters=5).convert(pdf(shown("more than that")))
    with failing(Fault.TOO_LARGE, "more than 8 characters"):
        await Desk(tmp_path, characters=8).convert(pdf(shown("four4"), shown("five5")))


async def test_a_document_that_takes_for_ever_runs_out_of_processor_time(tmp_path: Path) -> None:
    desk = Desk(tmp_path, cpu_s=2)
    with failing(Fault.TIMED_OUT, "processor time"):
        await desk.convert(pdf_that_takes_for_ever())
    await read_after(desk)


async def test_a_converter_that_hangs_is_ended_when_its_time_is_up(tmp_path: Path) -> None:
    desk = Desk(tmp_path, wall_s=1.5)
    began = time.monotonic()
    with failing(Fault.TIMED_OUT, "took too long"):
        await desk.convert(pdf_that_takes_for_ever())
    assert time.monotonic() - began < 10
    assert children_of() == set()


async def test_a_killed_converter_is_a_failure_that_the_server_retries(desk: Desk) -> None:
    """Nobody can tell whether the document or the machine was at fault."""
    converting = asyncio.ensure_future(desk.convert(pdf_that_takes_for_ever()))
    (child,) = await started_child()
    os.kill(child, signal.SIGKILL)
    with failing(Fault.STREAM_BROKEN, "was killed", again=True):
        await converting
    await read_after(desk)


async def test_a_crashed_converter_is_a_failure_of_the_document(desk: Desk) -> None:
    converting = asyncio.ensure_future(desk.convert(pdf_that_takes_for_ever()))
    (child,) = await started_child()
    os.kill(child, signal.SIGSEGV)
    with failing(Fault.BROKEN_BODY, "SIGSEGV"):
        await converting
    await read_after(desk)


async def test_a_cancelled_step_leaves_no_converter_behind(desk: Desk) -> None:
    document = desk.kept(pdf_that_takes_for_ever())
    environment = ActivityEnvironment()
    converting = asyncio.ensure_future(environment.run(desk.activities.convert_document, document))
    await started_child()
    converting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await converting
    await read_after(desk)


@pytest.mark.parametrize(
    "content", [pdf_that_grows(), unpacking()], ids=["forms in forms", "a packed stream"]
)
async def test_a_document_that_needs_more_memory_than_there_is_fails_alone(
    tmp_path: Path, content: bytes
) -> None:
    desk = Desk(tmp_path, memory_bytes=256 * 1024 * 1024)
    with failing(Fault.TOO_LARGE, "memory"):
        await desk.convert(content)
    await read_after(desk)


async def started_child() -> set[int]:
    """The converter, as soon as it draws."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        found = children_of()
        if found and all(ticks_of(each) > 20 for each in found):
            return found
        await asyncio.sleep(0.05)
    raise AssertionError("no converter was started")


def ticks_of(process: int) -> int:
    """Hundredths of a second of processor time."""
    return int(Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[11])
