"""Payloads in exported JSON, as what they say instead of base64, and back to the same bytes."""

import base64
import json
from typing import Any

__all__ = ["SAYS", "decoded", "encoded"]

SAYS = "says"
"""Stands for `data` in a payload that is shown decoded."""

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


def encoded(value: Any) -> Any:
    """The opposite; what is not decoded stays as it is."""
    if isinstance(value, list):
        return [encoded(each) for each in value]
    if not isinstance(value, dict):
        return value
    if SAYS in value and value.keys() <= {SAYS, "metadata"}:
        metadata = {"encoding": PLAIN, **value.get("metadata", {})}
        return {"metadata": metadata, "data": base64.b64encode(written(value[SAYS])).decode()}
    return {key: encoded(content) for key, content in value.items()}


def said(data: bytes) -> tuple[Any] | None:
    """What JSON bytes say; None when they would be written in another way."""
    try:
        says = json.loads(data)
        return (says,) if written(says) == data else None
    except (ValueError, RecursionError):
        return None


def written(says: Any) -> bytes:
    """As the data converter writes it."""
    return json.dumps(says, separators=(",", ":"), ensure_ascii=False).encode()
