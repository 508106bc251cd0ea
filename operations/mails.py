"""A mail as a ticket: its newest text, what is attached only named."""

from email.message import EmailMessage

from contracts.tickets import Ticket
from conversion.decoding import clean
from conversion.mail_text import BrokenMail, attached_to, header, mail_in, text_of
from operations.ticket_making import InboxError, ticket_from

__all__ = ["ATTACHED", "ticket_of_mail"]

ATTACHED = "[attached, not read: "
MOST_NAMED = 10
LONGEST_NAME = 80


def ticket_of_mail(content: bytes, sender: str | None = None) -> Ticket:
    """Its best text, HTML turned into text when there is no other; `sender` is for one that names none."""
    try:
        return ticket_in(mail_in(content), sender)
    except BrokenMail as error:
        raise InboxError(str(error)) from error


def ticket_in(message: EmailMessage, sender: str | None) -> Ticket:
    text, subject = clean(text_of(message).seen), header(message, "Subject")
    if not (text or subject.strip()):
        raise InboxError("broken mail: no part can be found" if message.defects else "no text in this mail")
    try:
        return ticket_from(
            sender=header(message, "From") or sender or "",
            subject=subject,
            text=text,
            message_id=header(message, "Message-ID"),
            sent=header(message, "Date"),
            notes=attachments_of(message),
        )
    except InboxError as error:
        raise InboxError(f"not a mail: {error}") from error


def attachments_of(message: EmailMessage) -> str:
    """A line for each file that came with the mail: whoever reads the ticket knows that there is more."""
    try:
        names = attached_to(message)
    except BrokenMail:
        return "\n\n[attachments of this mail cannot be read]"
    lines = [f"{ATTACHED}{name[:LONGEST_NAME]}]" for name in names[:MOST_NAMED]]
    if len(names) > MOST_NAMED:
        lines.append(f"[and {len(names) - MOST_NAMED} more]")
    return "\n\n" + "\n".join(lines) if lines else ""
