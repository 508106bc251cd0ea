"""The catalogue: which routes there are, and which of them a profile's name stands for."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from activities.catalogue_entries import RouteEntry
from activities.catalogue_profiles import ProfileTable
from activities.catalogue_tables import CatalogueError, NotUsableHere
from activities.endpoints import Endpoint
from contracts.sheet import Route

__all__ = ["Catalogue", "CatalogueError", "Endpoint", "load_catalogue"]


@dataclass(frozen=True)
class Catalogue:
    """Every profile with its routes, and every route that can be used with its endpoint."""

    source: str
    routes: Mapping[str, Route]
    endpoints: Mapping[str, Endpoint]
    lists: Mapping[str, tuple[str, ...]]
    """Every profile with the names of its routes, as written; the first is the default."""
    not_usable: Mapping[str, str]
    """Routes that ask the environment: why they cannot be used here."""

    @property
    def profiles(self) -> tuple[str, ...]:
        """In the order of the file; the first is the default."""
        return tuple(self.lists)

    def routes_of(self, profile: str) -> tuple[Route, ...]:
        """What goes into a run's sheet: the route, then its fallbacks; those that can be used here.

        Raises CatalogueError for an unknown profile, and for one of which no route can be used.
        """
        if profile not in self.lists:
            raise CatalogueError(f"{self.source}: no profile {profile!r}; known: {', '.join(self.profiles)}")
        names = self.lists[profile]
        usable = tuple(self.routes[name] for name in names if name in self.routes)
        if not usable:
            raise CatalogueError(self.not_usable[names[0]])
        return usable

    def endpoints_of(self, profile: str) -> tuple[Endpoint, ...]:
        """Where the requests go, in the order of `routes_of`. Raises CatalogueError as that does."""
        return tuple(self.endpoints[route.name] for route in self.routes_of(profile))

    def endpoint(self, route: str) -> Endpoint:
        """Where a route's requests go. Raises CatalogueError for one that is unknown or cannot be used."""
        if route in self.not_usable:
            raise CatalogueError(self.not_usable[route])
        if route not in self.endpoints:
            raise CatalogueError(f"{self.source}: no route {route!r}; known: {', '.join(self.endpoints)}")
        return self.endpoints[route]


def load_catalogue(path: Path, env: Mapping[str, str]) -> Catalogue:
    """Read a catalogue; `env` holds the keys, TENUTO_MODEL_ADDRESS and TENUTO_MODEL_KEY.

    Raises CatalogueError, one line with file, line, key and what to write instead. What is not in `env` is
    no error here: another route may be the one that is used.
    """
    text = read(path)
    try:
        document = tomllib.loads(text, parse_float=Decimal)
    except tomllib.TOMLDecodeError as error:
        raise CatalogueError(f"{path.name}: not TOML: {error}") from None
    profiles = ProfileTable(path.name, text, document.pop("profiles", {}))
    profiles.check_kind()
    tables = document.pop("routes", None)
    if document:
        raise CatalogueError(
            f"{path.name}: unknown key {next(iter(document))!r}; write [routes.NAME] tables and [profiles]"
        )
    if not isinstance(tables, dict) or not tables:
        raise CatalogueError(f"{path.name}: no route; write at least one [routes.NAME] table")
    entries = [RouteEntry(path.name, text, name, values, env) for name, values in tables.items()]
    lists = profiles.lists(tables)
    routes, endpoints, not_usable = {}, {}, {}
    for entry in entries:
        try:
            routes[entry.name], endpoints[entry.name] = entry.route(), entry.endpoint()
        except NotUsableHere as error:
            not_usable[entry.name] = str(error)
    return Catalogue(path.name, routes, endpoints, lists, not_usable)


def read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise CatalogueError(f"{path}: cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise CatalogueError(f"{path.name}: not UTF-8; save it as UTF-8") from None
