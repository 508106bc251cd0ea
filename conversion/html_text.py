"""The text of HTML, as far as its reader could have seen it, and apart from it what is hidden.

Elements that nobody closed end where a browser ends them. Hidden is what elements hide by their own
attributes, and those around them. Which elements a style sheet means cannot be told without a browser: its
rules that would hide text are hidden text themselves, as is a sheet that is kept elsewhere. Not read: what
scripts and style sheets write, pictures, and what stands in fields.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from conversion.html_styles import Looks, hiding_rules, looks_of

if TYPE_CHECKING:
    from justhtml import Node

__all__ = ["parted"]

NO_TEXT = re.compile("head|script|style|template|title|noscript|object|iframe|noembed|noframes")
# Drawings may stand anywhere, in any colour; the others are shown when somebody asks for them.
SHOWN_LATER = re.compile("svg|datalist|dialog|details|canvas|audio|video")
LINES = re.compile(
    "address|article|aside|blockquote|br|caption|center|dd|details|div|dl|dt|fieldset|figcaption|figure|footer"
    "|form|h[1-6]|header|hr|li|main|nav|ol|p|pre|section|summary|table|tr|ul"
)
ALONE = frozenset(("br", "hr"))
CELLS = frozenset(("td", "th"))
# Where mail programs put the message that is answered.
QUOTING = {"gmail_quote", "yahoo_quoted"}
QUOTED = "\0"


@dataclass(frozen=True)
class Around:
    """What is so of all text in an element."""

    looks: Looks
    text: bool = True
    quoted: bool = False


class SeenText:
    """Collects what is not hidden; each element that breaks the line does."""

    def __init__(self) -> None:
        self.parts: list[str] = []
        self.hidden: list[str] = []

    def read(self, root: "Node") -> None:
        """Everything in it, without calling itself: elements may be a thousand deep."""
        open_elements: list[tuple[str, Iterator[Any], Around]] = [
            ("", iter(root.children or ()), Around(Looks()))
        ]
        while open_elements:
            name, rest, around = open_elements[-1]
            child = next(rest, None)
            if child is None:
                open_elements.pop()
                self._end(name)
            elif child.name == "#text":
                self._text(child.data or "", around)
            elif child.name[0] not in "#!":
                self._start(child.name)
                self._sheet(child)
                open_elements.append((child.name, iter(child.children or ()), inside(child, around)))

    def _start(self, name: str) -> None:
        if LINES.fullmatch(name):
            self.parts.append("\n")

    def _end(self, name: str) -> None:
        if name in CELLS:
            self.parts.append(" ")
        elif name not in ALONE and LINES.fullmatch(name):
            self.parts.append("\n")

    def _text(self, data: str, around: Around) -> None:
        """Line ends in it are only spaces."""
        words = re.sub(r"\s+", " ", data.replace(QUOTED, ""))
        if not around.text:
            return
        if not around.looks.unseen:
            self.parts.append(QUOTED + words if around.quoted and words.strip() else words)
        elif words.strip():
            self.hidden.append(words.strip())

    def _sheet(self, element: "Node") -> None:
        if element.name == "style":
            sheet = "".join(child.data or "" for child in element.children or () if child.name == "#text")
            self.hidden += [f"[style sheet: {rule}]" for rule in hiding_rules(sheet)]
        attributes = element.attrs or {}
        if element.name == "link" and "stylesheet" in (attributes.get("rel") or "").lower():
            self.hidden.append(f"[style sheet: {attributes.get('href') or ''}]")


def inside(element: "Node", around: Around) -> Around:
    """What is so of the text in this element."""
    name, attributes = element.name, element.attrs or {}
    if SHOWN_LATER.fullmatch(name) and "open" not in attributes:
        around = replace(around, looks=replace(around.looks, hidden=True))
    return Around(
        looks_of(attributes, around.looks) if attributes else around.looks,
        around.text and not NO_TEXT.fullmatch(name),
        around.quoted or quotes(name, attributes),
    )


def quotes(tag: str, attributes: dict[str, str | None]) -> bool:
    """Whether a mail program says with these that an earlier message is in their element."""
    cited = tag == "blockquote" and (attributes.get("type") or "").lower() == "cite"
    return cited or not QUOTING.isdisjoint((attributes.get("class") or "").split())


def parted(html: str) -> tuple[str, str]:
    """The visible text, one line per block, at most one empty line in a row, `>` before what is quoted; and
    what is hidden or may hide something.

    Scripts and whatever else is no text are in neither.
    """
    # Here, since it takes longer to load than the rest, and most input is no HTML.
    from justhtml import JustHTML

    reader = SeenText()
    reader.read(JustHTML(html, sanitize=False).root)
    lines = [
        "> " * (QUOTED in line) + " ".join(line.replace(QUOTED, "").split())
        for line in "".join(reader.parts).split("\n")
    ]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip(), "\n".join(reader.hidden)
