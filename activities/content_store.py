"""Files by the digest of their content, in a folder that workers and starters share."""

import hashlib
import os
import re
import tempfile
from pathlib import Path
from typing import BinaryIO

__all__ = ["ContentError", "ContentStore"]

DIGEST = re.compile(r"[0-9a-f]{64}")
CHUNK = 1_048_576


class ContentError(Exception):
    """What is asked for is not there, or is not what it was. One line."""

    def __init__(self, digest: str, *, altered: bool) -> None:
        what = "was altered, or is damaged," if altered else "is not"
        super().__init__(f"content {digest[:16]} {what} in the store")
        self.altered = altered


class ContentStore:
    """`FOLDER/ab/abcdef...`: written once, whole, and checked whenever it is read."""

    def __init__(self, folder: Path | str) -> None:
        self._folder = Path(folder)

    def put(self, content: bytes) -> str:
        """Keep it, and return its digest. What is there, sound or not, is replaced. Raises OSError."""
        digest = hashlib.sha256(content).hexdigest()
        place = self._place(digest)
        place.parent.mkdir(parents=True, exist_ok=True)
        number, unfinished = tempfile.mkstemp(dir=place.parent, prefix=".")
        try:
            with os.fdopen(number, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            os.replace(unfinished, place)
        except OSError:
            Path(unfinished).unlink(missing_ok=True)
            raise
        settle(place.parent)
        return digest

    def open(self, digest: str) -> BinaryIO:
        """The content as a file at its beginning, after all of it was checked; to be closed by the caller.

        Raises ContentError, OSError.
        """
        try:
            file = self._place(digest).open("rb")
        except FileNotFoundError:
            raise ContentError(digest, altered=False) from None
        if digest_of(file) != digest:
            file.close()
            raise ContentError(digest, altered=True)
        file.seek(0)
        return file

    def text(self, digest: str) -> str:
        """A text that was kept as UTF-8. Raises ContentError, OSError."""
        try:
            content = self._place(digest).read_bytes()
        except FileNotFoundError:
            raise ContentError(digest, altered=False) from None
        if hashlib.sha256(content).hexdigest() != digest:
            raise ContentError(digest, altered=True)
        return content.decode("utf-8")

    def _place(self, digest: str) -> Path:
        if not DIGEST.fullmatch(digest):
            raise ValueError("not a digest")
        return self._folder / digest[:2] / digest


def digest_of(file: BinaryIO) -> str:
    """Read in pieces, whatever its size."""
    known = hashlib.sha256()
    while chunk := file.read(CHUNK):
        known.update(chunk)
    return known.hexdigest()


def settle(folder: Path) -> None:
    """A new name is safe on disk only with its folder."""
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
