"""The text of a PDF page by page, and apart from it what is on a page that a person cannot see.

Each character is judged by itself. Hidden is what leaves no trace when the page is drawn
(invisible or transparent text, text off the page, clipped away, on a layer that is off, covered by
something), what hardly differs from what is behind it (white on white), and what is smaller than 2 points.
It is found by drawing each page twice, with its text and without.

Not found: text that something covers, where other text stands on top of that. Not read: pictures, and what
stands in annotations and form fields, which are drawn as they cover what is below them. The text that a
scanner lays invisibly over its picture is hidden: nobody has seen that it says what the picture shows.
"""

import ctypes
from collections.abc import Iterator
from dataclasses import replace
from math import hypot
from typing import Any

import pypdfium2
import pypdfium2.raw as pdfium

from conversion.failing import BROKEN, REJECTED, TOO_LARGE, ConversionError
from conversion.limits import Limits
from conversion.pages import PageText, cleaned
from conversion.pdf_drawing import Drawing, drawn
from conversion.pdf_paint import BLACK, Looks, paints_of

__all__ = ["pdf_pages"]

# Where PDFium reads a hyphen at a line's end.
LINE_END_HYPHEN = 2
# Drawn only where a line ends at it.
SOFT_HYPHEN = "\xad"


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
        document = pypdfium2.PdfDocument(content)
        # Without this, fields that cover something are not drawn. Before any page is loaded.
        document.init_forms()
        return document
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
        drawing = drawn(page)
        seen, hidden = split(Characters(textpage, max(0, count), drawing))
        text = cleaned(number, seen, hidden)
        return text if text.seen else replace(text, unread=not drawing.blank)
    finally:
        pdfium.FPDFText_ClosePage(textpage)


class Characters:
    """The characters of one page in PDFium's order, and whether a person can see each."""

    def __init__(self, textpage: Any, count: int, drawing: Drawing) -> None:
        self._textpage = textpage
        self._drawing = drawing
        self.text = [self._character(index) for index in range(count)]
        self._looks: dict[int, Looks] = {}
        self._sides = (ctypes.c_double * 4)()
        size = ctypes.sizeof(ctypes.c_double)
        self._each_side = [
            ctypes.cast(ctypes.byref(self._sides, place * size), ctypes.POINTER(ctypes.c_double))
            for place in range(4)
        ]

    def _character(self, index: int) -> str:
        code = pdfium.FPDFText_GetUnicode(self._textpage, index)
        return "-" if code == LINE_END_HYPHEN else chr(code) if code <= 0x10FFFF else "\ufffd"

    def seen(self, index: int) -> bool:
        """Whether drawing it makes a difference that a person can see."""
        if not pdfium.FPDFText_GetCharBox(self._textpage, index, *self._each_side):
            return False
        left, right, bottom, top = self._sides[:]
        box = self._drawing.box(left, bottom, right, top)
        if box is None or not self._drawing.changed(box):
            return False
        return self._looks_of(index).stand_out(self._drawing.behind(box))

    def _looks_of(self, index: int) -> "Looks":
        """Of all characters that one command shows they are the same."""
        text = pdfium.FPDFText_GetTextObject(self._textpage, index)
        address = ctypes.addressof(text.contents) if text else 0
        looks = self._looks.get(address)
        if looks is None:
            looks = Looks(self._points(index), paints_of(text) if text else [BLACK])
            self._looks[address] = looks
        return looks

    def _points(self, index: int) -> float:
        matrix = pdfium.FS_MATRIX()
        size: float = pdfium.FPDFText_GetFontSize(self._textpage, index)
        if pdfium.FPDFText_GetMatrix(self._textpage, index, ctypes.byref(matrix)):
            size *= hypot(matrix.c, matrix.d)
        return abs(size)


def split(characters: Characters) -> tuple[str, str]:
    """What is seen, with all space between words, and what is not, in words."""
    seen: list[str] = []
    hidden: list[str] = []
    word: list[int] = []
    for index, character in enumerate([*characters.text, "\n"]):
        if not character.isspace():
            word.append(index)
            continue
        visible, unseen = parted(characters, word)
        seen.append(visible)
        if unseen:
            hidden += (unseen, " " if visible else character)
        if visible or not unseen:
            seen.append(character)
        word = []
    return "".join(seen), "".join(hidden)


def parted(characters: Characters, word: list[int]) -> tuple[str, str]:
    """The visible and the other characters of one word."""
    visible, unseen = "", ""
    for index in word:
        if characters.seen(index):
            visible += characters.text[index]
        elif characters.text[index] != SOFT_HYPHEN:
            unseen += characters.text[index]
    return visible, unseen
