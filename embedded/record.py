"""What a home folder knows about one service.

    NAME.json            its state: process id and facts (address, keys); mode 0600, replaced atomically
    logs/NAME.log        what it prints
    locks/NAME.alive     locked by the service itself as long as it lives
    locks/NAME.starting  locked by whoever starts or stops it

The service inherits the open, locked `alive` file. The operating system drops that lock when the last process
holding it ends, however it ends, so "does it live" never depends on a process id that somebody else may have
by now.
"""

import fcntl
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

__all__ = ["Record", "State"]

# A log is read after something went wrong, so the last starts are enough.
LOG_LIMIT = 10_000_000


@dataclass(frozen=True)
class State:
    """A service that was started: its process and what it was started with."""

    pid: int
    facts: Mapping[str, str]


class Record:
    """The files of the service `name` under `folder`, which need not exist yet."""

    def __init__(self, name: str, folder: Path) -> None:
        self.file = folder / f"{name}.json"
        self.log = folder / "logs" / f"{name}.log"
        self._locks = folder / "locks"
        self._name = name

    def read(self) -> State | None:
        """The state, or None when there is none that can be understood."""
        try:
            content = json.loads(self.file.read_text())
            return State(int(content.pop("pid")), {key: str(value) for key, value in content.items()})
        except (FileNotFoundError, ValueError, KeyError, AttributeError, TypeError):
            return None

    def write(self, state: State) -> None:
        """Replace the state in one step, so that no reader sees half of it."""
        draft = self.file.with_suffix(".json.new")
        with os.fdopen(os.open(draft, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "w") as file:
            json.dump({"pid": state.pid, **state.facts}, file, indent=1)
        draft.replace(self.file)

    def erase(self) -> None:
        """Forget the state."""
        self.file.unlink(missing_ok=True)

    def alive(self) -> bool:
        """Whether a process of the service lives. Only looks, so the folder may be read-only."""
        try:
            lock = self._path_of("alive").open("rb")
        except FileNotFoundError:
            return False
        with lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return True
            return False

    @contextmanager
    def life(self) -> Iterator[int]:
        """A file descriptor to hand to the service: it counts as alive until all holders closed it."""
        with self._lock_file("alive") as lock:
            # Blocks only while somebody looks whether it is alive.
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield lock.fileno()

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Keep others from starting or stopping the service."""
        with self._lock_file("starting") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def open_log(self) -> IO[bytes]:
        """The log, to append to."""
        self.log.parent.mkdir(parents=True, exist_ok=True)
        if self.log.exists() and self.log.stat().st_size > LOG_LIMIT:
            self.log.replace(self.log.with_suffix(".log.1"))
        return self.log.open("ab")

    def log_tail(self, lines: int = 8) -> str:
        """The last lines of the log, indented; empty when there is none."""
        text = self.log.read_text(errors="replace") if self.log.exists() else ""
        return "\n".join(f"  {line[:300]}" for line in text.splitlines()[-lines:])

    def _lock_file(self, kind: str) -> IO[bytes]:
        self._locks.mkdir(parents=True, exist_ok=True)
        return self._path_of(kind).open("ab")

    def _path_of(self, kind: str) -> Path:
        return self._locks / f"{self._name}.{kind}"
