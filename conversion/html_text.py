"""The text of HTML, as far as its reader could have seen it, and apart from it what is hidden."""

import re
from collections import Counter
from html.parser import HTMLParser

__all__ = ["html_to_text", "parted"]

UNSEEN = {"head", "script", "style", "template", "title", "noscript", "object", "iframe"}
VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
LINES = {
    "p",
    "div",
    "br",
    "hr",
    "li",
    "ul",
    "ol",
    "tr",
    "table",
    "blockquote",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
}

# What mails really use to hide text. Colours are not judged: that would take the whole cascade.
HIDING = re.compile(
    r"display:none|visibility:hidden|font-size:0+(?:\.0+)?(?:px|pt|em|rem|%)?(?:;|!|$)|opacity:0(?:\.0+)?(?:;|!|$)"
    r"|mso-hide:all|max-height:0(?:px)?(?:;|!|$)"
)


# Where mail programs put the message that is answered.
QUOTING = {"gmail_quote", "yahoo_quoted"}
QUOTED = "\0"


class SeenText(HTMLParser):
    """Collects what is not hidden; each element that breaks the line does."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self.hidden: list[str] = []
        # Each open element: its name, and whether what is in it is hidden and quoted.
        self._open: list[tuple[str, bool, bool]] = []
        # How many elements of a name are open, so that stray end tags cost nothing.
        self._names: Counter[str] = Counter()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Open an element; what is in a hidden one is hidden."""
        if tag in LINES:
            self.parts.append("\n")
        if tag in ("p", "li") and self._open and self._open[-1][0] == tag:
            self._close()
        if tag not in VOID:
            given = dict(attrs)
            hidden = self._hidden() or tag in UNSEEN or hides(given)
            self._open.append((tag, hidden, self._quoted() or quotes(tag, given)))
            self._names[tag] += 1

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """An element without content."""
        if tag in LINES:
            self.parts.append("\n")

    def handle_endtag(self, tag: str) -> None:
        """Close the element, and those inside it that nobody closed."""
        if tag in LINES:
            self.parts.append("\n")
        if self._names[tag]:
            while self._close() != tag:
                pass

    def handle_data(self, data: str) -> None:
        """Text; line ends in it are only spaces."""
        words = re.sub(r"\s+", " ", data.replace(QUOTED, ""))
        if not self._hidden():
            self.parts.append(QUOTED + words if self._quoted() and words.strip() else words)
        elif words.strip() and not any(self._names[name] for name in UNSEEN):
            self.hidden.append(words.strip())

    def _close(self) -> str:
        name, _, _ = self._open.pop()
        self._names[name] -= 1
        return name

    def _hidden(self) -> bool:
        return bool(self._open) and self._open[-1][1]

    def _quoted(self) -> bool:
        return bool(self._open) and self._open[-1][2]


def hides(attributes: dict[str, str | None]) -> bool:
    """Whether these attributes hide their element."""
    style = re.sub(r"\s", "", attributes.get("style") or "").lower()
    return "hidden" in attributes or HIDING.search(style) is not None


def quotes(tag: str, attributes: dict[str, str | None]) -> bool:
    """Whether a mail program says with these that an earlier message is in their element."""
    cited = tag == "blockquote" and (attributes.get("type") or "").lower() == "cite"
    return cited or not QUOTING.isdisjoint((attributes.get("class") or "").split())


def html_to_text(html: str) -> str:
    """The visible text, one line per block, at most one empty line in a row; `>` before what is quoted."""
    return parted(html)[0]


def parted(html: str) -> tuple[str, str]:
    """The visible text as above, and the text of elements that their own attributes hide.

    Scripts, styles and whatever else is no text are in neither.
    """
    parser = SeenText()
    parser.feed(html)
    parser.close()
    lines = [
        "> " * (QUOTED in line) + " ".join(line.replace(QUOTED, "").split())
        for line in "".join(parser.parts).split("\n")
    ]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip(), "\n".join(parser.hidden)
