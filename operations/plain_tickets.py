"""Tickets that are no mails: a text with a few header lines or none, and JSON."""

import json
import re
from typing import Any

from contracts.tickets import Ticket
from conversion.decoding import decoded
from operations.ticket_making import InboxError, ticket_from

__all__ = ["ticket_of_json", "ticket_of_text"]

HEADER = re.compile(r"(From|Subject|Date|Message-ID|To|Cc|Reply-To)[ \t]*:[ \t]*(.*)", re.IGNORECASE)
NO_SENDER = "no sender: begin it with a line `From: ADDRESS`, or give --from ADDRESS"
# Each field of a ticket by its own name, and by those that mail exports use.
FIELDS = {
    "sender": ("sender", "from"),
    "subject": ("subject",),
    "text": ("text", "body"),
    "message_id": ("message_id", "id"),
    "sent": ("date",),
}


def ticket_of_text(content: bytes, sender: str | None = None) -> Ticket:
    """Header lines such as `From:` and `Subject:` may begin it; without a sender there, `sender` it is."""
    text = decoded(content)
    if "\0" in text:
        raise InboxError("neither a mail nor a text")
    if not text.strip():
        raise InboxError("empty")
    headers: dict[str, str] = {}
    lines = text.strip().split("\n")
    while lines and (found := HEADER.fullmatch(lines[0].strip())):
        headers.setdefault(found[1].lower(), found[2])
        del lines[0]
    address = headers.get("from") or sender
    if not address:
        raise InboxError(NO_SENDER)
    return ticket_from(
        sender=address,
        subject=headers.get("subject", ""),
        text="\n".join(lines),
        message_id=headers.get("message-id", ""),
        sent=headers.get("date", ""),
    )


def ticket_of_json(line: str, sender: str | None = None) -> Ticket:
    """A ticket's fields, or a mail's (`from`, `body`, `id`); other fields are not read."""
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        raise InboxError("not JSON") from None
    if not isinstance(value, dict):
        raise InboxError("not a JSON object")
    given: dict[str, Any] = {name.lower().replace("-", "_"): each for name, each in value.items()}
    fields = {field: text_in(given, names) for field, names in FIELDS.items()}
    if not (fields["sender"] or sender):
        raise InboxError("no field `sender` or `from`, and no --from ADDRESS")
    return ticket_from(**{**fields, "sender": fields["sender"] or sender or ""})


def text_in(given: dict[str, Any], names: tuple[str, ...]) -> str:
    """The first of these fields that is there; an id may be a number."""
    value = next((given[name] for name in names if given.get(name) is not None), "")
    if type(value) is int and "id" in names:
        return f"id-{value}"
    if not isinstance(value, str):
        raise InboxError(f"field `{names[0]}` is not a text")
    return value
