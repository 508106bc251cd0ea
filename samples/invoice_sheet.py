"""A sheet of paper to draw an invoice on, from the top down, with new pages as they are needed."""

from collections.abc import Callable
from io import BytesIO

from reportlab.pdfgen.canvas import Canvas

__all__ = ["GREY", "MARGIN", "WHITE", "Sheet"]

MARGIN = 56.0
WHITE, BLACK, GREY = (1.0, 1.0, 1.0), (0.0, 0.0, 0.0), (0.45, 0.45, 0.45)


class Sheet:
    """Points, from the lower left corner; `y` is where the next line is written."""

    def __init__(self, size: tuple[float, float], font: str = "Helvetica") -> None:
        self._file = BytesIO()
        # Invariant: no time and no random id. Not compressed: compressors differ between machines.
        self._canvas = Canvas(self._file, pagesize=size, invariant=1, pageCompression=0)
        (self.width, self.height), self._font = size, font
        self.pages = 1
        self.y = self.height - MARGIN
        self.begin_page: Callable[[], None] = lambda: None
        """Draws what every page but the first begins with."""

    def text(
        self,
        x: float,
        words: str,
        *,
        size: float = 10,
        bold: bool = False,
        colour: tuple[float, float, float] = BLACK,
        right: bool = False,
        y: float | None = None,
    ) -> None:
        """One line that begins at x, or ends there."""
        plain = "Times-Roman" if self._font == "Times" else self._font
        self._canvas.setFont(f"{self._font}-Bold" if bold else plain, size)
        self._canvas.setFillColorRGB(*colour)
        draw = self._canvas.drawRightString if right else self._canvas.drawString
        draw(x, self.y if y is None else y, words)

    def down(self, points: float, room: float = 0) -> None:
        """Go on below; on a new page where less than `room` is left on this one."""
        self.y -= points
        if self.y < MARGIN + room:
            self._canvas.showPage()
            self.pages += 1
            self.y = self.height - MARGIN
            self.begin_page()

    def rule(self, left: float, right: float, y: float | None = None) -> None:
        """A thin line across."""
        self._canvas.setStrokeColorRGB(*GREY)
        self._canvas.setLineWidth(0.5)
        at = self.y if y is None else y
        self._canvas.line(left, at, right, at)

    def box(
        self, x: float, y: float, width: float, height: float, colour: tuple[float, float, float]
    ) -> None:
        """A filled rectangle."""
        self._canvas.setFillColorRGB(*colour)
        self._canvas.rect(x, y, width, height, stroke=0, fill=1)

    def finished(self) -> bytes:
        """The file."""
        self._canvas.showPage()
        self._canvas.save()
        return self._file.getvalue()
