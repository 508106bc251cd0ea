"""What mails say, and that each leaves once."""

import asyncio
import multiprocessing
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from activities.mail import MailActivities
from activities.maildir import MaildirOutbox
from activities.smtp import SmtpOutbox
from contracts.attempts import Cost, EffectCall, Failure, Fault
from contracts.mail import HandToDesk, SendReply, SentMail
from contracts.steps import Offers

CALL = EffectCall(attempt_id="a-1", key="resolve/shop/1/send_reply/<1@x.example>", timeout_s=5)
REPLY = SendReply(
    to="anna@posteo.example",
    subject="Re: Beschädigte Wanduhr",
    body="Guten Tag,\n\nIhr Geld ist unterwegs: $42.90 ⏰\n",
    in_reply_to="<1@x.example>",
)
HANDED = HandToDesk(
    ticket_id="<1@x.example>",
    customer="anna@posteo.example",
    subject="Wanduhr",
    text="Wo ist meine Uhr?",
    why="the customer asks for information",
)


class Kept:
    """An outbox that keeps what it is given."""

    offers = Offers.KEYED

    def __init__(self) -> None:
        self.messages: list[EmailMessage] = []

    async def deliver(self, message: EmailMessage, call: EffectCall) -> str:
        self.messages.append(message)
        return call.key[:20]

    @property
    def last(self) -> EmailMessage:
        """The last message as its reader gets it."""
        return message_from_bytes(self.messages[-1].as_bytes(), policy=default)


async def send(outbox: Kept | MaildirOutbox, request: SendReply = REPLY, call: EffectCall = CALL) -> SentMail:
    return await ActivityEnvironment().run(MailActivities(outbox, outbox).send_reply, request, call)


def mails(folder: Path) -> list[Path]:
    return [path for name in ("new", "cur") for path in (folder / name).iterdir()]


async def test_a_reply_is_a_mail_in_the_customers_thread() -> None:
    outbox = Kept()
    await send(outbox)

    assert outbox.last["To"] == "anna@posteo.example"
    assert outbox.last["From"] == "Customer support <support@shop.example>"
    assert outbox.last["Subject"] == "Re: Beschädigte Wanduhr"
    assert outbox.last["In-Reply-To"] == outbox.last["References"] == "<1@x.example>"
    assert outbox.last["Auto-Submitted"] == "auto-replied"
    assert outbox.last["Date"].datetime is not None
    assert outbox.last.get_content() == REPLY.body
    assert outbox.messages[0].as_bytes().isascii()


async def test_a_long_message_id_stays_whole() -> None:
    outbox = Kept()
    long = f"<{'a' * 200}@mail.example>"
    await send(outbox, REPLY.model_copy(update={"in_reply_to": long}))

    assert f"In-Reply-To: {long}".encode() in outbox.messages[0].as_bytes()


async def test_an_id_that_the_inbox_made_up_starts_no_thread() -> None:
    outbox = Kept()
    await send(outbox, REPLY.model_copy(update={"in_reply_to": "sha256-0123"}))

    assert "In-Reply-To" not in outbox.last


async def test_the_same_key_makes_the_same_message_id_and_another_key_another() -> None:
    outbox = Kept()
    for key in ("k-1", "k-1", "k-2"):
        await send(outbox, call=CALL.model_copy(update={"key": key}))

    first, again, other = (message["Message-ID"] for message in outbox.messages)
    assert first == again != other


async def test_a_handed_ticket_says_why_and_answers_go_to_the_customer() -> None:
    outbox = Kept()
    await ActivityEnvironment().run(MailActivities(outbox, outbox).hand_to_desk, HANDED, CALL)

    assert outbox.last["To"] == "Support desk <desk@shop.example>"
    assert outbox.last["Reply-To"] == "anna@posteo.example"
    assert "Why this needs a person: the customer asks for information" in outbox.last.get_content()
    assert "Wo ist meine Uhr?" in outbox.last.get_content()


@pytest.mark.parametrize(
    "address",
    [
        "anna",
        "a@b.example, c@d.example",
        "a@b.example\nBcc: x@y.example",
        "Anna <a@b.example>",
        "@b.example",
        "   ",
    ],
)
async def test_a_reply_to_what_is_no_single_address_is_rejected_unsent(address: str) -> None:
    outbox = Kept()
    with pytest.raises(ApplicationError) as caught:
        await send(outbox, REPLY.model_copy(update={"to": address}))

    failure = caught.value.details[0]
    assert isinstance(failure, Failure)
    assert (failure.fault, failure.cost) == (Fault.REJECTED, Cost.NONE)
    assert outbox.messages == []


ANY_TEXT = st.text(st.characters(), max_size=300)


@settings(max_examples=150)
@given(subject=ANY_TEXT, body=ANY_TEXT, thread=st.text(st.characters(), max_size=250), customer=ANY_TEXT)
def test_no_text_can_add_a_header_or_break_a_mail(
    subject: str, body: str, thread: str, customer: str
) -> None:
    outbox = Kept()
    activities = MailActivities(outbox, outbox)
    reply = REPLY.model_copy(update={"subject": subject, "body": body, "in_reply_to": thread})
    handed = HANDED.model_copy(update={"subject": subject, "text": body, "customer": customer})

    asyncio.run(ActivityEnvironment().run(activities.send_reply, reply, CALL))
    assert set(outbox.last.keys()) <= {
        *("From", "To", "Subject", "Date", "Message-ID", "In-Reply-To", "References", "Auto-Submitted"),
        *("MIME-Version", "Content-Type", "Content-Transfer-Encoding"),
    }
    asyncio.run(ActivityEnvironment().run(activities.hand_to_desk, handed, CALL))
    assert outbox.last.get_all("To") == ["Support desk <desk@shop.example>"]
    assert not outbox.last.defects


async def test_the_same_key_twice_leaves_one_mail(tmp_path: Path) -> None:
    first, second = await send(MaildirOutbox(tmp_path)), await send(MaildirOutbox(tmp_path))

    assert first == second
    (mail,) = mails(tmp_path)
    assert mail.name == first.receipt
    assert list((tmp_path / "tmp").iterdir()) == []


@pytest.mark.parametrize("suffix", ["", ":2,S", ":2,RS"])
async def test_a_mail_that_was_read_meanwhile_is_not_delivered_again(tmp_path: Path, suffix: str) -> None:
    receipt = (await send(MaildirOutbox(tmp_path))).receipt
    (tmp_path / "new" / receipt).rename(tmp_path / "cur" / (receipt + suffix))

    assert (await send(MaildirOutbox(tmp_path))).receipt == receipt
    assert len(mails(tmp_path)) == 1


async def test_a_folder_that_cannot_be_written_costs_nothing(tmp_path: Path) -> None:
    outbox = MaildirOutbox(tmp_path)
    (tmp_path / "tmp").rmdir()

    with pytest.raises(ApplicationError) as caught:
        await send(outbox)

    assert caught.value.details[0].cost is Cost.NONE
    assert mails(tmp_path) == []


def deliver_many(folder: Path, keys: list[str]) -> None:
    async def deliver() -> None:
        for key in keys:
            await send(MaildirOutbox(folder), call=CALL.model_copy(update={"key": key}))

    asyncio.run(deliver())


def test_two_processes_at_once_deliver_each_mail_once(tmp_path: Path) -> None:
    keys = [f"key-{number}" for number in range(40)]
    # Forked, a process would inherit this one's threads in an unknown state.
    spawning = multiprocessing.get_context("spawn")
    processes = [spawning.Process(target=deliver_many, args=(tmp_path, keys)) for _ in range(2)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(30)

    assert [process.exitcode for process in processes] == [0, 0]
    assert len(mails(tmp_path)) == 40


def test_what_is_offered_is_what_each_way_out_offers(tmp_path: Path) -> None:
    activities = MailActivities(SmtpOutbox("smtp://127.0.0.1:2525"), MaildirOutbox(tmp_path))

    assert activities.offers == {"send_reply": Offers.NEITHER, "hand_to_desk": Offers.KEYED}
