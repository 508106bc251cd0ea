"""Mail through an SMTP server, which cannot tell a repeated mail from a second one."""

import asyncio
import re
import smtplib
import socket
import ssl
import threading
import time
from contextlib import suppress
from email.message import EmailMessage
from email.policy import SMTP, SMTPUTF8
from urllib.parse import unquote, urlsplit

from activities.failures import failed
from contracts.attempts import Cost, EffectCall, Fault
from contracts.steps import Offers

__all__ = ["SmtpOutbox"]


class SmtpOutbox:
    """An SMTP server by URL: `smtp://[user:password@]host[:port]` or `smtps://...`.

    `smtps` is TLS from the start; `smtp` uses STARTTLS when the server offers it and gives no password away
    without. Certificates are verified. Declared NEITHER: an unknown delivery is never repeated.
    """

    offers = Offers.NEITHER

    def __init__(self, url: str, *, tls: ssl.SSLContext | None = None) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("smtp", "smtps") or not parts.hostname:
            raise ValueError("an SMTP address is smtp://host:port or smtps://host:port")
        self._host = parts.hostname
        self._implicit_tls = parts.scheme == "smtps"
        self._port = parts.port or (465 if self._implicit_tls else 587)
        self._user = unquote(parts.username or "")
        self._password = unquote(parts.password or "")
        self._tls = tls or ssl.create_default_context()

    async def deliver(self, message: EmailMessage, call: EffectCall) -> str:
        """Send the mail; returns the server's answer. Cost none until its content went out, then unknown."""
        delivery = Delivery(message, time.monotonic() + call.timeout_s)
        try:
            async with asyncio.timeout(call.timeout_s):
                return await asyncio.to_thread(self._send, delivery)
        except TimeoutError as error:
            cost = Cost.NONE if delivery.abandon() else Cost.UNKNOWN
            raise failed(Fault.TIMED_OUT, cost, f"no end of the mail within {call.timeout_s:g} s") from error
        except asyncio.CancelledError:
            delivery.abandon()
            raise

    def _send(self, delivery: "Delivery") -> str:
        try:
            server = self._connect(delivery)
            try:
                answer = delivery.run(server)
                # The mail is out; how the server takes leave changes nothing.
                with suppress(smtplib.SMTPException, OSError):
                    server.quit()
                return answer
            finally:
                server.close()
        except OSError as error:  # the base of SMTPException and SSLError too
            raise failed(fault_of(error), delivery.cost(), delivery.said(error)) from error

    def _connect(self, delivery: "Delivery") -> smtplib.SMTP:
        left = delivery.left()
        server: smtplib.SMTP
        if self._implicit_tls:
            server = smtplib.SMTP_SSL(self._host, self._port, timeout=left, context=self._tls)
        else:
            server = smtplib.SMTP(self._host, self._port, timeout=left)
        try:
            server.ehlo_or_helo_if_needed()
            if not self._implicit_tls and server.has_extn("starttls"):
                server.starttls(context=self._tls)
            elif not self._implicit_tls and self._user:
                raise smtplib.SMTPNotSupportedError("the server offers no TLS, so it gets no password")
            if self._user:
                server.login(self._user, self._password)
        except (smtplib.SMTPException, OSError):
            server.close()
            raise
        return server


class Delivery:
    """One mail on its way, and how far it came. Given up, it goes no further."""

    def __init__(self, message: EmailMessage, deadline: float) -> None:
        self._message = message
        self._deadline = deadline
        self._lock = threading.Lock()
        self._abandoned = False
        self._content_sent = False
        self._refused = False

    def abandon(self) -> bool:
        """Give up. True when the content has not been sent and now never will be."""
        with self._lock:
            self._abandoned = True
            return not self._content_sent or self._refused

    def left(self) -> float:
        """Seconds until the deadline, never zero, which would mean to wait for ever."""
        return max(self._deadline - time.monotonic(), 0.001)

    def cost(self) -> Cost:
        """What a failure at this point proves."""
        return Cost.NONE if self._refused or not self._content_sent else Cost.UNKNOWN

    def said(self, error: OSError) -> str:
        """The failure in one line."""
        state = "was not sent" if self.cost() is Cost.NONE else "may have been sent"
        return f"the mail {state}: {str(error) or type(error).__name__}"

    def run(self, server: smtplib.SMTP) -> str:
        """Sender, recipient, content; returns the server's last answer."""
        sender, recipient = (self._message[name].addresses[0].addr_spec for name in ("From", "To"))
        ascii_only = (sender + recipient).isascii()
        if not ascii_only and not server.has_extn("smtputf8"):
            raise smtplib.SMTPNotSupportedError("the server takes no addresses beyond ASCII")
        options = [] if ascii_only else ["SMTPUTF8", "BODY=8BITMIME"]
        if server.sock is not None:
            server.sock.settimeout(self.left())
        self._expect(server.mail(sender, options), 250)
        self._expect(server.rcpt(recipient), 250, 251)
        self._expect(server.docmd("DATA"), 354)
        content = self._message.as_bytes(policy=SMTP if ascii_only else SMTPUTF8)
        with self._lock:
            if self._abandoned:
                raise smtplib.SMTPServerDisconnected("given up before its content was sent")
            self._content_sent = True
        server.send(re.sub(rb"(?m)^\.", b"..", content) + b".\r\n")
        answer = server.getreply()
        self._refused = answer[0] != 250
        self._expect(answer, 250)
        return answer[1].decode("utf-8", "replace")[:300]

    @staticmethod
    def _expect(answer: tuple[int, bytes], *codes: int) -> None:
        if answer[0] not in codes:
            raise smtplib.SMTPResponseException(answer[0], answer[1].decode("utf-8", "replace"))


def fault_of(error: OSError) -> Fault:
    """What kind of failure an error of smtplib is."""
    match error:
        case smtplib.SMTPAuthenticationError():
            return Fault.UNAUTHORISED
        case smtplib.SMTPResponseException(smtp_code=code) if 400 <= code < 500:
            return Fault.OVERLOADED
        case smtplib.SMTPServerDisconnected():
            return Fault.CONNECTION_LOST
        case smtplib.SMTPException() | ssl.SSLError():
            return Fault.REJECTED
        case ConnectionRefusedError() | socket.gaierror():
            return Fault.CONNECTION_REFUSED
        case TimeoutError():
            return Fault.TIMED_OUT
        case _:
            return Fault.CONNECTION_LOST
