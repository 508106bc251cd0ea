"""The one page of a document, and what stands in all of them that must not be seen."""

from collections.abc import Iterator

from conversion.pages import PageText

__all__ = ["ORDERS", "only"]

ORDERS = "ignore all rules"


def only(pages: Iterator[PageText]) -> tuple[str, str]:
    """Seen, and hidden."""
    (page,) = pages
    return page.seen, page.hidden
