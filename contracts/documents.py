"""Documents by reference, and their conversion to pages of text.

Bytes and text are in a store that is addressed by their SHA-256 digest; what a history records are names,
digests and counts. Whoever starts a run puts its documents there first.
"""

from datetime import timedelta
from enum import StrEnum
from typing import Annotated, Any

from pydantic import Field, SerializerFunctionWrapHandler, model_serializer

from contracts.steps import Read, StepPolicy
from contracts.values import Value, without_unset

__all__ = [
    "MOST_BYTES",
    "MOST_CHARACTERS",
    "MOST_PAGES",
    "MOST_PAGE_CHARACTERS",
    "ConvertedDocument",
    "Digest",
    "Document",
    "DocumentText",
    "MediaType",
    "Page",
    "PageReference",
    "StoredText",
    "convert_document",
    "read_text",
]

MOST_BYTES = 25_000_000
MOST_PAGES = 500
# A page that is full of small print has about 8,000.
MOST_PAGE_CHARACTERS = 20_000
MOST_CHARACTERS = 2_000_000

# A worker that is lost is noticed after this long. That it died says nothing about the document, and another
# attempt costs nothing.
HEARTBEAT = timedelta(seconds=3)
ATTEMPTS = 6

Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
"""SHA-256, as hex digits."""


class MediaType(StrEnum):
    """What can be converted."""

    PDF = "application/pdf"
    DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
    HTML = "text/html"
    MAIL = "message/rfc822"
    TEXT = "text/plain"


class Document(Value):
    """A file in the store."""

    name: str = Field(min_length=1, max_length=200)
    """As its owner calls it; it decides nothing."""
    digest: Digest
    media_type: MediaType
    size: int = Field(ge=1, le=MOST_BYTES)
    """In bytes."""


class StoredText(Value):
    """A text in the store, as UTF-8."""

    digest: Digest
    characters: int = Field(ge=1, le=MOST_PAGE_CHARACTERS)


class PageReference(Value):
    """One page of a converted document."""

    number: int = Field(ge=1, le=MOST_PAGES)
    text: StoredText | None = None
    """What a person sees on it; None for a page without text."""
    hidden: StoredText | None = None
    """What is on it and cannot be seen, such as white text. Meant for nobody but programs, so never shown to
    a model: a document that has any is for a person to look at."""
    unread: bool = False
    """Whether a person sees something on it that is no text, and no text, as on a scan."""

    @model_serializer(mode="wrap")
    def _brief(self, serialize: SerializerFunctionWrapHandler) -> dict[str, Any]:
        fields = serialize(self) | {"unread": self.unread or None}
        return without_unset(fields, "text", "hidden", "unread")


class ConvertedDocument(Value):
    """Where the text of a document is, page by page."""

    document: Digest
    """Of the file that was converted."""
    converter: str = Field(max_length=60)
    """What read it, with its version."""
    pages: tuple[PageReference, ...] = Field(min_length=1, max_length=MOST_PAGES)

    @property
    def characters(self) -> int:
        """What a person sees, in all."""
        return sum(page.text.characters for page in self.pages if page.text)

    @property
    def hidden_on(self) -> tuple[int, ...]:
        """The numbers of the pages with hidden text."""
        return tuple(page.number for page in self.pages if page.hidden)

    @property
    def unread(self) -> tuple[int, ...]:
        """The numbers of the pages that hold something, and no text."""
        return tuple(page.number for page in self.pages if page.unread)


class Page(Value):
    """What a person sees on one page."""

    number: int = Field(ge=1, le=MOST_PAGES)
    text: str = Field(max_length=MOST_PAGE_CHARACTERS)


class DocumentText(Value):
    """What a person sees in a whole document; pages without text are left out."""

    pages: tuple[Page, ...]


convert_document = Read(
    name="convert_document",
    request=Document,
    reply=ConvertedDocument,
    # 300 pages take about 20 s; the rest is waiting for a converter to be free. A killed converter is tried
    # again, a document that cannot be converted is not.
    policy=StepPolicy(
        attempt_timeout=timedelta(minutes=10),
        attempts=ATTEMPTS,
        heartbeat=HEARTBEAT,
        first_wait=timedelta(seconds=1),
    ),
    local=False,
)

read_text = Read(
    name="read_text",
    request=ConvertedDocument,
    reply=DocumentText,
    policy=StepPolicy(
        attempt_timeout=timedelta(seconds=60),
        attempts=ATTEMPTS,
        heartbeat=HEARTBEAT,
        first_wait=timedelta(milliseconds=200),
    ),
    local=False,
    # A reference for each of the most pages that there may be.
    max_request_bytes=160_000,
)
