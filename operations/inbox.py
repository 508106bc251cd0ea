"""What customers wrote in, tickets out: mails, texts, JSON lines, mboxes, Maildirs, folders of them."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import BinaryIO

from contracts.tickets import Ticket
from operations.mails import ATTACHED, ticket_of_mail
from operations.plain_tickets import ticket_of_json, ticket_of_text
from operations.ticket_making import InboxError
from operations.ticket_sources import LARGEST_MAIL, Form, Source, messages_in, sources_of

__all__ = ["LARGEST_MAIL", "InboxError", "Received", "read_inbox", "read_tickets"]

# A file of something else has a bad line on every line.
MOST_PROBLEMS = 20
UNREADABLE = "\N{REPLACEMENT CHARACTER}"


@dataclass(frozen=True)
class Received:
    """A ticket and what a person calls it."""

    label: str
    ticket: Ticket
    where: str
    """The label with its whole path."""
    again: tuple[str, ...] = ()
    """Where else among the inputs the same message is."""

    @property
    def notices(self) -> Iterator[str]:
        """What a person should know before a run reads it."""
        if not self.ticket.text or self.ticket.text.startswith(ATTACHED):
            yield "it has no text, only a subject"
        if UNREADABLE in self.ticket.text + self.ticket.subject:
            yield f"some of its bytes are no text; they read {UNREADABLE}"


def read_tickets(inputs: Sequence[str], stdin: BinaryIO, sender: str | None = None) -> list[Ticket]:
    """The tickets alone."""
    return [each.ticket for each in read_inbox(inputs, stdin, sender)]


def read_inbox(inputs: Sequence[str], stdin: BinaryIO, sender: str | None = None) -> list[Received]:
    """Each message once, in the order of the inputs; folders by file name.

    An input is a file, a folder, or `-` for `stdin`; `sender` is for texts and lines that name none. All
    inputs are read before any is refused: the error has a line for each message that cannot be, and then
    there are no tickets.
    """
    received: list[Received] = []
    problems: list[str] = []
    for name in inputs:
        try:
            sources = list(sources_of(name, stdin))
        except InboxError as error:
            problems.append(str(error))
            continue
        for source in sources:
            found, refused = all_of(source, sender)
            received += found
            problems += refused[:MOST_PROBLEMS]
            if len(refused) > MOST_PROBLEMS:
                problems.append(f"{source.where}: and {len(refused) - MOST_PROBLEMS} more")
    if problems:
        raise InboxError("\n".join(problems))
    return list(each_once(received))


def all_of(source: Source, sender: str | None) -> tuple[list[Received], list[str]]:
    """The tickets of one file, and a line for each message of it that is none."""
    received: list[Received] = []
    problems: list[str] = []
    where = source.where
    try:
        whole = source.read()
        if not whole.strip():
            raise InboxError("empty")
        for number, form, content in messages_in(source, whole):
            where = source.where + number
            try:
                ticket = ticket_of(form, content, sender)
                received.append(Received(source.label + number, ticket, where))
            except InboxError as error:
                problems.append(f"{where}: {error}")
    except InboxError as error:
        problems.append(f"{where}: {error}")
    return received, [" ".join(problem.split()) for problem in problems]


def ticket_of(form: Form, content: bytes, sender: str | None) -> Ticket:
    """One message as a ticket."""
    if len(content) > LARGEST_MAIL:
        raise InboxError(f"larger than {LARGEST_MAIL // 1_000_000} MB")
    if form is Form.MAIL:
        return ticket_of_mail(content, sender)
    if form is Form.JSON_LINES:
        return ticket_of_json(content.decode(), sender)
    return ticket_of_text(content, sender)


def each_once(received: Sequence[Received]) -> Iterator[Received]:
    """Every ticket where it was first met; labels that are no longer unique give way to whole paths."""
    copies: dict[Ticket, list[Received]] = {}
    for each in received:
        copies.setdefault(each.ticket, []).append(each)
    labels = Counter(each.label for each in received)
    for first, *others in copies.values():
        again = tuple(other.where for other in others)
        yield replace(first, label=first.label if labels[first.label] == 1 else first.where, again=again)
