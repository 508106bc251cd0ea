"""The text of a DOCX, read as a stream of XML events, and apart from it what Word would not show.

Every run of text is read, wherever it stands: paragraphs, tables, text boxes, content controls, links.
Page headers come first, footers and notes last. A page ends where its author, or Word when it last drew
the document, ended one. Hidden is text that is marked so, white where nothing is shaded, smaller than
2 points, or deleted with its deletion kept track of. Comments are not read.
"""

import codecs
import re
from collections.abc import Iterator
from io import BytesIO
from xml.parsers import expat
from zipfile import BadZipFile, LargeZipFile, ZipFile, ZipInfo
from zlib import error as ZlibError

from conversion.docx_styles import DARK, Looks, Styles, changed, grey_of
from conversion.failing import BROKEN, REJECTED, TOO_LARGE, ConversionError
from conversion.limits import Limits
from conversion.pages import PageText, in_pages

__all__ = ["docx_pages"]

BODY = "word/document.xml"
ABOVE = re.compile(r"word/header\d*\.xml")
BELOW = re.compile(r"word/(?:footer\d*|footnotes|endnotes)\.xml")
# A book of 1,000 pages has a few million bytes of XML; a zip bomb has gigabytes.
MOST_XML = 60_000_000
CHUNK = 65_536
# Elements within elements; Word itself stays below a hundred.
DEEPEST = 1_000
WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main "
STRICT = "http://purl.oclc.org/ooxml/wordprocessingml/main "
# The zip module looks this up for the names in a zip, when a confined process may not reach it any more.
codecs.lookup("cp437")
FALLBACK = "http://schemas.openxmlformats.org/markup-compatibility/2006 Fallback"


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


class Budget:
    """How many bytes of XML may still come out, whatever the zip says of itself."""

    def __init__(self) -> None:
        self._left = MOST_XML

    def read(self, parts: ZipFile, name: str) -> Iterator[bytes]:
        """The part in chunks."""
        part: ZipInfo = parts.getinfo(name)
        with parts.open(part) as stream:
            while chunk := stream.read(CHUNK):
                self._left -= len(chunk)
                if self._left < 0:
                    raise ConversionError(TOO_LARGE, f"more than {MOST_XML // 1_000_000} MB when unpacked")
                yield chunk


def parse(chunks: Iterator[bytes], handler: "Styles | Words") -> None:
    """Feed the handler with the start, the text and the end of each element, names without namespace."""
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    depth = 0

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal depth
        depth += 1
        if depth > DEEPEST:
            raise ConversionError(TOO_LARGE, f"more than {DEEPEST} elements within each other")
        handler.start(short(name), {short(key): value for key, value in attributes.items()})

    def end(name: str) -> None:
        nonlocal depth
        depth -= 1
        handler.end(short(name))

    def doctype(*_: object) -> None:
        # Word writes none; with one, entities could stand for each other a billion times.
        raise ConversionError(REJECTED, "its XML has a document type")

    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = handler.data
    parser.StartDoctypeDeclHandler = doctype
    for chunk in chunks:
        parser.Parse(chunk, False)
    parser.Parse(b"", True)


def short(name: str) -> str:
    """`w:t` as `t`; of other namespaces only what is looked for."""
    for namespace in (WORD, STRICT):
        if name.startswith(namespace):
            return name.removeprefix(namespace)
    return "Fallback" if name == FALLBACK else ""


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
        self._fallbacks = 0
        self._text: str | None = None

    def start(self, name: str, attributes: dict[str, str]) -> None:
        """An element opens."""
        if name == "Fallback":
            self._fallbacks += 1
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
        value = attributes.get("val", "")
        if name == "p":
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
            self._shade(attributes.get("fill", "auto"))
        elif self._in_properties:
            self._run = changed(self._run, name, value)

    def end(self, name: str) -> None:
        """An element closes."""
        if name == "Fallback":
            self._fallbacks -= 1
        elif name == "rPr":
            self._in_properties = False
        elif name == "pPr":
            self._in_paragraph = False
        elif name in ("t", "delText"):
            self._text = None
        elif name == "p":
            self._put(" " if self._cells else "\n")
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
        unseen = self._text == "delText" or self._run.unseen(shaded)
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
