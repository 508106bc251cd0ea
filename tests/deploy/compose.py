"""docker-compose.yml as its tests read it: parsed, with the variables of .env put in."""

import re
from pathlib import Path
from typing import Any

import yaml

__all__ = ["OURS", "ROOT", "SERVICES", "VARIABLE", "document", "mounted", "seconds"]

ROOT = Path(__file__).parents[2]

# ${NAME:-default} or ${NAME:?message}
VARIABLE = re.compile(r"\$\{([A-Z_]+)(?::([-?])([^}]*))?\}")


def document() -> dict[str, Any]:
    """The whole file. What must be set is `given`, what has a default has that."""
    parsed: dict[str, Any] = filled(yaml.safe_load((ROOT / "docker-compose.yml").read_text()))
    return parsed


def filled(value: Any) -> Any:
    """With variables put in, as Compose does it: after parsing, so that an empty one is an empty text."""
    if isinstance(value, dict):
        return {key: filled(each) for key, each in value.items()}
    if isinstance(value, list):
        return [filled(each) for each in value]
    if isinstance(value, str):
        return VARIABLE.sub(lambda found: found[3] if found[2] == "-" else "given", value)
    return value


SERVICES: dict[str, dict[str, Any]] = document()["services"]

OURS = [name for name, service in SERVICES.items() if "build" in service]
"""The services that run our own image."""


def mounted(name: str) -> dict[str, tuple[str, bool]]:
    """What a service mounts: for each path its source, and whether it may write there."""
    volumes = (volume.split(":") for volume in SERVICES[name].get("volumes", []))
    return {path: (source, mode != ["ro"]) for source, path, *mode in volumes}


def seconds(duration: str) -> int:
    """A duration of the file in seconds."""
    number, unit = duration[:-1], duration[-1]
    return int(number) * {"s": 1, "m": 60}[unit]
