"""A file as a document: into the store first, so that a run's input is only its reference."""

from contracts.documents import MOST_BYTES, Document, MediaType
from conversion.failing import ConversionError
from conversion.media_types import SNIFFED, check_kind, media_type_of
from operations.ticket_making import InboxError
from payloads.folder import BlobFolder

__all__ = ["keep_document"]

LONGEST_NAME = 200
KNOWN = ".pdf, .docx, .html, .eml, .txt"


def keep_document(name: str, content: bytes, store: BlobFolder) -> Document:
    """Put it into the store; its kind is told by the ending of its name and must be what its bytes are.

    Raises InboxError for a document that no converter would take, and OSError when it cannot be kept.
    """
    try:
        name.encode()
    except UnicodeEncodeError:
        raise InboxError("its name is not UTF-8; rename it") from None
    if len(name) > LONGEST_NAME:
        how = f"{len(name)} characters, of at most {LONGEST_NAME}"
        raise InboxError(f"its name has {how}; shorten it, or give its own folder")
    media_type = media_type_of(name)
    if media_type is None:
        raise InboxError(f"unknown kind; known: {KNOWN}")
    if len(content) > MOST_BYTES:
        raise InboxError(f"larger than {MOST_BYTES // 1_000_000} MB")
    try:
        check_kind(media_type, content[:SNIFFED])
    except ConversionError as error:
        raise InboxError(error.reason) from error
    return Document(
        name=name,
        digest=store.put(content),
        media_type=MediaType(media_type),
        size=len(content),
    )
