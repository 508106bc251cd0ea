"""Blobs in a folder, each named by the SHA-256 of what it holds. Processes and machines may share it.

A blob's time is when it was last written, used again or read: upkeep removes by it.
"""

import contextlib
import hashlib
import os
import re
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from io import BufferedReader
from pathlib import Path

__all__ = ["Blob", "BlobAlteredError", "BlobFolder", "BlobMissingError", "PayloadsError"]

DIGEST = re.compile(r"[0-9a-f]{64}")
# A blob that is about to go; one that is being written.
ASIDE, PART = ".aside", ".part"
# Seconds; no write and no removal takes as long.
LEFT_BEHIND = 3_600
USERS = "used-by"


class PayloadsError(RuntimeError):
    """What is kept here cannot be kept, or cannot be read as it was. One line, with the next step."""


class BlobMissingError(PayloadsError):
    """It is not there."""


class BlobAlteredError(PayloadsError):
    """What is there is something else."""


@dataclass(frozen=True)
class Blob:
    """One that is there."""

    digest: str
    touched: datetime


class BlobFolder:
    """Made with its first blob. Every method may be called from any thread or process at once.

    Its errors say `what` is kept in it, and which environment variable says where.
    """

    def __init__(self, folder: Path, what: str = "large value", variable: str = "TENUTO_PAYLOADS") -> None:
        self.folder = folder
        self._what = what
        self._variable = variable

    def put(self, data: bytes) -> str:
        """Keep it durably; its digest. One that is there is touched, or mended where it was altered.

        Raises PayloadsError.
        """
        digest = hashlib.sha256(data).hexdigest()
        path = self._path(digest)
        try:
            if not self._used_again(path, data):
                write(path, data)
        except OSError as error:
            raise PayloadsError(
                f"a {self._what} of {len(data):,} bytes cannot be kept in {self.folder}: {error.strerror}; "
                f"make room or give it the right to write, or set {self._variable}"
            ) from error
        return digest

    def get(self, digest: str) -> bytes:
        """What was put. Raises PayloadsError for a blob that is missing or altered, never a wrong value."""
        with self._file(digest) as file:
            data = file.read()
        if hashlib.sha256(data).hexdigest() != digest:
            raise self._altered(digest)
        return data

    def open(self, digest: str) -> BufferedReader:
        """The same as a file, checked piece by piece before; to be closed by the caller."""
        file = self._file(digest)
        if hashlib.file_digest(file, "sha256").hexdigest() != digest:
            file.close()
            raise self._altered(digest)
        file.seek(0)
        return file

    def blobs(self) -> list[Blob]:
        """Those that are there, the longest untouched first. What a crash left half done is cleared first."""
        self._clear()
        found = []
        for path in self.folder.glob("[0-9a-f][0-9a-f]/*"):
            if DIGEST.fullmatch(path.name):
                with contextlib.suppress(FileNotFoundError):
                    found.append(Blob(path.name, touched(path)))
        return sorted(found, key=lambda blob: blob.touched)

    def remove(self, digest: str, untouched_since: datetime) -> bool:
        """Remove it unless somebody touched it meanwhile; whether it is gone.

        It is renamed before its time is looked at: who uses it again either touches it before that, and it
        comes back, or finds nothing and writes it anew.
        """
        path = self._path(digest)
        try:
            aside = path.rename(path.with_suffix(ASIDE))
        except FileNotFoundError:
            return False
        if touched(aside) > untouched_since:
            bring_back(aside)
            return False
        aside.unlink()
        return True

    def note_user(self, name: str) -> None:
        """Remember that a namespace keeps its values here. Raises PayloadsError."""
        try:
            (self.folder / USERS).mkdir(parents=True, exist_ok=True)
            (self.folder / USERS / name).touch()
        except OSError as error:
            raise PayloadsError(
                f"{self.folder} cannot be written: {error.strerror}; set {self._variable}"
            ) from error

    def users(self) -> set[str]:
        """Every namespace that was noted."""
        return {path.name for path in (self.folder / USERS).glob("*")}

    def _file(self, digest: str) -> BufferedReader:
        """Opened, unchecked, and touched."""
        if not DIGEST.fullmatch(digest):
            raise PayloadsError(f"{digest[:70]!r} names no {self._what}: this history was not written here")
        path = self._path(digest)
        try:
            file = path.open("rb")
        except FileNotFoundError:
            raise BlobMissingError(
                f"the {self._what} {digest} is missing in {self.folder}: put it back from a backup, or set "
                f"{self._variable} to the folder that the run's workers share"
            ) from None
        except OSError as error:
            raise PayloadsError(
                f"the {self._what} {digest} cannot be read: {path}: {error.strerror}"
            ) from error
        # Who may only read cannot touch, and what a run needs is read by its workers.
        with contextlib.suppress(OSError):
            os.utime(path)
        return file

    def _altered(self, digest: str) -> PayloadsError:
        return BlobAlteredError(
            f"the {self._what} {digest} was altered: {self._path(digest)} holds something else; "
            "put it back from a backup"
        )

    def _path(self, digest: str) -> Path:
        return self.folder / digest[:2] / digest

    def _used_again(self, path: Path, data: bytes) -> bool:
        try:
            if path.read_bytes() != data:
                return False
            os.utime(path)
        except FileNotFoundError:
            return False
        return True

    def _clear(self) -> None:
        for path in self._left(ASIDE):
            bring_back(path)
        for path in self._left(PART):
            path.unlink(missing_ok=True)

    def _left(self, suffix: str) -> Iterator[Path]:
        """What nobody is at work on any more."""
        now = datetime.now(UTC).timestamp()
        for path in self.folder.glob(f"[0-9a-f][0-9a-f]/*{suffix}"):
            with contextlib.suppress(FileNotFoundError):
                if now - path.stat().st_ctime > LEFT_BEHIND:
                    yield path


def write(path: Path, data: bytes) -> None:
    """All of it or nothing, on the disk when this returns. Only this user may read it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    number, name = tempfile.mkstemp(PART, dir=path.parent)
    try:
        with os.fdopen(number, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.rename(name, path)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(name)
        raise
    for folder in (path.parent, path.parent.parent):
        settle(folder)


def settle(folder: Path) -> None:
    """Bring the names in a folder to the disk."""
    number = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)


def bring_back(aside: Path) -> None:
    with contextlib.suppress(FileNotFoundError):
        aside.rename(aside.with_suffix(""))


def touched(path: Path) -> datetime:
    return datetime.fromtimestamp(path.stat().st_mtime, UTC)
