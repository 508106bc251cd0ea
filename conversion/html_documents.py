"""HTML, and mails with their header lines, which may hold HTML."""

import email.contentmanager
import email.headerregistry
import email.parser
from collections.abc import Iterator

from conversion.decoding import decoded, load_encodings
from conversion.failing import BROKEN, ConversionError
from conversion.html_text import parted
from conversion.limits import Limits
from conversion.mail_text import BrokenMail, attached_to, header, mail_in, text_of
from conversion.pages import PageText, in_pages

__all__ = ["html_pages", "mail_pages"]

# A confined process may not reach files, so what is loaded for the first mail or page of HTML is loaded now.
LOADED = (email.contentmanager, email.headerregistry, email.parser)
load_encodings()
parted("")

SHOWN = ("From", "To", "Date", "Subject")


def html_pages(content: bytes, limits: Limits) -> Iterator[PageText]:
    """What elements hide by their own attributes is hidden, and so is a sheet that may hide some."""
    seen, hidden = parted(decoded(content))
    yield from in_pages(seen, hidden, limits)


def mail_pages(content: bytes, limits: Limits) -> Iterator[PageText]:
    """Header lines, text, and the names of what is attached, which is a document of its own."""
    try:
        message = mail_in(content)
        headers = [(name, " ".join(header(message, name).split())) for name in SHOWN]
        text = text_of(message)
        attached = [f"[attached: {name}]" for name in attached_to(message)]
    except BrokenMail as error:
        raise ConversionError(BROKEN, str(error)) from error
    lines = [*(f"{name}: {value}" for name, value in headers if value), "", text.seen, "", *attached]
    yield from in_pages("\n".join(lines), text.hidden, limits)
