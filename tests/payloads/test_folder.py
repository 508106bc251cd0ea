"""Blobs in a folder: durable, checked, private, and removed only when nobody uses them."""

import contextlib
import hashlib
import os
import stat
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from payloads.folder import BlobFolder, PayloadsError

LONG_AGO = datetime(2020, 2, 2, tzinfo=UTC)


@pytest.fixture
def blobs(tmp_path: Path) -> BlobFolder:
    return BlobFolder(tmp_path / "not made yet" / "blobs")


def path_of(blobs: BlobFolder, digest: str) -> Path:
    return blobs.folder / digest[:2] / digest


def age(blobs: BlobFolder, digest: str) -> None:
    os.utime(path_of(blobs, digest), (LONG_AGO.timestamp(),) * 2)


def test_what_is_put_is_got_by_its_digest(blobs: BlobFolder) -> None:
    """In a file that only its user can read, with nothing half written beside it."""
    digest = blobs.put(b"a large value")
    assert digest == hashlib.sha256(b"a large value").hexdigest()
    assert blobs.get(digest) == b"a large value"
    (only,) = path_of(blobs, digest).parent.iterdir()
    assert stat.S_IMODE(only.stat().st_mode) == 0o600


def test_a_missing_blob_is_told_with_its_digest_and_the_next_step(blobs: BlobFolder) -> None:
    with pytest.raises(PayloadsError, match=f"{'0' * 64} is missing in .*back from a backup"):
        blobs.get("0" * 64)


@pytest.mark.parametrize("holds", [b"", b"another value", b"a large valuf"])
def test_an_altered_blob_is_never_a_value_and_is_mended_by_the_next_write(
    blobs: BlobFolder, holds: bytes
) -> None:
    """Empty, other, and of the same length."""
    digest = blobs.put(b"a large value")
    path_of(blobs, digest).write_bytes(holds)
    with pytest.raises(PayloadsError, match=f"{digest} was altered"):
        blobs.get(digest)
    assert blobs.put(b"a large value") == digest
    assert blobs.get(digest) == b"a large value"


@pytest.mark.parametrize("name", ["", "../../etc/passwd", "0" * 63, "F" * 64, "0" * 64 + "\n"])
def test_a_claim_reaches_no_other_file(blobs: BlobFolder, name: str) -> None:
    """Whoever can start a run can write one."""
    with pytest.raises(PayloadsError, match="names no large value"):
        blobs.get(name)


def test_a_folder_that_cannot_be_written_is_told_with_the_next_step(tmp_path: Path) -> None:
    """A file stands where the folder should be, so the superuser cannot write there either."""
    (tmp_path / "file").touch()
    with pytest.raises(PayloadsError, match=r"13 bytes cannot be kept in .*set TENUTO_PAYLOADS"):
        BlobFolder(tmp_path / "file" / "blobs").put(b"a large value")
    with pytest.raises(PayloadsError, match="cannot be written: Not a directory; set TENUTO_PAYLOADS"):
        BlobFolder(tmp_path / "file" / "blobs").note_user("somebody")


def test_every_use_touches(blobs: BlobFolder) -> None:
    """Writing it again, and reading it."""
    digest, before = blobs.put(b"a large value"), datetime.now(UTC) - timedelta(minutes=1)
    for use in (lambda: blobs.put(b"a large value"), lambda: blobs.get(digest)):
        age(blobs, digest)
        use()
        (blob,) = blobs.blobs()
        assert blob.touched > before


def test_only_what_nobody_touched_meanwhile_is_removed(blobs: BlobFolder) -> None:
    """Between the look at it and its removal somebody may use it again."""
    used, unused = blobs.put(b"used again"), blobs.put(b"not used")
    for digest in (used, unused):
        age(blobs, digest)
    seen = {blob.digest: blob.touched for blob in blobs.blobs()}
    assert set(seen.values()) == {LONG_AGO}
    blobs.put(b"used again")
    assert [blobs.remove(each, seen[each]) for each in (used, unused)] == [False, True]
    assert blobs.get(used) == b"used again"
    assert [blob.digest for blob in blobs.blobs()] == [used]
    assert not blobs.remove(unused, LONG_AGO)


def test_a_writer_and_a_remover_at_once_leave_the_value(blobs: BlobFolder) -> None:
    """Whoever comes first: after `put` has returned, the value is there."""
    stop = threading.Event()

    def removing() -> None:
        while not stop.is_set():
            for blob in blobs.blobs():
                blobs.remove(blob.digest, datetime.now(UTC) - timedelta(seconds=5))

    remover = threading.Thread(target=removing)
    digest = blobs.put(b"a large value")
    remover.start()
    try:
        for _ in range(300):
            if path_of(blobs, digest).exists():
                with contextlib.suppress(FileNotFoundError):
                    age(blobs, digest)
            blobs.put(b"a large value")
    finally:
        stop.set()
        remover.join()
    assert blobs.get(digest) == b"a large value"


def test_what_a_crash_left_is_cleared(blobs: BlobFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    """A half written blob goes; one that was about to be removed comes back; younger ones may be at work."""
    digest = blobs.put(b"a large value")
    aside = path_of(blobs, digest).rename(path_of(blobs, digest).with_suffix(".aside"))
    part = aside.with_name("half.part")
    part.touch()
    assert blobs.blobs() == []
    assert part.exists()
    # A change of a file's status has a time that nobody can set.
    monkeypatch.setattr("payloads.folder.LEFT_BEHIND", -1)
    assert [blob.digest for blob in blobs.blobs()] == [digest]
    assert not part.exists()


def test_many_writers_of_one_value_make_one_blob(blobs: BlobFolder) -> None:
    """Each of them may read it as soon as its own write is over."""
    wrong: list[object] = []

    def write() -> None:
        if blobs.get(blobs.put(b"x" * 200_000)) != b"x" * 200_000:
            wrong.append("x")

    writers = [threading.Thread(target=write) for _ in range(16)]
    for each in writers:
        each.start()
    for each in writers:
        each.join()
    assert wrong == []
    assert len(blobs.blobs()) == 1
    assert list(blobs.folder.glob("??/*.part")) == []
