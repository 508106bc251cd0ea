"""Documents put into a store and converted by the real activity, in a real converter."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from activities.documents import LIMITS, DocumentActivities
from contracts.attempts import Cost, Failure, Fault
from contracts.documents import ConvertedDocument, Document, MediaType, StoredText
from conversion.limits import Limits
from payloads.storage import documents_in

__all__ = ["Desk", "children_of", "failing"]


class Desk:
    """A store, and what converts."""

    def __init__(self, folder: Path, wall_s: float = 60, **limits: Any) -> None:
        self.store = documents_in(folder)
        self.limits: Limits = replace(LIMITS, **limits)
        self.activities = DocumentActivities(self.store, limits=self.limits, wall_s=wall_s)

    def kept(self, content: bytes, media_type: MediaType = MediaType.PDF) -> Document:
        """What a starter puts there."""
        return Document(
            name="a document", digest=self.store.put(content), media_type=media_type, size=len(content)
        )

    async def convert(self, content: bytes, media_type: MediaType = MediaType.PDF) -> ConvertedDocument:
        """As a worker does."""
        document = self.kept(content, media_type)
        converted: ConvertedDocument = await ActivityEnvironment().run(
            self.activities.convert_document, document
        )
        return converted

    async def read(self, content: bytes, media_type: MediaType = MediaType.PDF) -> list[tuple[str, str]]:
        """What is seen and what is hidden on each page."""
        converted = await self.convert(content, media_type)
        return [(self.text(page.text), self.text(page.hidden)) for page in converted.pages]

    def text(self, stored: StoredText | None) -> str:
        """Empty for none."""
        return "" if stored is None else self.store.get(stored.digest).decode()


@contextmanager
def failing(fault: Fault, words: str, *, again: bool = False) -> Iterator[None]:
    """The block ends in a failure of this class that costs nothing and says so."""
    with pytest.raises(ApplicationError, match=words) as caught:
        yield
    (failure,) = caught.value.details
    assert isinstance(failure, Failure)
    assert (failure.fault, failure.cost) == (fault, Cost.NONE)
    assert caught.value.type == fault.value
    assert caught.value.non_retryable is not again


def children_of(process: int | None = None) -> set[int]:
    """The processes that one started, on Linux; of this one, only converters: other tests start servers."""
    number = process or os.getpid()
    children = {
        child for thread in Path(f"/proc/{number}/task").iterdir() for child in children_of_thread(thread)
    }
    return children if process is not None else {child for child in children if is_converter(child)}


def children_of_thread(thread: Path) -> set[int]:
    """None of one that has ended since it was listed: /proc then has no file, or gives no content."""
    try:
        return {int(child) for child in (thread / "children").read_text().split()}
    except (FileNotFoundError, ProcessLookupError):
        return set()


def is_converter(process: int) -> bool:
    try:
        return b"conversion" in Path(f"/proc/{process}/cmdline").read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return False
