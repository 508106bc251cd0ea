"""Plain text as pages."""

from collections.abc import Iterator

from conversion.decoding import decoded, load_encodings
from conversion.limits import Limits
from conversion.pages import PageText, in_pages

__all__ = ["text_pages"]

load_encodings()


def text_pages(content: bytes, limits: Limits) -> Iterator[PageText]:
    """Pages end at form feeds, and where they are full."""
    yield from in_pages(decoded(content), "", limits)
