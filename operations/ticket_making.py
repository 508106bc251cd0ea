"""A ticket from what any form of input has: a sender, a subject, a text, perhaps an id."""

import hashlib
from email.utils import parseaddr

from pydantic import ValidationError

from contracts.tickets import Ticket
from conversion.decoding import clean
from operations.ticket_text import fitted, newest, shortened

__all__ = ["InboxError", "ticket_from"]

LONGEST_SUBJECT = 300
LONGEST_ID = 250


class InboxError(Exception):
    """What cannot be read, one line for each input."""


def ticket_from(
    *, sender: str, subject: str, text: str, message_id: str = "", sent: str = "", notes: str = ""
) -> Ticket:
    """Everything cleaned and cut to what a ticket may hold.

    Without a message id of its own it gets one from its content, so that the same message is the same run.
    Raises InboxError, with a line that does not name the input.
    """
    address = address_in(sender)
    subject, text = " ".join(clean(subject).split()), clean(text)
    if not (subject or text):
        raise InboxError("no text and no subject")
    message_id = "".join(clean(message_id).split())
    if not 3 <= len(message_id) <= LONGEST_ID:
        content = "\0".join((address, subject, clean(sent), text, notes))
        message_id = f"sha256-{hashlib.sha256(content.encode()).hexdigest()}"
    try:
        return Ticket(
            sender=address,
            subject=shortened(subject, LONGEST_SUBJECT, "…"),
            text=fitted(newest(text), notes).strip(),
            message_id=message_id,
        )
    except ValidationError as error:
        first = error.errors()[0]
        raise InboxError(f"{first['loc'][0]}: {first['msg']}") from error


def address_in(sender: str) -> str:
    """The address of a From header, lower case."""
    address = clean(parseaddr(clean(sender))[1]).lower()
    if "@" not in address:
        raise InboxError("no sender's address")
    return address
