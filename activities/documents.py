"""Documents to pages: each in a converter of its own, page by page into the store."""

import asyncio
import platform
from collections.abc import Callable, Iterator
from contextlib import aclosing
from importlib.metadata import version
from typing import Any, BinaryIO

from temporalio import activity
from temporalio.exceptions import ApplicationError

from activities.converter import ConverterFailed, PageRead, read_pages
from activities.failures import failed, one_line
from activities.heartbeats import heartbeating
from contracts.attempts import Cost, Failure, Fault
from contracts.documents import (
    MOST_BYTES,
    MOST_CHARACTERS,
    MOST_PAGE_CHARACTERS,
    MOST_PAGES,
    ConvertedDocument,
    Document,
    DocumentText,
    MediaType,
    Page,
    PageReference,
    StoredText,
    convert_document,
    read_text,
)
from conversion.limits import Limits
from payloads.folder import BlobAlteredError, BlobFolder, BlobMissingError

__all__ = ["LIMITS", "DocumentActivities"]

LIMITS = Limits(
    input_bytes=MOST_BYTES,
    pages=MOST_PAGES,
    page_characters=MOST_PAGE_CHARACTERS,
    characters=MOST_CHARACTERS,
    memory_bytes=512 * 1024 * 1024,
    # 300 pages of a list take about 20 s.
    cpu_s=120,
)
# Below the step's timeout: waiting for a free converter comes on top.
WALL_S = 180.0
# Each may use its whole memory, and a worker has about a gigabyte.
CONVERTERS = 2


class DocumentActivities:
    """Documents and their text in one store."""

    def __init__(
        self,
        store: BlobFolder,
        *,
        limits: Limits = LIMITS,
        wall_s: float = WALL_S,
        converters: int = CONVERTERS,
    ) -> None:
        self._store = store
        self._limits = limits
        self._wall_s = wall_s
        self._free = asyncio.Semaphore(converters)

    def activities(self) -> list[Callable[..., Any]]:
        """What a worker registers."""
        return [self.convert_document, self.read_text]

    @activity.defn(name=convert_document.name)
    async def convert_document(self, document: Document) -> ConvertedDocument:
        """The pages of the document, their text in the store.

        Fails as `not_found` for a document that is not in the store, `rejected` for one that is encrypted or
        not what it says to be, `broken_body` for a damaged or altered one, `too_large`, or `timed_out`. A
        converter that was killed fails as `stream_broken`, which the server retries.
        """
        async with heartbeating(), self._free:
            try:
                with await asyncio.to_thread(self._store.open, document.digest) as content:
                    pages = await self._pages(content, document.media_type)
            except (BlobMissingError, BlobAlteredError) as error:
                raise lost(error) from error
            except ConverterFailed as error:
                raise failure_of(error) from error
        return ConvertedDocument(
            document=document.digest, converter=reader_of(document.media_type), pages=tuple(pages)
        )

    @activity.defn(name=read_text.name)
    async def read_text(self, document: ConvertedDocument) -> DocumentText:
        """What a person sees in it. Fails as `not_found` or `broken_body`."""
        try:
            async with heartbeating():
                return DocumentText(pages=await asyncio.to_thread(lambda: tuple(self._texts(document))))
        except (BlobMissingError, BlobAlteredError) as error:
            raise lost(error) from error

    def _texts(self, document: ConvertedDocument) -> Iterator[Page]:
        for page in document.pages:
            if page.text is not None:
                yield Page(number=page.number, text=self._store.get(page.text.digest).decode())

    async def _pages(self, content: BinaryIO, media_type: MediaType) -> list[PageReference]:
        """One page at a time is in memory."""
        pages: list[PageReference] = []
        characters = 0
        async with aclosing(read_pages(content, media_type, self._limits, self._wall_s)) as reading:
            async for page in reading:
                characters += len(page.seen) + len(page.hidden)
                if len(pages) == self._limits.pages or characters > self._limits.characters:
                    raise ConverterFailed(Fault.TOO_LARGE, "the converter wrote more than the limits allow")
                pages.append(await asyncio.to_thread(self._kept, page))
        if not pages:
            raise ConverterFailed(Fault.BROKEN_BODY, "it has no page")
        return pages

    def _kept(self, page: PageRead) -> PageReference:
        return PageReference(
            number=page.number,
            text=self._kept_text(page.seen),
            hidden=self._kept_text(page.hidden),
            unread=page.unread,
        )

    def _kept_text(self, text: str) -> StoredText | None:
        if not text:
            return None
        # The converter's word is not taken for it that UTF-8 can carry this.
        text = text.encode("utf-8", "replace").decode("utf-8")
        return StoredText(digest=self._store.put(text.encode("utf-8")), characters=len(text))


def reader_of(media_type: MediaType) -> str:
    """What reads this kind, with its version."""
    if media_type is MediaType.PDF:
        return f"pypdfium2 {version('pypdfium2')}"
    return f"python {platform.python_version()}"


def lost(error: BlobMissingError | BlobAlteredError) -> ApplicationError:
    fault = Fault.BROKEN_BODY if isinstance(error, BlobAlteredError) else Fault.NOT_FOUND
    return failed(fault, Cost.NONE, str(error))


def failure_of(error: ConverterFailed) -> ApplicationError:
    """Retried by the server only where the next attempt may well succeed."""
    failure = Failure(fault=error.fault, cost=Cost.NONE, reason=one_line(str(error)))
    message = f"{failure.fault.value}: {failure.reason}"
    return ApplicationError(message, failure, type=failure.fault.value, non_retryable=not error.again)
