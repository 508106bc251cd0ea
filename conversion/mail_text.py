"""The text of a mail as its reader would see it, whatever is broken in it."""

from collections.abc import Callable
from dataclasses import dataclass
from email import message_from_bytes
from email.errors import MessageError
from email.message import EmailMessage, MIMEPart
from email.policy import default
from functools import partial
from typing import TypeVar

from conversion.decoding import clean, decoded
from conversion.html_text import parted

__all__ = ["BrokenMail", "MailText", "attached_to", "header", "mail_in", "text_of"]

Read = TypeVar("Read")


class BrokenMail(Exception):
    """What keeps a mail from being read, in one line."""


@dataclass(frozen=True)
class MailText:
    """Its best text; empty when there is none."""

    seen: str
    hidden: str


def mail_in(content: bytes) -> EmailMessage:
    """Raises BrokenMail when it is none."""
    message = parse(lambda: message_from_bytes(content, policy=default))
    if not message.keys() or b"\0" in content[:1_000]:
        raise BrokenMail("not a mail")
    return message


def header(message: EmailMessage, name: str) -> str:
    """Empty when the mail has none of that name."""
    return parse(lambda: str(message.get(name, "")))


def text_of(message: EmailMessage) -> MailText:
    """The text that a person would read: plain text, or HTML turned into text when there is no other."""
    for preference in (("plain", "html"), ("html",)):
        part = parse(partial(message.get_body, preferencelist=preference))
        if part is None:
            continue
        payload = parse(partial(part.get_payload, decode=True))
        if not isinstance(payload, bytes):
            raise BrokenMail("broken mail: its text cannot be decoded")
        text = decoded(payload, parse(part.get_content_charset))
        seen, hidden = parted(text) if part.get_content_subtype() == "html" else (text, "")
        if clean(seen):
            return MailText(seen, hidden)
    return MailText("", "")


def attached_to(message: EmailMessage) -> list[str]:
    """What came with the mail: a name for each, or its type."""
    parts = parse(lambda: list(message.iter_attachments()) if message.is_multipart() else [])
    return [parse(partial(name_of, part)) for part in parts]


def name_of(part: MIMEPart) -> str:
    return " ".join(clean(part.get_filename() or "").split()) or part.get_content_type()


def parse(read: Callable[[], Read]) -> Read:
    """What the email package reads lazily, with all the ways in which it fails on a broken mail."""
    try:
        return read()
    except (MessageError, ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise BrokenMail(f"broken mail: {type(error).__name__} in its headers or structure") from error
