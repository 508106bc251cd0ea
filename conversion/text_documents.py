"""Documents that are text already: plain text, HTML, and mails with their header lines."""

import codecs
import email.contentmanager
import email.headerregistry
import email.parser
import encodings
import pkgutil
from collections.abc import Iterator
from contextlib import suppress

from conversion.decoding import decoded
from conversion.failing import BROKEN, ConversionError
from conversion.html_text import parted
from conversion.limits import Limits
from conversion.mail_text import BrokenMail, attached_to, header, mail_in, text_of
from conversion.pages import PageText, in_pages

__all__ = ["html_pages", "mail_pages", "text_pages"]

# The email package imports these when a mail is first parsed.
LOADED = (email.contentmanager, email.headerregistry, email.parser)

SHOWN = ("From", "To", "Date", "Subject")

# The same with encodings: a confined process may not reach their files.
for module in pkgutil.iter_modules(encodings.__path__):
    # Some belong to other systems, and some modules there are no encodings.
    with suppress(LookupError, ImportError):
        codecs.lookup(module.name)


def text_pages(content: bytes, limits: Limits) -> Iterator[PageText]:
    """Pages end at form feeds, and where they are full."""
    yield from in_pages(decoded(content), "", limits)


def html_pages(content: bytes, limits: Limits) -> Iterator[PageText]:
    """What elements hide by their own attributes is hidden; style sheets and colours are not judged."""
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
