"""Where a route's requests go."""

import ipaddress
from dataclasses import dataclass, field
from typing import Literal

__all__ = ["EMBEDDED_ADDRESS", "EMBEDDED_KEY", "Endpoint", "OutputLimit", "is_loopback"]

EMBEDDED_ADDRESS = "TENUTO_MODEL_ADDRESS"
EMBEDDED_KEY = "TENUTO_MODEL_KEY"

OutputLimit = Literal["max_tokens", "max_completion_tokens"]


@dataclass(frozen=True)
class Endpoint:
    """Where a route's requests go, in which dialect, and how many at most."""

    address: str
    """Base URL; empty when the embedded model server is meant and has no address yet."""
    api_key: str | None = field(repr=False)
    key_name: str | None
    """The variable that should hold the key; None where none is needed."""
    loopback: bool
    stream: bool
    output_limit: OutputLimit
    string_limits: bool
    requests_per_minute: int | None = None
    tokens_per_minute: int | None = None
    circuit: bool = True
    """Whether one attempt's fault may keep the others away for a while."""
    priced_by_package: bool = False


def is_loopback(host: str) -> bool:
    """Whether a host's name or address means this machine."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"
