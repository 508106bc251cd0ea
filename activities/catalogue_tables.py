"""A table of a catalogue, read key by key, so that every error names its line and the remedy."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any, NoReturn

__all__ = ["NAME", "CatalogueError", "CatalogueTable", "NotUsableHere", "line_of"]

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


class CatalogueError(Exception):
    """One line that says where the catalogue is wrong and what to write instead."""


class NotUsableHere(CatalogueError):
    """A route that asks the environment, and what it says cannot be used. Other routes can."""


@dataclass(frozen=True)
class CatalogueTable:
    """A `[routes.NAME]` table; what reads a value raises CatalogueError for one that is wrong."""

    file: str
    text: str
    name: str
    values: Any
    env: Mapping[str, str] = field(repr=False)

    def count(self, key: str, least: int, most: int) -> int:
        value = self.values.get(key)
        if type(value) is not int or not least <= value <= most:
            self.fail(key, f"{self.state(key)}; write a whole number from {least} to {most}")
        return value

    def number(self, key: str, most: int, remedy: str) -> Decimal | None:
        """From 0 to `most`, exactly as written; None when it is left out."""
        if key not in self.values:
            return None
        value = self.values[key]
        try:
            number = Decimal(value) if isinstance(value, str | int | Decimal) else Decimal("NaN")
        except InvalidOperation:
            number = Decimal("NaN")
        if isinstance(value, bool) or not number.is_finite() or not 0 <= number <= most:
            self.fail(key, f"is not a number from 0 to {most}; {remedy}")
        return number

    def word(self, key: str) -> str:
        value = self.values.get(key)
        if (name := self.variable(key)) is not None:
            value = self.env.get(name)
            if not value:
                self.fail(key, f"is not set; set {name} in the environment")
        if not isinstance(value, str) or not value.strip() or not value.isprintable():
            self.fail(key, f"{self.state(key)}; write a text in quotes")
        return value

    def variable(self, key: str) -> str | None:
        """The variable that is named in the place of a value: OPENAI_BASE_URL for "$OPENAI_BASE_URL"."""
        value = self.values.get(key)
        return value[1:] if isinstance(value, str) and value.startswith("$") else None

    def flag(self, key: str, *, default: bool) -> bool:
        value = self.values.get(key, default)
        if not isinstance(value, bool):
            self.fail(key, "is neither true nor false")
        return value

    def state(self, key: str) -> str:
        return "is not right" if key in self.values else "is missing"

    def fail(self, key: str | None, what: str) -> NoReturn:
        line = line_of(self.text, ("routes", self.name), key)
        subject = f"route {self.name!r}" if key is None else f"route {self.name!r}: {key}"
        name = None if key is None else self.variable(key)
        if name is not None:
            raise NotUsableHere(f"{self.file}:{line}: {subject} (from {name}) {what}")
        raise CatalogueError(f"{self.file}:{line}: {subject} {what}")


def line_of(text: str, table: tuple[str, ...], key: str | None = None) -> int:
    """The line of a key in its table; the table's own when it is not there, 1 as a last resort."""
    path = r"\s*\.\s*".join(rf"[\"']?{re.escape(part)}[\"']?" for part in table)
    header = re.compile(rf"\s*\[\s*{path}\s*[.\]]")
    at, found = 1, False
    for number, line in enumerate(text.splitlines(), start=1):
        if line.lstrip().startswith("["):
            found = bool(header.match(line))
            at = number if found else at
        elif found and key is not None and re.match(rf"\s*[\"']?{re.escape(key)}[\"']?\s*[.=]", line):
            return number
    return at
