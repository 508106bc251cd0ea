"""Mail through a real SMTP conversation with a server that misbehaves at each of its stages."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.policy import default
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from activities.mail import MailActivities
from activities.smtp import SmtpOutbox
from contracts.attempts import Cost, EffectCall, Failure, Fault
from contracts.mail import SendReply

CALL = EffectCall(attempt_id="a-1", key="k-1", timeout_s=5)
REPLY = SendReply(
    to="anna@posteo.example", subject="Re: Uhr", body=".\n.hidden dots\nÜbrigens\n", in_reply_to="<1@x>"
)

OFFERS_LOGIN: dict[str, str | None] = {"EHLO": "250-fine\r\n250 AUTH PLAIN"}


class SmtpServer:
    """An SMTP server that answers each command as told, and keeps the mails that it accepted."""

    def __init__(self, answers: dict[str, str | None]) -> None:
        # A command's answer; None closes the connection instead, "" says nothing at all.
        self._answers = answers
        self.mails: list[bytes] = []
        self.commands: list[str] = []
        self.url = ""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            if await self._say(writer, "CONNECT", "220 ready"):
                while line := await reader.readline():
                    if not await self._answer(line.decode().strip(), reader, writer):
                        break
        finally:
            writer.close()

    async def _answer(self, line: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        verb = line.split()[0].upper()
        self.commands.append(verb)
        if verb != "DATA":
            return await self._say(writer, verb, "221 bye" if verb == "QUIT" else "250 fine")
        if not await self._say(writer, "DATA", "354 go on"):
            return False
        if not (self._answers.get("DATA", "354") or "354").startswith("354"):
            return True
        content = await reader.readuntil(b"\r\n.\r\n")
        if (self._answers.get("CONTENT", "250") or "250").startswith("250"):
            self.mails.append(content)
        return await self._say(writer, "CONTENT", "250 queued as 42")

    async def _say(self, writer: asyncio.StreamWriter, stage: str, fine: str) -> bool:
        answer = self._answers.get(stage, fine)
        if answer == "":
            await asyncio.sleep(0.5)
        if not answer:
            return False
        writer.write(answer.encode() + b"\r\n")
        await writer.drain()
        return True


@asynccontextmanager
async def smtp_server(
    answers: dict[str, str | None] | None = None, tls: ssl.SSLContext | None = None
) -> AsyncIterator[SmtpServer]:
    server = SmtpServer(answers or {})
    listening = await asyncio.start_server(server.serve, "127.0.0.1", 0, ssl=tls)
    async with listening:
        server.url = f"127.0.0.1:{listening.sockets[0].getsockname()[1]}"
        yield server


async def send(url: str, timeout_s: float = 5, tls: ssl.SSLContext | None = None) -> str:
    outbox = SmtpOutbox(url, tls=tls)
    activities = MailActivities(outbox, outbox)
    call = CALL.model_copy(update={"timeout_s": timeout_s})
    return (await ActivityEnvironment().run(activities.send_reply, REPLY, call)).receipt


async def test_a_mail_is_accepted_with_the_servers_answer_as_receipt() -> None:
    async with smtp_server() as server:
        assert await send(f"smtp://{server.url}") == "queued as 42"

    (mail,) = server.mails
    received = message_from_bytes(mail.removesuffix(b".\r\n").replace(b"\r\n..", b"\r\n."), policy=default)
    assert received.get_content().replace("\r\n", "\n") == REPLY.body


async def test_a_server_that_takes_no_leave_has_still_taken_the_mail() -> None:
    async with smtp_server({"QUIT": "500 no"}) as server:
        assert await send(f"smtp://{server.url}") == "queued as 42"


@pytest.mark.parametrize(
    ("stage", "answer", "fault", "cost"),
    [
        ("CONNECT", "421 too busy", Fault.OVERLOADED, Cost.NONE),
        ("MAIL", "550 not you", Fault.REJECTED, Cost.NONE),
        ("RCPT", "550 no such person", Fault.REJECTED, Cost.NONE),
        ("RCPT", "450 later", Fault.OVERLOADED, Cost.NONE),
        ("RCPT", None, Fault.CONNECTION_LOST, Cost.NONE),
        ("DATA", "554 no", Fault.REJECTED, Cost.NONE),
        ("CONTENT", "554 spam", Fault.REJECTED, Cost.NONE),
        ("CONTENT", "451 later", Fault.OVERLOADED, Cost.NONE),
        ("CONTENT", None, Fault.CONNECTION_LOST, Cost.UNKNOWN),
    ],
)
async def test_a_failure_costs_nothing_until_the_content_may_have_been_taken(
    stage: str, answer: str | None, fault: Fault, cost: Cost
) -> None:
    async with smtp_server({stage: answer}) as server:
        with pytest.raises(ApplicationError) as caught:
            await send(f"smtp://{server.url}")

    failure = caught.value.details[0]
    assert isinstance(failure, Failure)
    assert (failure.fault, failure.cost) == (fault, cost)


@pytest.mark.parametrize(("stage", "cost"), [("RCPT", Cost.NONE), ("CONTENT", Cost.UNKNOWN)])
async def test_a_silent_server_is_given_up_at_the_deadline(stage: str, cost: Cost) -> None:
    async with smtp_server({stage: ""}) as server:
        with pytest.raises(ApplicationError) as caught:
            await send(f"smtp://{server.url}", timeout_s=0.2)
        # What was given up does not go out later.
        await asyncio.sleep(0.5)

    failure = caught.value.details[0]
    assert (failure.fault, failure.cost) == (Fault.TIMED_OUT, cost)
    assert len(server.mails) == (1 if cost is Cost.UNKNOWN else 0)


async def test_a_password_is_not_given_to_a_server_without_tls() -> None:
    async with smtp_server() as server:
        with pytest.raises(ApplicationError, match="no TLS") as caught:
            await send(f"smtp://me:secret@{server.url}")

    assert "AUTH" not in server.commands
    assert "secret" not in str(caught.value)
    assert caught.value.details[0].cost is Cost.NONE


def contexts(folder: Path) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """A server with a certificate of its own for 127.0.0.1, and a client that trusts it."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "mail server")])
    address = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    dated = builder.not_valid_before(now - timedelta(hours=1)).not_valid_after(now + timedelta(hours=1))
    certificate = dated.add_extension(address, critical=False).sign(key, hashes.SHA256())
    (folder / "certificate").write_bytes(certificate.public_bytes(Encoding.PEM))
    (folder / "key").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(folder / "certificate", folder / "key")
    return server, ssl.create_default_context(cafile=str(folder / "certificate"))


async def test_a_password_goes_to_a_server_with_a_certificate_that_is_trusted(tmp_path: Path) -> None:
    there, here = contexts(tmp_path)
    async with smtp_server(OFFERS_LOGIN | {"AUTH": "235 welcome"}, there) as server:
        assert await send(f"smtps://me:s%40cret@{server.url}", tls=here) == "queued as 42"

    assert server.commands[:3] == ["EHLO", "AUTH", "MAIL"]


async def test_a_server_with_a_certificate_of_its_own_making_gets_nothing(tmp_path: Path) -> None:
    there, _ = contexts(tmp_path)
    async with smtp_server(tls=there) as server:
        with pytest.raises(ApplicationError, match="certificate") as caught:
            await send(f"smtps://me:secret@{server.url}")

    failure = caught.value.details[0]
    assert (failure.fault, failure.cost) == (Fault.REJECTED, Cost.NONE)
    assert server.commands == []


async def test_a_wrong_password_is_unauthorised(tmp_path: Path) -> None:
    there, here = contexts(tmp_path)
    async with smtp_server(OFFERS_LOGIN | {"AUTH": "535 no"}, there) as server:
        with pytest.raises(ApplicationError) as caught:
            await send(f"smtps://me:secret@{server.url}", tls=here)

    assert caught.value.details[0].fault is Fault.UNAUTHORISED
    assert "secret" not in str(caught.value)


async def test_a_server_that_is_not_there_was_sent_nothing() -> None:
    async with smtp_server() as server:
        pass
    with pytest.raises(ApplicationError) as caught:
        await send(f"smtp://{server.url}")

    failure = caught.value.details[0]
    assert (failure.fault, failure.cost) == (Fault.CONNECTION_REFUSED, Cost.NONE)


@pytest.mark.parametrize("url", ["http://host", "smtp://", "host:25"])
def test_an_address_that_is_no_smtp_server_is_refused_at_the_start(url: str) -> None:
    with pytest.raises(ValueError, match="smtp://"):
        SmtpOutbox(url)
