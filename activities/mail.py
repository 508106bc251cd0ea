"""Mail to customers and to the desk: what is written, whichever way it leaves."""

import hashlib
import re
from collections.abc import Callable
from email.errors import MessageError
from email.headerregistry import Address, HeaderRegistry, MessageIDHeader
from email.message import EmailMessage
from email.policy import default
from email.utils import localtime
from typing import Any, Protocol

from temporalio import activity

from activities.clean_text import clean
from activities.failures import failed
from activities.heartbeats import heartbeating
from contracts.attempts import Cost, EffectCall, Fault
from contracts.mail import HandToDesk, SendReply, SentMail, hand_to_desk, send_reply
from contracts.steps import Offers

__all__ = ["MailActivities", "Outbox"]

# By default Python folds long ids in these headers as encoded words, which no mail program recognises.
HEADERS = HeaderRegistry()
# (Its stub asks for a base class that the mix-ins of this package do not have.)
HEADERS.map_to_type("in-reply-to", MessageIDHeader)  # type: ignore[arg-type]
HEADERS.map_to_type("references", MessageIDHeader)  # type: ignore[arg-type]
# 7-bit bodies pass every server, whatever extensions it lacks.
POLICY = default.clone(header_factory=HEADERS, cte_type="7bit")

MESSAGE_ID = re.compile(r"<[!-;=?-~]+@[!-;=?-~]+>")


class Outbox(Protocol):
    """A way out for mail."""

    @property
    def offers(self) -> Offers:
        """What it really offers to make a mail leave once."""

    async def deliver(self, message: EmailMessage, call: EffectCall) -> str:
        """Take the message and return a receipt, or fail with what is proven. KEYED: once per `call.key`."""


class MailActivities:
    """Both kinds of mail, each with its own way out."""

    def __init__(
        self,
        customers: Outbox,
        desk: Outbox,
        *,
        shop_address: str = "support@shop.example",
        desk_address: str = "desk@shop.example",
    ) -> None:
        self._customers = customers
        self._desk = desk
        self._shop = Address(display_name="Customer support", addr_spec=shop_address)
        self._desk_address = Address(display_name="Support desk", addr_spec=desk_address)

    def activities(self) -> list[Callable[..., Any]]:
        """What a worker registers."""
        return [self.send_reply, self.hand_to_desk]

    @property
    def offers(self) -> dict[str, Offers]:
        """What each effect offers through its outbox; it may be less than its contract says."""
        return {send_reply.name: self._customers.offers, hand_to_desk.name: self._desk.offers}

    @activity.defn(name=send_reply.name)
    async def send_reply(self, request: SendReply, call: EffectCall) -> SentMail:
        """Answer a customer's mail in its thread. An address that is none is `rejected`, cost none."""
        recipient = address_of(request.to)
        if recipient is None:
            raise failed(Fault.REJECTED, Cost.NONE, f"not one mail address: {request.to!r}")
        message = self._message(call, recipient, request.subject, request.body)
        # An id that the inbox made up for a mail without one names no mail, so it starts no thread.
        if MESSAGE_ID.fullmatch(request.in_reply_to):
            message["In-Reply-To"] = request.in_reply_to
            message["References"] = request.in_reply_to
        message["Auto-Submitted"] = "auto-replied"
        return await deliver(self._customers, message, call)

    @activity.defn(name=hand_to_desk.name)
    async def hand_to_desk(self, request: HandToDesk, call: EffectCall) -> SentMail:
        """Give a ticket to the people at the desk; their answer goes to the customer."""
        body = (
            f"Why this needs a person: {request.why}\n"
            f"Customer: {request.customer}\nTicket: {request.ticket_id}\n\n"
            f"The customer wrote:\n\n{request.text}\n"
        )
        message = self._message(call, self._desk_address, f"[desk] {request.subject}", body)
        customer = address_of(request.customer)
        if customer is not None:
            message["Reply-To"] = customer
        message["Auto-Submitted"] = "auto-generated"
        return await deliver(self._desk, message, call)

    def _message(self, call: EffectCall, to: Address, subject: str, body: str) -> EmailMessage:
        message = EmailMessage(policy=POLICY)
        message["From"] = self._shop
        message["To"] = to
        message["Subject"] = " ".join(clean(subject).split())
        message["Date"] = localtime()
        digest = hashlib.sha256(call.key.encode()).hexdigest()
        message["Message-ID"] = f"<{digest[:40]}@{self._shop.domain}>"
        message.set_content(clean(body))
        return message


async def deliver(outbox: Outbox, message: EmailMessage, call: EffectCall) -> SentMail:
    """Hand the message to the outbox, showing signs of life meanwhile."""
    async with heartbeating():
        return SentMail(receipt=await outbox.deliver(message, call))


def address_of(text: str) -> Address | None:
    """The text as one bare mail address, or None."""
    try:
        address = Address(addr_spec=text)
        parsed = address.addr_spec
    except (ValueError, MessageError, IndexError):
        return None
    whole = bool(address.username and address.domain) and parsed == text
    return address if whole and clean(text) == text and len(text.split()) == 1 else None
