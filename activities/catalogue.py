"""Model profiles: what configuration maps a profile's name to."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from activities.catalogue_entries import CatalogueError, Entry
from activities.endpoints import Endpoint
from contracts.sheet import Route

__all__ = ["Catalogue", "CatalogueError", "Endpoint", "load_catalogue"]


@dataclass(frozen=True)
class Catalogue:
    """Every profile with its route and its endpoint."""

    source: str
    routes: Mapping[str, Route]
    endpoints: Mapping[str, Endpoint]

    @property
    def profiles(self) -> tuple[str, ...]:
        """The known profiles in the order of the file."""
        return tuple(self.routes)

    def route(self, profile: str) -> Route:
        """What goes into a run's sheet. Raises CatalogueError for an unknown profile."""
        self.check_known(profile)
        return self.routes[profile]

    def endpoint(self, profile: str) -> Endpoint:
        """Where the requests go. Raises CatalogueError for an unknown profile."""
        self.check_known(profile)
        return self.endpoints[profile]

    def check_known(self, profile: str) -> None:
        """Raise CatalogueError that names the known profiles."""
        if profile not in self.routes:
            raise CatalogueError(f"{self.source}: no profile {profile!r}; known: {', '.join(self.profiles)}")


def load_catalogue(path: Path, env: Mapping[str, str]) -> Catalogue:
    """Read a catalogue; `env` holds the keys, TENUTO_MODEL_ADDRESS and TENUTO_MODEL_KEY.

    Raises CatalogueError, one line with file, line, key and what to write instead. A key that is not in
    `env` is no error here: another profile may be the one that is used.
    """
    text = read(path)
    try:
        document = tomllib.loads(text, parse_float=Decimal)
    except tomllib.TOMLDecodeError as error:
        raise CatalogueError(f"{path.name}: not TOML: {error}") from None
    profiles = document.pop("profiles", None)
    if document:
        raise CatalogueError(
            f"{path.name}: unknown key {next(iter(document))!r}; write [profiles.NAME] tables"
        )
    if not isinstance(profiles, dict) or not profiles:
        raise CatalogueError(f"{path.name}: no profile; write at least one [profiles.NAME] table")
    entries = {
        name: Entry(file=path.name, text=text, profile=name, values=values, env=env)
        for name, values in profiles.items()
    }
    return Catalogue(
        source=path.name,
        routes={name: entry.route() for name, entry in entries.items()},
        endpoints={name: entry.endpoint() for name, entry in entries.items()},
    )


def read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise CatalogueError(f"{path}: cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise CatalogueError(f"{path.name}: not UTF-8; save it as UTF-8") from None
