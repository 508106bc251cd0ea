"""Payloads in exported JSON, as what they say instead of base64; `event_json` makes the same bytes of it."""

import base64
import json
from typing import Any

__all__ = ["SAYS", "decoded", "is_said", "written"]

SAYS = "says"
"""Stands for `data` in a payload that is shown decoded."""

# Made once: `json.dumps` makes another for each value.
BRIEF = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False)

PLAIN = base64.b64encode(b"json/plain").decode()


def decoded(value: Any) -> Any:
    """A history's JSON with every payload decoded whose bytes can be made from it again."""
    if isinstance(value, list):
        return [decoded(each) for each in value]
    if not isinstance(value, dict):
        return value
    metadata, data = value.get("metadata"), value.get("data")
    if isinstance(metadata, dict) and isinstance(data, str) and metadata.get("encoding") == PLAIN:
        says = said(base64.b64decode(data))
        if says is None:
            return value
        # One encoding is meant where none is named.
        named = {key: content for key, content in metadata.items() if key != "encoding"}
        return {"metadata": named, SAYS: says[0]} if named else {SAYS: says[0]}
    return {key: decoded(content) for key, content in value.items()}


def is_said(payload: dict[str, Any]) -> bool:
    """Whether a payload is shown decoded."""
    return SAYS in payload and payload.keys() <= {SAYS, "metadata"}


def said(data: bytes) -> tuple[Any] | None:
    """What JSON bytes say; None when they would be written in another way."""
    try:
        says = json.loads(data)
        return (says,) if written(says) == data else None
    except (ValueError, RecursionError):
        return None


def written(says: Any) -> bytes:
    """As the data converter writes it."""
    return BRIEF.encode(says).encode()
