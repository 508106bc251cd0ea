"""What text of a PDF is painted with, and whether that can be seen on what is behind it."""

import ctypes
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pypdfium2.raw as pdfium

__all__ = ["BLACK", "Looks", "paints_of"]

LEAST_POINTS = 2.0
# Of 255: a grey of 240 on white paper is not seen.
LEAST_CONTRAST = 16


@dataclass(frozen=True)
class Paint:
    """From black, 0, to white, 255; and how much of what is behind is covered."""

    grey: float
    cover: float

    def stands_out(self, behind: tuple[int, int]) -> bool:
        """Whether it differs from the darkest or the lightest of what is behind."""
        return self.cover * max(abs(self.grey - each) for each in behind) >= LEAST_CONTRAST


BLACK = Paint(0, 1)


class Looks:
    """Of text: how high it is, and what it is painted with."""

    def __init__(self, points: float, paints: list[Paint]) -> None:
        self._paints = paints if points >= LEAST_POINTS else []
        self._on: dict[tuple[int, int], bool] = {}

    def stand_out(self, behind: tuple[int, int]) -> bool:
        """Whether a person can see it there."""
        if behind not in self._on:
            self._on[behind] = any(paint.stands_out(behind) for paint in self._paints)
        return self._on[behind]


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
