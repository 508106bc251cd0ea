"""Model profiles: what configuration maps a profile's name to."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from activities.catalogue_entries import CatalogueError, Entry, NotUsableHere
from activities.endpoints import Endpoint
from contracts.sheet import Route

__all__ = ["Catalogue", "CatalogueError", "Endpoint", "load_catalogue"]


@dataclass(frozen=True)
class Catalogue:
    """Every profile with its route and its endpoint."""

    source: str
    routes: Mapping[str, Route]
    endpoints: Mapping[str, Endpoint]
    profiles: tuple[str, ...]
    """Every profile in the order of the file; the first is the default."""
    not_usable: Mapping[str, str]
    """Of those that ask the environment: why they cannot be used here."""

    def routes_of(self, profile: str) -> tuple[Route, ...]:
        """What goes into a run's sheet. Raises CatalogueError for an unknown profile."""
        self.check_known(profile)
        return (self.routes[profile],)

    def endpoint(self, profile: str) -> Endpoint:
        """Where the requests go. Raises CatalogueError for an unknown profile."""
        self.check_known(profile)
        return self.endpoints[profile]

    def check_known(self, profile: str) -> None:
        """Raise CatalogueError that names the known profiles, or says what this one lacks."""
        if profile in self.not_usable:
            raise CatalogueError(self.not_usable[profile])
        if profile not in self.routes:
            raise CatalogueError(f"{self.source}: no profile {profile!r}; known: {', '.join(self.profiles)}")


def load_catalogue(path: Path, env: Mapping[str, str]) -> Catalogue:
    """Read a catalogue; `env` holds the keys, TENUTO_MODEL_ADDRESS and TENUTO_MODEL_KEY.

    Raises CatalogueError, one line with file, line, key and what to write instead. What is not in `env` is
    no error here: another profile may be the one that is used.
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
    routes, endpoints, not_usable = {}, {}, {}
    for name, entry in entries.items():
        try:
            routes[name], endpoints[name] = entry.route(), entry.endpoint()
        except NotUsableHere as error:
            not_usable[name] = str(error)
    return Catalogue(path.name, routes, endpoints, tuple(entries), not_usable)


def read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise CatalogueError(f"{path}: cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise CatalogueError(f"{path.name}: not UTF-8; save it as UTF-8") from None
