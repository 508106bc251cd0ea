"""The text of a PDF page by page, and apart from it what is on a page that a person cannot see.

A word is hidden when all its characters are. Hidden is what leaves no trace when the page is drawn
(invisible or transparent text, text off the page, clipped away, on a layer that is off, covered by
something), what hardly differs from what is behind it (white on white), and what is smaller than 2 points.
It is found by drawing each page twice, with its text and without.

Not found: text that something covers, where other text stands on top of that. Not read: pictures. The text
that a scanner lays invisibly over its picture is hidden: nobody has seen that it says what the picture shows.
"""

import ctypes
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import hypot
from typing import Any

import pypdfium2
import pypdfium2.raw as pdfium

from conversion.failing import BROKEN, REJECTED, TOO_LARGE, ConversionError
from conversion.limits import Limits
from conversion.pages import PageText, cleaned
from conversion.pdf_drawing import Drawing, drawn

__all__ = ["pdf_pages"]

LEAST_POINTS = 2.0
# Of 255: a grey of 240 on white paper is not seen.
LEAST_CONTRAST = 16
# Where PDFium reads a hyphen at a line's end.
LINE_END_HYPHEN = 2


def pdf_pages(content: bytes, limits: Limits) -> Iterator[PageText]:
    """Each page, numbered from 1. Raises ConversionError."""
    document = opened(content)
    count = len(document)
    if count > limits.pages:
        raise ConversionError(TOO_LARGE, f"{count} pages, more than {limits.pages}")
    if count == 0:
        raise ConversionError(BROKEN, "it has no page")
    for number in range(1, count + 1):
        try:
            page = document[number - 1]
        except pypdfium2.PdfiumError as error:
            raise ConversionError(BROKEN, f"page {number} cannot be read") from error
        try:
            yield page_text(number, page, limits)
        finally:
            page.close()
    document.close()


def opened(content: bytes) -> pypdfium2.PdfDocument:
    try:
        return pypdfium2.PdfDocument(content)
    except pypdfium2.PdfiumError as error:
        if getattr(error, "err_code", None) == pdfium.FPDF_ERR_PASSWORD:
            raise ConversionError(REJECTED, "it is encrypted, and opens with a password only") from error
        raise ConversionError(BROKEN, f"no PDF that can be read: {error}") from error


def page_text(number: int, page: pypdfium2.PdfPage, limits: Limits) -> PageText:
    """Raises ConversionError for a page that has more than enough characters."""
    textpage = pdfium.FPDFText_LoadPage(page)
    if not textpage:
        raise ConversionError(BROKEN, f"the text of page {number} cannot be read")
    try:
        count = pdfium.FPDFText_CountChars(textpage)
        if count > 2 * limits.page_characters:
            raise ConversionError(TOO_LARGE, f"page {number} has {count} characters")
        if count <= 0:
            return PageText(number, "", "")
        seen, hidden = split(Characters(textpage, count, drawn(page)))
        return cleaned(number, seen, hidden)
    finally:
        pdfium.FPDFText_ClosePage(textpage)


class Characters:
    """The characters of one page in PDFium's order, and whether a person can see each."""

    def __init__(self, textpage: Any, count: int, drawing: Drawing) -> None:
        self._textpage = textpage
        self._drawing = drawing
        self.text = [self._character(index) for index in range(count)]
        self._paints: dict[int, list[Paint]] = {}

    def _character(self, index: int) -> str:
        code = pdfium.FPDFText_GetUnicode(self._textpage, index)
        return "-" if code == LINE_END_HYPHEN else chr(code) if code <= 0x10FFFF else "\ufffd"

    def seen(self, index: int) -> bool:
        """Whether drawing it makes a difference that a person can see."""
        sides = [ctypes.c_double() for _ in range(4)]
        if not pdfium.FPDFText_GetCharBox(self._textpage, index, *map(ctypes.byref, sides)):
            return False
        left, right, bottom, top = (side.value for side in sides)
        box = self._drawing.box(left, bottom, right, top)
        if box is None or self._points(index) < LEAST_POINTS or not self._drawing.changed(box):
            return False
        behind = self._drawing.behind(box)
        return any(paint.stands_out(behind) for paint in self._paint(index))

    def _points(self, index: int) -> float:
        matrix = pdfium.FS_MATRIX()
        size: float = pdfium.FPDFText_GetFontSize(self._textpage, index)
        if pdfium.FPDFText_GetMatrix(self._textpage, index, ctypes.byref(matrix)):
            size *= hypot(matrix.c, matrix.d)
        return abs(size)

    def _paint(self, index: int) -> "list[Paint]":
        """What it is painted with. Of all characters that one command shows it is the same."""
        text = pdfium.FPDFText_GetTextObject(self._textpage, index)
        address = ctypes.cast(text, ctypes.c_void_p).value or 0
        if address not in self._paints:
            self._paints[address] = paints_of(text) if address else [BLACK]
        return self._paints[address]


@dataclass(frozen=True)
class Paint:
    """From black, 0, to white, 255; and how much of what is behind is covered."""

    grey: float
    cover: float

    def stands_out(self, behind: tuple[int, int]) -> bool:
        """Whether it differs from the darkest or the lightest of what is behind."""
        return self.cover * max(abs(self.grey - each) for each in behind) >= LEAST_CONTRAST


BLACK = Paint(0, 1)


def paints_of(text: Any) -> list[Paint]:
    """The text's fill and stroke, as far as its rendering mode uses them."""
    mode = pdfium.FPDFTextObj_GetTextRenderMode(text)
    if mode in (pdfium.FPDF_TEXTRENDERMODE_INVISIBLE, pdfium.FPDF_TEXTRENDERMODE_CLIP):
        return []
    paints = []
    if mode not in (pdfium.FPDF_TEXTRENDERMODE_STROKE, pdfium.FPDF_TEXTRENDERMODE_STROKE_CLIP):
        paints += paint(pdfium.FPDFPageObj_GetFillColor, text)
    if mode not in (pdfium.FPDF_TEXTRENDERMODE_FILL, pdfium.FPDF_TEXTRENDERMODE_FILL_CLIP):
        paints += paint(pdfium.FPDFPageObj_GetStrokeColor, text)
    return paints or [BLACK]


def paint(read: Callable[..., Any], text: Any) -> list[Paint]:
    values = [ctypes.c_uint() for _ in range(4)]
    if not read(text, *map(ctypes.byref, values)):
        return []
    red, green, blue, alpha = (value.value for value in values)
    return [Paint(0.30 * red + 0.59 * green + 0.11 * blue, alpha / 255)]


def split(characters: Characters) -> tuple[str, str]:
    """The words that are seen, with all space between them, and those that are not."""
    seen: list[str] = []
    hidden: list[str] = []
    word: list[int] = []
    for index, character in enumerate([*characters.text, "\n"]):
        if not character.isspace():
            word.append(index)
            continue
        if word:
            visible = any(characters.seen(each) for each in word)
            (seen if visible else hidden).append("".join(characters.text[each] for each in word))
            word = []
            if not visible:
                hidden.append(character)
                continue
        seen.append(character)
    return "".join(seen), "".join(hidden)
