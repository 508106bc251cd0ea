"""What is installed on this machine, and whether there is room and a clock."""

import hashlib
import platform
import shutil
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from commands.doctor.findings import Finding, Place, fail, ok, warn
from embedded.ports import LOOPBACK, is_taken
from embedded.stack import Service, ServiceError
from embedded.temporal_server import PORT, UI_PORT, temporal_binary
from embedded.weights import DEFAULT, KNOWN, cache_folder, recorded_hash
from operations.wording import clock as moment

__all__ = ["clock", "disk", "environment", "local_model", "ports", "python", "temporal", "weights"]

BOOTSTRAP = "run: sh bootstrap.sh"
OLDEST, NEWEST = (3, 11), (3, 14)
SUBPROCESS_S = 60.0
# Histories of a day, logs, and what SQLite writes beside its file; below the other nothing is safe.
ROOM, LEAST_ROOM = 1_000_000_000, 200_000_000
# What the sample payment service listens on.
PAYMENTS_PORT = 8400


def python(place: Place) -> Iterator[Finding]:
    """A version that the lock has files for."""
    version = platform.python_version()
    if OLDEST <= sys.version_info[:2] <= NEWEST:
        yield ok("Python", version)
    else:
        yield fail("Python", f"{version} is not one of 3.11 to 3.14", "install one, then: sh bootstrap.sh")


def environment(place: Place) -> Iterator[Finding]:
    """Whether what is installed is what requirements.lock says, as bootstrap.sh stamps it."""
    venv = place.checkout / ".venv"
    if Path(sys.prefix).resolve() != venv.resolve():
        yield warn("environment", f"this Python is not the one in {venv}", f"use {venv}/bin/python")
        return
    with (place.checkout / "requirements.lock").open("rb") as lock:
        summed = subprocess.run(["cksum"], stdin=lock, capture_output=True, text=True, check=True)  # noqa: S607
    stamp = venv / "stamp"
    found = stamp.read_text(encoding="utf-8").strip() if stamp.exists() else ""
    if found == f"{summed.stdout.strip()} {place.checkout}":
        yield ok("environment", "as requirements.lock says")
    else:
        yield fail("environment", "is not what requirements.lock says", BOOTSTRAP)


def temporal(place: Place) -> Iterator[Finding]:
    """The binary of the embedded server."""
    try:
        binary = temporal_binary()
    except ServiceError as error:
        level = warn if "TEMPORAL_ADDRESS" in place.told else fail
        yield level("temporal", str(error).partition(";")[0], BOOTSTRAP)
        return
    told = subprocess.run([binary, "--version"], capture_output=True, text=True, timeout=SUBPROCESS_S)
    if told.returncode:
        yield fail("temporal", f"{binary} does not run: {last_line(told.stderr)}", BOOTSTRAP)
    else:
        yield ok("temporal", told.stdout.strip().removeprefix("temporal version "))


def local_model(place: Place) -> Iterator[Finding]:
    """Whether the local model's runtime loads: in a process of its own, since it may crash this one."""
    command = [sys.executable, "-c", "import xllamacpp"]
    tried = subprocess.run(command, capture_output=True, text=True, timeout=SUBPROCESS_S)
    if tried.returncode == 0:
        yield ok("local model", "its runtime loads")
    elif "libgomp" in tried.stderr:
        yield fail("local model", "libgomp is missing", "apt-get install libgomp1")
    else:
        yield fail("local model", f"its runtime does not load: {last_line(tried.stderr)}", BOOTSTRAP)


def weights(place: Place) -> Iterator[Finding]:
    """Whether the weights are there, and their hash is a known one."""
    own = place.env.get("TENUTO_MODEL_PATH")
    path = Path(own).expanduser().resolve() if own else cache_folder() / KNOWN[DEFAULT].file
    if not path.is_file():
        if own:
            yield fail("weights", f"TENUTO_MODEL_PATH names no file: {path}", "point it at a GGUF file")
        else:
            size = f"{KNOWN[DEFAULT].size / 1e9:.1f} GB"
            yield warn("weights", f"not fetched yet ({size})", "`make demo` fetches them, once")
        return
    found = hashed(path) if place.deep else recorded_hash(path, cache_folder())
    known = next((each for each in KNOWN.values() if each.sha256 == found), None)
    if known is not None:
        how = "hashed just now" if place.deep else "hashed before, unchanged since"
        yield ok("weights", f"{known.name}, {path.stat().st_size / 1e9:.1f} GB, {how}")
    elif found is None:
        yield warn("weights", f"{path} has not been hashed", "`doctor --deep` does it; so does every start")
    else:
        yield fail("weights", f"{path} has an unknown hash, {found[:16]}…", "remove it: it is not used")


def hashed(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def disk(place: Place) -> Iterator[Finding]:
    """Room where everything local is kept: a full disk stops the embedded server."""
    existing = next(each for each in (place.home, *place.home.parents) if each.exists())
    free = shutil.disk_usage(existing).free
    says = f"{free / 1e9:.1f} GB free at {place.home}"
    if free >= ROOM:
        yield ok("disk", says)
    else:
        yield (warn if free >= LEAST_ROOM else fail)("disk", says, "make room, or set TENUTO_HOME")


def clock(place: Place) -> Iterator[Finding]:
    """A clock that is behind makes proofs and certificates invalid. Nothing here is newer than now."""
    now = datetime.now(UTC)
    newest = datetime.fromtimestamp((place.checkout / "requirements.lock").stat().st_mtime, UTC)
    if newest - now > timedelta(minutes=1):
        says = f"{moment(now)} is before requirements.lock was written, {moment(newest)}"
        yield fail("clock", says, "set the clock; deadlines and approvals go by it")
    else:
        yield ok("clock", moment(now))


def ports(place: Place) -> Iterator[Finding]:
    """Who has the ports that the embedded servers like best."""
    ours = {
        str(port)
        for name in ("temporal", "payments")
        if (state := Service(name, place.home).running()) is not None
        for fact in ("address", "ui", "url")
        for port in [state.facts.get(fact, "").rpartition(":")[2]]
    }
    taken = [port for port in (PORT, UI_PORT, PAYMENTS_PORT) if is_taken(port)]
    others = [str(port) for port in taken if str(port) not in ours]
    if others:
        says = f"{', '.join(others)} on {LOOPBACK} in use by something else"
        yield warn("ports", says, "others are taken instead; `dev` prints which")
    else:
        yield ok("ports", f"{', '.join(map(str, taken))} used by this checkout" if taken else "free")


def last_line(text: str) -> str:
    lines = [line for line in text.splitlines() if line.strip()] or ["no reason given"]
    return lines[-1][:200]
