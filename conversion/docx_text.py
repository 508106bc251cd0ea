"""The text of a DOCX, read as a stream of XML events, and apart from it what Word would not show.

Every run of text is read, wherever it stands: paragraphs, tables, text boxes, content controls, links.
Page headers come first, footers and notes last. A page ends where its author, or Word when it last drew
the document, ended one. Hidden is text that is marked so, white where nothing is shaded, smaller than
2 points, or deleted or moved elsewhere with that kept track of. Comments are not read, nor how text looked
before a change that is kept track of, nor the theme: of its colours those called light count as white.
"""

import codecs
import re
from collections.abc import Iterator
from io import BytesIO
from xml.parsers import expat
from zipfile import BadZipFile, LargeZipFile, ZipFile
from zlib import error as ZlibError

from conversion.docx_parts import Budget, parse
from conversion.docx_styles import DARK, Looks, Styles, changed, fill_of, grey_of, value_of
from conversion.failing import BROKEN, REJECTED, ConversionError
from conversion.limits import Limits
from conversion.pages import PageText, in_pages

__all__ = ["docx_pages"]

BODY = "word/document.xml"
ABOVE = re.compile(r"word/header\d*\.xml")
BELOW = re.compile(r"word/(?:footer\d*|footnotes|endnotes)\.xml")
# The zip module looks this up for the names in a zip, when a confined process may not reach it any more.
codecs.lookup("cp437")


def docx_pages(content: bytes, limits: Limits) -> Iterator[PageText]:
    """Its pages as far as it says where they end. Raises ConversionError."""
    try:
        with ZipFile(BytesIO(content)) as parts:
            seen, hidden = text_of(parts)
    except (BadZipFile, LargeZipFile, ZlibError, EOFError, NotImplementedError, OSError, KeyError) as error:
        raise ConversionError(BROKEN, f"no zip that can be read: {error}") from error
    except (RuntimeError, ValueError) as error:  # a zip with a password; a number that is none
        raise ConversionError(REJECTED, f"it cannot be opened: {error}") from error
    except expat.ExpatError as error:
        raise ConversionError(BROKEN, f"its XML is broken: {error}") from error
    yield from in_pages(seen, hidden, limits)


def text_of(parts: ZipFile) -> tuple[str, str]:
    """What is seen, with a form feed between pages, and what is hidden."""
    names = sorted(set(parts.namelist()))
    if BODY not in names:
        raise ConversionError(REJECTED, "it is a zip, but no Word document")
    budget = Budget()
    styles = Styles()
    if "word/styles.xml" in names:
        parse(budget.read(parts, "word/styles.xml"), styles)
    words = Words(styles)
    wanted = [
        *(name for name in names if ABOVE.fullmatch(name)),
        BODY,
        *(name for name in names if BELOW.fullmatch(name)),
    ]
    for name in wanted:
        words.paged = name == BODY
        parse(budget.read(parts, name), words)
        words.seen.append("\n")
    return "".join(words.seen), "".join(words.hidden)


GONE = frozenset({"del", "moveFrom"})
BREAKS = {"tab": "\t", "br": "\n", "cr": "\n", "noBreakHyphen": "-"}


class Words:
    """Collects the text of one part after the other."""

    def __init__(self, styles: Styles) -> None:
        self.seen: list[str] = []
        self.hidden: list[str] = []
        self.paged = False
        self._styles = styles
        self._cells: list[bool] = []
        """Whether each open cell is shaded."""
        self._paragraph = self._run = Looks()
        self._shaded_paragraph = self._shaded_run = False
        self._in_paragraph = self._in_properties = False
        self._outer: list[tuple[Looks, Looks, bool, bool]] = []
        """The same of the paragraphs around this one, which is in a text box."""
        self._fallbacks = 0
        self._gone = 0
        """Open elements with what was deleted, or moved elsewhere."""
        self._text: str | None = None

    def start(self, name: str, attributes: dict[str, str]) -> None:
        """An element opens."""
        if name == "Fallback":
            self._fallbacks += 1
        elif name in GONE:
            self._gone += 1
        elif name == "tc":
            self._cells.append(False)
        elif name in ("t", "delText"):
            self._text = name
        elif name in BREAKS and not self._in_paragraph:
            page_ends = self.paged and name == "br" and attributes.get("type") == "page"
            self._put("\f" if page_ends else BREAKS[name])
        elif name == "lastRenderedPageBreak" and self.paged:
            self._put("\f")
        else:
            self._look(name, attributes)

    def _look(self, name: str, attributes: dict[str, str]) -> None:
        """What changes how the text that follows looks."""
        value = value_of(name, attributes)
        if name == "p":
            self._outer.append((self._paragraph, self._run, self._shaded_paragraph, self._shaded_run))
            self._paragraph = self._run = self._styles.looks("")
            self._shaded_paragraph = self._shaded_run = False
        elif name == "r":
            self._run, self._shaded_run = self._paragraph, False
        elif name == "pStyle":
            self._paragraph = self._run = self._styles.looks(value, self._paragraph)
        elif name == "rStyle":
            self._run = self._styles.looks(value, self._run)
        elif name in ("pPr", "rPr"):
            self._in_paragraph = self._in_paragraph or name == "pPr"
            self._in_properties = name == "rPr"
        elif name == "shd":
            self._shade(fill_of(attributes))
        elif self._in_properties:
            self._run = changed(self._run, name, value)

    def end(self, name: str) -> None:
        """An element closes."""
        if name == "Fallback":
            self._fallbacks -= 1
        elif name in GONE:
            self._gone -= 1
        elif name == "rPr":
            self._in_properties = False
        elif name == "pPr":
            self._in_paragraph = False
        elif name in ("t", "delText"):
            self._text = None
        elif name == "p":
            self._put(" " if self._cells else "\n")
            self._paragraph, self._run, self._shaded_paragraph, self._shaded_run = self._outer.pop()
        elif name == "tc":
            self._cells.pop()
            self._put("\t")
        elif name == "tr":
            self._put("\n")

    def data(self, text: str) -> None:
        """Text, wherever it stands; only that of runs is the document's."""
        if self._text is None or self._fallbacks:
            return
        shaded = self._shaded_run or self._shaded_paragraph or any(self._cells)
        unseen = self._text == "delText" or self._gone > 0 or self._run.unseen(shaded)
        (self.hidden if unseen else self.seen).append(text)
        if unseen:
            self.hidden.append(" ")

    def _shade(self, fill: str) -> None:
        shaded = grey_of(fill) < DARK
        if self._in_properties:
            self._shaded_run = shaded
        elif self._in_paragraph:
            self._shaded_paragraph = shaded
        elif self._cells:
            self._cells[-1] = shaded

    def _put(self, space: str) -> None:
        if not self._fallbacks:
            self.seen.append(space)
