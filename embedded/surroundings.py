"""Where the servers of this checkout are, for whoever was not told: one place, used by every program."""

from collections.abc import Mapping
from pathlib import Path

from embedded.stack import Service, home

__all__ = ["complete"]

# The environment's variable, the service that can fill it in, and its fact.
FILLED_IN = (
    ("TEMPORAL_ADDRESS", "temporal", "address"),
    ("TENUTO_MODEL_ADDRESS", "model", "address"),
    ("TENUTO_MODEL_KEY", "model", "key"),
    ("TENUTO_PAYMENTS_URL", "payments", "url"),
    ("TENUTO_SHOP", "payments", "shop"),
    ("TENUTO_MAIL", "payments", "mail"),
    ("TENUTO_APPROVERS", "payments", "approvers"),
)


def complete(env: Mapping[str, str], folder: Path | None = None) -> dict[str, str]:
    """The environment, with the addresses of the embedded servers that run filled in where it names none.

    A key goes with its address: an address of one's own is never given the embedded server's key.
    """
    folder = folder or home()
    completed = dict(env)
    running = {name: Service(name, folder).running() for name in {name for _, name, _ in FILLED_IN}}
    own = {
        "model": bool(env.get("TENUTO_MODEL_ADDRESS")),
        # A configuration file or a profile names a server of its own.
        "temporal": not env.keys().isdisjoint(
            {"TEMPORAL_CONFIG_FILE", "TEMPORAL_PROFILE", "TEMPORAL_API_KEY"}
        ),
    }
    for variable, name, fact in FILLED_IN:
        state = running[name]
        if state is None or env.get(variable) or fact not in state.facts or own.get(name):
            continue
        completed[variable] = state.facts[fact]
    return completed
