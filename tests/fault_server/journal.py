"""What the provider saw and billed, request by request."""

import json
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

__all__ = ["Entry", "Journal"]


@dataclass
class Entry:
    """One request. The status is 0 when none was sent; the tokens are what the provider bills."""

    at: str
    path: str
    task: str
    request_id: str
    retry_count: str
    authorised: bool
    body_digest: str
    behaviour: str
    headers: dict[str, str] = field(repr=False)
    body: dict[str, Any] = field(repr=False)
    status: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    settled_at: str = ""
    """When its cost was, just before the first byte of an answer; empty until then."""

    def line(self) -> str:
        """As one line of JSON, without the prompt."""
        shown = {key: value for key, value in asdict(self).items() if key not in {"headers", "body"}}
        return json.dumps(shown)


@dataclass
class Journal:
    """Every request in the order of arrival; each is also a line of `path` once its cost is settled."""

    path: Path | None = None
    entries: list[Entry] = field(default_factory=list)

    def settle(self, entry: Entry, status: int, input_tokens: int, output_tokens: int) -> None:
        """Note what is billed; call it before the first byte of an answer."""
        if entry.settled_at:
            return
        entry.settled_at = self.now()
        entry.status, entry.input_tokens, entry.output_tokens = status, input_tokens, output_tokens
        if self.path is not None:
            with self.path.open("a", encoding="utf-8") as lines:
                lines.write(entry.line() + "\n")

    @staticmethod
    def now() -> str:
        """To a thousandth of a second."""
        return datetime.now(UTC).isoformat(timespec="milliseconds")
