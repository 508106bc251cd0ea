"""A mail as a ticket: its newest text, what is attached only named."""

from collections.abc import Callable
from email import message_from_bytes
from email.errors import MessageError
from email.message import EmailMessage, MIMEPart
from email.policy import default
from functools import partial
from typing import TypeVar

from contracts.tickets import Ticket
from operations.html_text import html_to_text
from operations.ticket_making import InboxError, ticket_from
from operations.ticket_text import clean, decoded

__all__ = ["ATTACHED", "ticket_of_mail"]

Read = TypeVar("Read")

ATTACHED = "[attached, not read: "
MOST_NAMED = 10
LONGEST_NAME = 80


def ticket_of_mail(content: bytes, sender: str | None = None) -> Ticket:
    """Its best text, HTML turned into text when there is no other; `sender` is for one that names none."""
    message = parse(lambda: message_from_bytes(content, policy=default))
    if not message.keys() or b"\0" in content[:1_000]:
        raise InboxError("not a mail")

    def header(name: str) -> str:
        return parse(lambda: str(message.get(name, "")))

    text, subject = text_of(message), header("Subject")
    if not (text or subject.strip()):
        raise InboxError("broken mail: no part can be found" if message.defects else "no text in this mail")
    try:
        return ticket_from(
            sender=header("From") or sender or "",
            subject=subject,
            text=text,
            message_id=header("Message-ID"),
            sent=header("Date"),
            notes=attachments_of(message),
        )
    except InboxError as error:
        raise InboxError(f"not a mail: {error}") from error


def text_of(message: EmailMessage) -> str:
    """The text that a person would read; empty when there is none."""
    for preference in (("plain", "html"), ("html",)):
        part = parse(partial(message.get_body, preferencelist=preference))
        if part is None:
            continue
        payload = parse(partial(part.get_payload, decode=True))
        if not isinstance(payload, bytes):
            raise InboxError("broken mail: its text cannot be decoded")
        text = decoded(payload, parse(part.get_content_charset))
        text = clean(html_to_text(text) if part.get_content_subtype() == "html" else text)
        if text:
            return text
    return ""


def attachments_of(message: EmailMessage) -> str:
    """A line for each file that came with the mail: whoever reads the ticket knows that there is more."""
    try:
        parts = parse(lambda: list(message.iter_attachments()) if message.is_multipart() else [])
        names = [parse(partial(name_of, part)) for part in parts]
    except InboxError:
        return "\n\n[attachments of this mail cannot be read]"
    lines = [f"{ATTACHED}{name}]" for name in names[:MOST_NAMED]]
    if len(names) > MOST_NAMED:
        lines.append(f"[and {len(names) - MOST_NAMED} more]")
    return "\n\n" + "\n".join(lines) if lines else ""


def name_of(part: MIMEPart) -> str:
    name = " ".join(clean(part.get_filename() or "").split())
    return name[:LONGEST_NAME] or part.get_content_type()


def parse(read: Callable[[], Read]) -> Read:
    """What the email package reads lazily, with all the ways in which it fails on a broken mail."""
    try:
        return read()
    except (MessageError, ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise InboxError(f"broken mail: {type(error).__name__} in its headers or structure") from error
