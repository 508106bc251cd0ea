"""Which models an OpenAI-compatible service has, for a profile that names none."""

import http.client
import json
from urllib.parse import urlsplit

__all__ = ["NothingListed", "first_model"]

# A service on this machine answers in milliseconds, and nobody waits for another at every start.
TIMEOUT_S = 2.0
LARGEST_LIST = 1_000_000
LONGEST_NAME = 200


class NothingListed(Exception):
    """The service does not say what it has. Half a sentence that says why."""


def first_model(address: str, key: str | None) -> str:
    """The first model that `address`/models lists. Raises NothingListed.

    No redirect is followed and no proxy asked, so the key goes to this address or nowhere.
    """
    try:
        content = json.loads(listing(address, key))
        name = content["data"][0]["id"]
    except (OSError, http.client.HTTPException):
        raise NothingListed(f"{address}/models does not answer") from None
    except (ValueError, LookupError, TypeError, RecursionError):
        raise NothingListed(f"{address}/models lists no model") from None
    if not isinstance(name, str) or not name.isprintable() or not 0 < len(name) <= LONGEST_NAME:
        raise NothingListed(f"{address}/models lists a model without a fit name")
    return name


def listing(address: str, key: str | None) -> bytes:
    parts = urlsplit(address)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(parts.hostname or "", parts.port, timeout=TIMEOUT_S)
    try:
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        connection.request("GET", f"{parts.path.rstrip('/')}/models", headers=headers)
        reply = connection.getresponse()
        if reply.status != http.client.OK:
            raise NothingListed(f"{address}/models answers {reply.status}")
        return reply.read(LARGEST_LIST)
    finally:
        connection.close()
