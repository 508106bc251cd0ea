"""Mails in, tickets out: files, folders of files, or one mail on standard input."""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from email import message_from_bytes
from email.errors import MessageError
from email.message import EmailMessage
from email.policy import default
from email.utils import parseaddr
from pathlib import Path
from typing import BinaryIO, TypeVar

from pydantic import ValidationError

from contracts.tickets import Ticket
from operations.html_text import html_to_text

__all__ = ["LARGEST_MAIL", "InboxError", "read_tickets"]

Found = TypeVar("Found")

# Attachments included; a mail server's own limit is about this.
LARGEST_MAIL = 10_000_000
LONGEST_TEXT = 12_000
LONGEST_SUBJECT = 300
LONGEST_ID = 250
CUT = "\n[cut here: the mail is longer]"


class InboxError(Exception):
    """What cannot be read, one line for each input."""


def read_tickets(inputs: Sequence[str], stdin: BinaryIO) -> list[Ticket]:
    """One ticket per mail, in the order of the inputs; folders by file name.

    An input is a mail's file, a folder with `.eml` files, or `-` for one mail on `stdin`. All inputs are read
    before any is refused: the error has a line for each that cannot be, and then there are no tickets.
    """
    tickets: list[Ticket] = []
    problems: list[str] = []
    for name in inputs:
        try:
            mails = list(mails_of(name, stdin))
        except InboxError as error:
            problems.append(str(error))
            continue
        for source, content in mails:
            try:
                tickets.append(ticket_of(content()))
            except InboxError as error:
                problems.append(f"{source}: {error}")
    if problems:
        raise InboxError("\n".join(problems))
    return tickets


def mails_of(name: str, stdin: BinaryIO) -> Iterator[tuple[str, Callable[[], bytes]]]:
    """The mails of one input: where each is, and how to read it."""
    path = Path(name)
    if name == "-":
        yield "standard input", lambda: within_limit(stdin.read(LARGEST_MAIL + 1))
    elif path.is_dir():
        files = sorted(file for file in path.glob("*.eml") if file.is_file())
        if not files:
            raise InboxError(f"{name}: no .eml file in this folder")
        for file in files:
            yield str(file), content_of(file)
    elif path.exists():
        yield name, content_of(path)
    else:
        raise InboxError(f"{name}: no such file or folder")


def content_of(file: Path) -> Callable[[], bytes]:
    """How to read a mail's file."""

    def read() -> bytes:
        try:
            with file.open("rb") as opened:
                return within_limit(opened.read(LARGEST_MAIL + 1))
        except OSError as error:
            raise InboxError(f"cannot be read: {error.strerror}") from error

    return read


def within_limit(content: bytes) -> bytes:
    """The content, unless it is too large."""
    if len(content) > LARGEST_MAIL:
        raise InboxError(f"larger than {LARGEST_MAIL // 1_000_000} MB")
    return content


def ticket_of(content: bytes) -> Ticket:
    """A mail as a ticket: its best text, HTML turned into text when there is no other."""
    message = parse(lambda: message_from_bytes(content, policy=default))
    if not message.keys() or b"\0" in content[:1_000]:
        raise InboxError("not a mail")
    sender = clean(parse(lambda: parseaddr(str(message.get("From", "")))[1])).lower()
    if "@" not in sender:
        raise InboxError("not a mail: no sender's address")
    text = text_of(message)
    message_id = "".join(clean(parse(lambda: str(message.get("Message-ID", "")))).split())
    if not 3 <= len(message_id) <= LONGEST_ID:
        message_id = f"sha256-{hashlib.sha256(content).hexdigest()}"
    subject = " ".join(clean(parse(lambda: str(message.get("Subject", "")))).split())
    try:
        return Ticket(
            sender=sender,
            subject=shortened(subject, LONGEST_SUBJECT, "…"),
            text=shortened(text, LONGEST_TEXT, CUT),
            message_id=message_id,
        )
    except ValidationError as error:
        raise InboxError(f"broken mail: {error.errors()[0]['msg']}") from error


def text_of(message: EmailMessage) -> str:
    """The text that a person would read."""
    part = parse(lambda: message.get_body(preferencelist=("plain", "html")))
    if part is None:
        raise InboxError("broken mail: no part can be found" if message.defects else "no text in this mail")
    payload = parse(lambda: part.get_payload(decode=True))
    if not isinstance(payload, bytes):
        raise InboxError("broken mail: its text cannot be decoded")
    try:
        text = payload.decode(part.get_content_charset("utf-8"), "replace")
    except (LookupError, UnicodeError):
        text = payload.decode("utf-8", "replace")
    text = clean(html_to_text(text) if part.get_content_subtype() == "html" else text)
    if not text:
        raise InboxError("no text in this mail")
    return text


def parse(read: Callable[[], Found]) -> Found:
    """What the email package reads lazily, with all the ways in which it fails on a broken mail."""
    try:
        return read()
    except (MessageError, ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise InboxError(f"broken mail: {type(error).__name__} in its headers or structure") from error


def clean(text: str) -> str:
    """The text with plain line ends, without NUL and without what UTF-8 cannot carry."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "")
    return text.encode("utf-8", "replace").decode("utf-8").strip()


def shortened(text: str, limit: int, marker: str) -> str:
    """The text, cut to the limit with a marker when it is longer."""
    return text if len(text) <= limit else text[: limit - len(marker)] + marker
