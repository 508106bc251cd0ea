"""A catalogue's [profiles] table: which routes a profile's name stands for, in order."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

from activities.catalogue_tables import NAME, CatalogueError, line_of

__all__ = ["ProfileTable"]

LINE = 'careful = ["large", "small"]'
EXAMPLE = 'write the name of a route, or a list such as ["large", "small"]: the route, then its fallbacks'


@dataclass(frozen=True)
class ProfileTable:
    """The table as it was read; `lists()` raises CatalogueError for what is wrong in it."""

    file: str
    text: str
    values: Any

    def check_kind(self) -> None:
        """Raise for what is no table of profiles, or one from when profiles were what routes are now."""
        if not isinstance(self.values, dict):
            raise CatalogueError(f"{self.file}: profiles is not a table; write [profiles] and in it {LINE}")
        for name, value in self.values.items():
            if isinstance(value, dict):
                self.fail(
                    name,
                    "is a table; one model at one address is a route: "
                    f"write [routes.{name}] instead of [profiles.{name}], it is a profile of that name too",
                    header=True,
                )

    def lists(self, routes: Collection[str]) -> Mapping[str, tuple[str, ...]]:
        """Each profile with its routes; those of [profiles] first, then every other route by itself."""
        written = {name: self.routes_in(name, value, routes) for name, value in self.values.items()}
        return written | {name: (name,) for name in routes if name not in written}

    def routes_in(self, name: str, value: object, routes: Collection[str]) -> tuple[str, ...]:
        if not NAME.fullmatch(name):
            self.fail(name, "has no fit name; use letters, digits, '.', '_' and '-'")
        named = [value] if isinstance(value, str) else value
        if not isinstance(named, list) or not named or not all(isinstance(each, str) for each in named):
            self.fail(name, f"is no list of routes; {EXAMPLE}")
        for number, each in enumerate(named):
            if each not in routes:
                self.fail(name, f"names no route of this file, {each!r}; known: {', '.join(routes)}")
            if each in named[:number]:
                self.fail(name, f"names {each!r} twice; write each route once")
        return tuple(named)

    def fail(self, name: str, what: str, *, header: bool = False) -> NoReturn:
        at = line_of(self.text, ("profiles", name)) if header else line_of(self.text, ("profiles",), name)
        raise CatalogueError(f"{self.file}:{at}: profile {name!r} {what}")
