"""A page of a PDF, drawn small with its text and without: what the text changes is what a person can see.

Annotations and form fields are drawn both times, as they cover what is below them.
"""

import ctypes
from collections.abc import Iterator
from math import ceil, floor
from typing import Any

import pypdfium2.raw as pdfium

from conversion.failing import BROKEN, ConversionError

__all__ = ["Box", "Drawing", "drawn"]

Box = tuple[int, int, int, int]
"""Of pixels: left, top, right, bottom; right and bottom excluded."""
Line = tuple[float, float, float]
"""Pixels at the page's origin, and for each of its units to the right and upwards."""

# A pixel a point, so that a letter of 6 points is several pixels high; a poster is drawn smaller.
LONGEST_SIDE = 1_700
# Of 255. Less is the drawing's own rounding.
LEAST_CHANGE = 4
# Forms in forms in forms: deeper ones are not entered, and their text counts as hidden.
DEEPEST = 8
FINE = 256
# Pixels.
DOT = 3
PAPER = (255, 255)
# Of 255: what is lighter is not seen on paper.
LIGHTEST_INK = 239


class Drawing:
    """Two drawings in grey of one size."""

    def __init__(self, page: Any, width: int, height: int) -> None:
        self._width, self._height = width, height
        self._place = placing(page, width, height)
        self._with = picture(page, width, height)
        modes = [(text, pdfium.FPDFTextObj_GetTextRenderMode(text)) for text in texts_of(page)]
        for text, _ in modes:
            pdfium.FPDFTextObj_SetTextRenderMode(text, pdfium.FPDF_TEXTRENDERMODE_INVISIBLE)
        self._without = picture(page, width, height)
        for text, mode in modes:
            pdfium.FPDFTextObj_SetTextRenderMode(text, mode)
        paper = b"\xff" * width
        self._blank = [row == paper for row in self._without]

    @property
    def blank(self) -> bool:
        """Whether a person sees nothing but paper."""
        return min(map(min, self._with)) > LIGHTEST_INK

    def box(self, left: float, bottom: float, right: float, top: float) -> Box | None:
        """The pixels of a rectangle of the page; None where it is off the page."""
        (x0, across, along), (y0, down, up) = self._place
        x1, x2, x3, x4 = across * left, across * right, along * bottom, along * top
        y1, y2, y3, y4 = down * left, down * right, up * bottom, up * top
        west = floor(x0 + (x1 if x1 < x2 else x2) + (x3 if x3 < x4 else x4))
        east = ceil(x0 + (x2 if x1 < x2 else x1) + (x4 if x3 < x4 else x3))
        north = floor(y0 + (y1 if y1 < y2 else y2) + (y3 if y3 < y4 else y4))
        south = ceil(y0 + (y2 if y1 < y2 else y1) + (y4 if y3 < y4 else y3))
        if west < 0 or north < 0 or east > self._width or south > self._height:
            west, north = max(0, west), max(0, north)
            east, south = min(self._width, east), min(self._height, south)
        return (west, north, east, south) if west < east and north < south else None

    def changed(self, box: Box) -> bool:
        """Whether the text changes a pixel of it; a dot may be drawn a pixel beside its place."""
        left, top, right, bottom = box
        if right - left < DOT or bottom - top < DOT:
            left, top = max(0, left - 1), max(0, top - 1)
            right, bottom = right + 1, bottom + 1
        for row in range(top, min(bottom, self._height)):
            before, after = self._without[row][left:right], self._with[row][left:right]
            if before != after:
                for one, other in zip(before, after, strict=True):
                    if abs(one - other) >= LEAST_CHANGE:
                        return True
        return False

    def behind(self, box: Box) -> tuple[int, int]:
        """The darkest and the lightest pixel of it without text."""
        left, top, right, bottom = box
        if all(self._blank[top:bottom]):
            return PAPER
        rows = [row[left:right] for row in self._without[top:bottom]]
        return min(map(min, rows)), max(map(max, rows))


def drawn(page: Any) -> Drawing:
    """Raises ConversionError for a page without an area."""
    width, height = pdfium.FPDF_GetPageWidthF(page), pdfium.FPDF_GetPageHeightF(page)
    if not (0 < width < 1e6 and 0 < height < 1e6):
        raise ConversionError(BROKEN, "a page has no size")
    scale = min(1.0, LONGEST_SIDE / max(width, height))
    return Drawing(page, max(1, ceil(width * scale)), max(1, ceil(height * scale)))


def picture(page: Any, width: int, height: int) -> list[bytes]:
    """Its rows, a byte a pixel."""
    bitmap = pdfium.FPDFBitmap_CreateEx(width, height, pdfium.FPDFBitmap_Gray, None, 0)
    if not bitmap:
        raise MemoryError
    try:
        pdfium.FPDFBitmap_FillRect(bitmap, 0, 0, width, height, 0xFFFFFFFF)
        whole = (bitmap, page, 0, 0, width, height, 0, pdfium.FPDF_ANNOT)
        pdfium.FPDF_RenderPageBitmap(*whole)
        if page.formenv:
            pdfium.FPDF_FFLDraw(page.formenv, *whole)
        stride = pdfium.FPDFBitmap_GetStride(bitmap)
        pixels = ctypes.string_at(pdfium.FPDFBitmap_GetBuffer(bitmap), stride * height)
    finally:
        pdfium.FPDFBitmap_Destroy(bitmap)
    return [pixels[row * stride : row * stride + width] for row in range(height)]


def placing(page: Any, width: int, height: int) -> tuple[Line, Line]:
    """How a point of the page becomes a pixel, rotation and cropping included: its column and its row."""

    def at(x: float, y: float) -> tuple[float, float]:
        across, down = ctypes.c_int(), ctypes.c_int()
        pdfium.FPDF_PageToDevice(
            page, 0, 0, width * FINE, height * FINE, 0, x, y, ctypes.byref(across), ctypes.byref(down)
        )
        return across.value / FINE, down.value / FINE

    (x0, y0), (x1, y1), (x2, y2) = at(0, 0), at(1_000, 0), at(0, 1_000)
    return (x0, (x1 - x0) / 1_000, (x2 - x0) / 1_000), (y0, (y1 - y0) / 1_000, (y2 - y0) / 1_000)


def texts_of(page: Any) -> Iterator[Any]:
    """Every text object, those in forms included."""
    for index in range(pdfium.FPDFPage_CountObjects(page)):
        yield from texts_in(pdfium.FPDFPage_GetObject(page, index), 0)


def texts_in(thing: Any, depth: int) -> Iterator[Any]:
    kind = pdfium.FPDFPageObj_GetType(thing)
    if kind == pdfium.FPDF_PAGEOBJ_TEXT:
        yield thing
    elif kind == pdfium.FPDF_PAGEOBJ_FORM and depth < DEEPEST:
        for index in range(pdfium.FPDFFormObj_CountObjects(thing)):
            yield from texts_in(pdfium.FPDFFormObj_GetObject(thing, index), depth + 1)
