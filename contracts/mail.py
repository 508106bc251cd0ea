"""Outgoing mail: to the customer, and to the desk where people work."""

from datetime import timedelta

from pydantic import Field

from contracts.steps import Effect, Offers, StepPolicy
from contracts.values import Value

__all__ = ["HandToDesk", "SendReply", "SentMail", "hand_to_desk", "send_reply"]

DELIVERY = StepPolicy(attempt_timeout=timedelta(seconds=30), attempts=4, heartbeat=timedelta(seconds=3))


class SendReply(Value):
    """A reply to a customer's mail."""

    to: str = Field(min_length=3, max_length=254)
    subject: str = Field(max_length=310)
    body: str = Field(max_length=4_000)
    in_reply_to: str = Field(max_length=250)


class HandToDesk(Value):
    """A ticket that a person has to go on with, and what happened so far."""

    ticket_id: str = Field(max_length=250)
    customer: str = Field(max_length=254)
    subject: str = Field(max_length=310)
    text: str = Field(max_length=12_000)
    why: str = Field(max_length=1_000)


class SentMail(Value):
    """Where the mail went: a file name in a Maildir, or the server's answer."""

    receipt: str = Field(max_length=300)


send_reply = Effect(
    name="send_reply",
    request=SendReply,
    reply=SentMail,
    policy=DELIVERY,
    offers=Offers.KEYED,
    key=lambda request: request.in_reply_to,
)

hand_to_desk = Effect(
    name="hand_to_desk",
    request=HandToDesk,
    reply=SentMail,
    policy=DELIVERY,
    offers=Offers.KEYED,
    key=lambda request: request.ticket_id,
)
