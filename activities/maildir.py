"""Mail into a Maildir, once per key: the file's name is the key's digest."""

import asyncio
import hashlib
import os
import tempfile
from email.message import EmailMessage
from pathlib import Path

from activities.failures import failed
from contracts.attempts import Cost, EffectCall, Fault
from contracts.steps import Offers

__all__ = ["MaildirOutbox"]


class MaildirOutbox:
    """A Maildir that any mail program can read. KEYED, also for several processes at once.

    A mail counts as delivered while it is in `new/` or `cur/`, under whatever flags.
    """

    offers = Offers.KEYED

    def __init__(self, folder: Path | str) -> None:
        self._folder = Path(folder)
        for name in ("tmp", "new", "cur"):
            (self._folder / name).mkdir(parents=True, exist_ok=True)

    async def deliver(self, message: EmailMessage, call: EffectCall) -> str:
        """Write the mail unless it is there; returns its file's name, the same for the same key."""
        name = f"{hashlib.sha256(call.key.encode()).hexdigest()[:40]}.tenuto"
        await asyncio.to_thread(self._deliver, name, message.as_bytes())
        return name

    def _deliver(self, name: str, content: bytes) -> None:
        try:
            if self._has_been_read(name):
                return
            unfinished = self._write(content)
        except OSError as error:
            raise failed(
                Fault.OVERLOADED, Cost.NONE, f"the mail cannot be written: {error.strerror}"
            ) from error
        try:
            self._publish(unfinished, name)
        except OSError as error:
            # It may be there after all, but not yet safe on disk.
            raise failed(
                Fault.SERVER_ERROR, Cost.UNKNOWN, f"the mail may be delivered: {error.strerror}"
            ) from error
        finally:
            unfinished.unlink(missing_ok=True)

    def _write(self, content: bytes) -> Path:
        number, path = tempfile.mkstemp(dir=self._folder / "tmp")
        try:
            with os.fdopen(number, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
        except OSError:
            Path(path).unlink(missing_ok=True)
            raise
        return Path(path)

    def _publish(self, unfinished: Path, name: str) -> None:
        published = self._folder / "new" / name
        try:
            # Unlike a rename, a link never replaces: of several processes one wins.
            published.hardlink_to(unfinished)
        except FileExistsError:
            return
        if self._has_been_read(name):
            # A mail program moved an earlier copy out of new/ between the first look and the link.
            published.unlink(missing_ok=True)
        folder = os.open(published.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def _has_been_read(self, name: str) -> bool:
        with os.scandir(self._folder / "cur") as entries:
            return any(entry.name == name or entry.name.startswith(name + ":") for entry in entries)
