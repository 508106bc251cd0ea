"""A page of a PDF, drawn small with its text and without: what the text changes is what a person can see."""

import ctypes
from collections.abc import Callable, Iterator
from math import ceil, floor
from typing import Any

import pypdfium2.raw as pdfium

from conversion.failing import BROKEN, ConversionError

__all__ = ["Box", "Drawing", "drawn"]

Box = tuple[int, int, int, int]
"""Of pixels: left, top, right, bottom; right and bottom excluded."""

# A pixel a point, so that a letter of 6 points is several pixels high; a poster is drawn smaller.
LONGEST_SIDE = 1_700
# Of 255. Less is the drawing's own rounding.
LEAST_CHANGE = 4
# Forms in forms in forms: deeper ones are not entered, and their text counts as hidden.
DEEPEST = 8
FINE = 256
# Pixels.
DOT = 3


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

    def box(self, left: float, bottom: float, right: float, top: float) -> Box | None:
        """The pixels of a rectangle of the page; None where it is off the page."""
        corners = [self._place(x, y) for x in (left, right) for y in (bottom, top)]
        xs, ys = [x for x, _ in corners], [y for _, y in corners]
        box = (
            max(0, floor(min(xs))),
            max(0, floor(min(ys))),
            min(self._width, ceil(max(xs))),
            min(self._height, ceil(max(ys))),
        )
        return box if box[0] < box[2] and box[1] < box[3] else None

    def changed(self, box: Box) -> bool:
        """Whether the text changes a pixel of it; a dot may be drawn a pixel beside its place."""
        left, top, right, bottom = box
        if right - left < DOT or bottom - top < DOT:
            box = (
                max(0, left - 1),
                max(0, top - 1),
                min(self._width, right + 1),
                min(self._height, bottom + 1),
            )
        return any(
            before != after and any(abs(a - b) >= LEAST_CHANGE for a, b in zip(before, after, strict=True))
            for before, after in zip(self._rows(self._without, box), self._rows(self._with, box), strict=True)
        )

    def behind(self, box: Box) -> tuple[int, int]:
        """The darkest and the lightest pixel of it without text."""
        rows = list(self._rows(self._without, box))
        return min(map(min, rows)), max(map(max, rows))

    def _rows(self, pixels: bytes, box: Box) -> Iterator[bytes]:
        left, top, right, bottom = box
        for row in range(top, bottom):
            yield pixels[row * self._width + left : row * self._width + right]


def drawn(page: Any) -> Drawing:
    """Raises ConversionError for a page without an area."""
    width, height = pdfium.FPDF_GetPageWidthF(page), pdfium.FPDF_GetPageHeightF(page)
    if not (0 < width < 1e6 and 0 < height < 1e6):
        raise ConversionError(BROKEN, "a page has no size")
    scale = min(1.0, LONGEST_SIDE / max(width, height))
    return Drawing(page, max(1, ceil(width * scale)), max(1, ceil(height * scale)))


def picture(page: Any, width: int, height: int) -> bytes:
    """A byte a pixel, row after row."""
    bitmap = pdfium.FPDFBitmap_CreateEx(width, height, pdfium.FPDFBitmap_Gray, None, 0)
    if not bitmap:
        raise MemoryError
    try:
        pdfium.FPDFBitmap_FillRect(bitmap, 0, 0, width, height, 0xFFFFFFFF)
        pdfium.FPDF_RenderPageBitmap(bitmap, page, 0, 0, width, height, 0, 0)
        stride = pdfium.FPDFBitmap_GetStride(bitmap)
        pixels = ctypes.string_at(pdfium.FPDFBitmap_GetBuffer(bitmap), stride * height)
    finally:
        pdfium.FPDFBitmap_Destroy(bitmap)
    return b"".join(pixels[row * stride : row * stride + width] for row in range(height))


def placing(page: Any, width: int, height: int) -> Callable[[float, float], tuple[float, float]]:
    """How a point of the page becomes a pixel, rotation and cropping included."""

    def at(x: float, y: float) -> tuple[float, float]:
        across, down = ctypes.c_int(), ctypes.c_int()
        pdfium.FPDF_PageToDevice(
            page, 0, 0, width * FINE, height * FINE, 0, x, y, ctypes.byref(across), ctypes.byref(down)
        )
        return across.value / FINE, down.value / FINE

    (x0, y0), (x1, y1), (x2, y2) = at(0, 0), at(1_000, 0), at(0, 1_000)

    def place(x: float, y: float) -> tuple[float, float]:
        return (
            x0 + (x1 - x0) * x / 1_000 + (x2 - x0) * y / 1_000,
            y0 + (y1 - y0) * x / 1_000 + (y2 - y0) * y / 1_000,
        )

    return place


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
