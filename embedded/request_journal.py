"""What a model server was asked, seen from its side: proof of which attempts arrived and what they used."""

import json
import os
import secrets
import time
from datetime import UTC, datetime
from pathlib import Path

__all__ = ["Entry", "RequestJournal"]


class RequestJournal:
    """A file with one JSON object a line: one line when a request arrives, one when it ends.

    Keys: `at` (UTC), `request` (the same in both lines), `attempt` (the client's X-Client-Request-Id),
    `state` (received, answered, abandoned), and at the end `status`, `input_tokens`, `output_tokens` (null if
    unknown) and `ms`. A request with no second line was cut off with the server.
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = os.open(path, os.O_CREAT | os.O_APPEND | os.O_WRONLY, 0o600)

    def received(self, attempt: str) -> "Entry":
        """Note the arrival of a request."""
        entry = Entry(self, attempt[:200])
        entry.note("received")
        return entry

    def write(self, line: dict[str, object]) -> None:
        """Append one line in one piece."""
        os.write(self._file, json.dumps(line).encode() + b"\n")

    def close(self) -> None:
        """Close the file."""
        os.close(self._file)


class Entry:
    """One request in the journal."""

    def __init__(self, journal: RequestJournal, attempt: str) -> None:
        self._journal = journal
        self._attempt = attempt
        self._request = secrets.token_hex(8)
        self._began = time.monotonic()

    def note(self, state: str, **more: object) -> None:
        """Write a line about this request."""
        at = datetime.now(UTC).isoformat(timespec="milliseconds")
        line = {"at": at, "request": self._request, "attempt": self._attempt, "state": state, **more}
        self._journal.write(line)

    def ended(self, state: str, status: int | None = None, usage: object = None) -> None:
        """Note how it ended; `usage` is the provider's own object, believed where it holds whole numbers."""
        self.note(
            state,
            status=status,
            input_tokens=_tokens(usage, "prompt_tokens"),
            output_tokens=_tokens(usage, "completion_tokens"),
            ms=round(1000 * (time.monotonic() - self._began)),
        )


def _tokens(usage: object, key: str) -> int | None:
    value = usage.get(key) if isinstance(usage, dict) else None
    return value if type(value) is int and value >= 0 else None
