"""What of Word's styles can hide text: marked hidden, white, tiny."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

__all__ = ["DARK", "Looks", "Styles", "changed", "fill_of", "grey_of", "value_of"]

# Sizes are in half points.
LEAST_SIZE = 4
OFF = frozenset({"0", "false", "off"})
# From black, 0, to white, 255.
WHITE, DARK = 240, 200
BYTE = re.compile("[0-9a-fA-F]{2}")
COLOUR = re.compile("[0-9a-fA-F]{6}")
# What of a theme is white, or nearly so, in every theme that is meant for paper; `val` may say otherwise.
LIGHT_THEME = frozenset({"background1", "background2", "light1", "light2"})


def grey_of(colour: str) -> float:
    """How light a colour is; `auto` behind text is paper."""
    if not COLOUR.fullmatch(colour):
        return 255
    red, green, blue = bytes.fromhex(colour)
    return 0.30 * red + 0.59 * green + 0.11 * blue


@dataclass(frozen=True)
class Looks:
    """Of a run of text."""

    marked: bool = False
    white: bool = False
    size: int | None = None

    def unseen(self, shaded: bool) -> bool:
        """Whether Word would show nothing; white is seen where something dark is behind it."""
        tiny = self.size is not None and self.size < LEAST_SIZE
        return self.marked or tiny or (self.white and not shaded)


def value_of(name: str, attributes: Mapping[str, str]) -> str:
    """What a property says; a colour of the theme comes before the one beside it."""
    if name == "color" and "themeColor" in attributes:
        light = attributes["themeColor"] in LIGHT_THEME and byte_of(attributes, "themeShade") >= WHITE
        # FF is mixed with no black and no white, 00 is black or white.
        return (
            "FFFFFF"
            if light or byte_of(attributes, "themeTint") <= 255 - WHITE
            else attributes.get("val", "")
        )
    return attributes.get("val", "")


def fill_of(attributes: Mapping[str, str]) -> str:
    """The colour of a shading, `auto` for none."""
    pattern = attributes.get("val", "")
    if pattern == "nil" or attributes.get("themeFill") in LIGHT_THEME:
        return "auto"
    return attributes.get("color" if pattern == "solid" else "fill", "auto")


def byte_of(attributes: Mapping[str, str], name: str) -> int:
    value = attributes.get(name, "")
    return int(value, 16) if BYTE.fullmatch(value) else 255


def changed(looks: Looks, name: str, value: str) -> Looks:
    """After one property of a run, `w:vanish` for example."""
    if name in ("vanish", "webHidden", "specVanish"):
        return replace(looks, marked=value.lower() not in OFF)
    if name == "color":
        # `auto` is black on paper.
        return replace(looks, white=value != "auto" and grey_of(value) >= WHITE)
    if name == "sz":
        return replace(looks, size=int(value) if value.isdecimal() else None)
    return looks


class Styles:
    """Read from `word/styles.xml`; each style stands on another one."""

    def __init__(self) -> None:
        self._properties: dict[str, list[tuple[str, str]]] = {}
        self._based_on: dict[str, str] = {}
        self._style = ""
        """The open one; empty for the defaults of the document."""
        self._in_properties = False

    def start(self, name: str, attributes: dict[str, str]) -> None:
        """An element opens."""
        value = value_of(name, attributes)
        if name == "style":
            self._style = attributes.get("styleId", "")
        elif name == "basedOn":
            self._based_on[self._style] = value
        elif name == "rPr":
            self._in_properties = True
        elif self._in_properties and name in ("vanish", "color", "sz"):
            self._properties.setdefault(self._style, []).append((name, value))

    def end(self, name: str) -> None:
        """An element closes."""
        if name == "rPr":
            self._in_properties = False
        elif name == "style":
            self._style = ""

    def data(self, text: str) -> None:
        """Styles hold no text."""

    def looks(self, style: str, before: Looks | None = None) -> Looks:
        """How text of this style looks, on top of what it looked like before."""
        if before is None:
            before = Looks()
            for name, value in self._properties.get("", []):
                before = changed(before, name, value)
        chain: list[str] = []
        while style and style not in chain:
            chain.append(style)
            style = self._based_on.get(style, "")
        for each in reversed(chain):
            for name, value in self._properties.get(each, []):
                before = changed(before, name, value)
        return before
