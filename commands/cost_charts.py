"""Costs as bars: proven, unknown and held one after the other, in a terminal and as SVG of its own."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from html import escape

from rich.console import Console
from rich.text import Text

from operations.lines import safe

__all__ = ["Bar", "print_bars", "svg_of"]

# The same order everywhere: what is sure first.
PARTS = (("proven", "█", "green"), ("unknown", "▒", "red"), ("held", "░", "yellow"))
MOST_BARS = 20
NARROWEST = 10


@dataclass(frozen=True)
class Bar:
    """One row. Amounts in US dollars."""

    label: str
    proven: Decimal
    unknown: Decimal
    held: Decimal
    words: str
    """The amounts as a person reads them."""

    @property
    def parts(self) -> tuple[Decimal, Decimal, Decimal]:
        return self.proven, self.unknown, self.held

    @property
    def all(self) -> Decimal:
        return sum(self.parts, Decimal(0))


def print_bars(console: Console, bars: Sequence[Bar]) -> None:
    """Each in a line, as long as the terminal is wide; none when there is nothing to compare."""
    shown = bars[:MOST_BARS]
    largest = max((bar.all for bar in shown), default=Decimal(0))
    if len(shown) < 2 or not largest:
        return
    width = min(console.width, 100)
    room = max(NARROWEST, width // 3)
    console.print()
    for bar in shown:
        label = safe(bar.label)
        label = label if len(label) <= room else f"…{label[-room + 1 :]}"
        line = Text(label.ljust(room + 1), style="dim")
        for length, (_, mark, style) in zip(lengths(bar, largest, width - room - 2), PARTS, strict=True):
            line.append(mark * length, style)
        line.rstrip()
        console.print(line, soft_wrap=True)
    legend = Text("  ").join(Text.assemble((mark, style), f" {name}") for name, mark, style in PARTS)
    console.print(legend, soft_wrap=True)


def lengths(bar: Bar, largest: Decimal, room: int) -> list[int]:
    """Of the parts; what is there at all is seen, and together they are no longer than the room."""
    given = [max(1, int(part * room / largest)) if part else 0 for part in bar.parts]
    while sum(given) > room:
        given[given.index(max(given))] -= 1
    return given


SVG_STYLE = (
    "svg{font:13px system-ui,sans-serif;background:#fff}text{fill:#1f2328}.amount{fill:#59636e}"
    ".proven{fill:#1a7f37}.unknown{fill:#cf222e}.held{fill:#bf8700}"
    "@media(prefers-color-scheme:dark){svg{background:#0d1117}text{fill:#e6edf3}.amount{fill:#9198a1}"
    ".proven{fill:#3fb950}.unknown{fill:#f85149}.held{fill:#d29922}}"
)
HEAD, STEP, THICK, EDGE = 72, 40, 14, 16
WIDTH = 720


def svg_of(title: str, bars: Sequence[Bar]) -> str:
    """A picture that needs nothing else, and reads on light and dark ground."""
    height = HEAD + STEP * max(1, len(bars)) + EDGE
    largest = max((bar.all for bar in bars), default=Decimal(0)) or Decimal(1)
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" '
        f'viewBox="0 0 {WIDTH} {height}" role="img" aria-labelledby="title">',
        f'<title id="title">{text_of(title)}</title>',
        f"<style>{SVG_STYLE}</style>",
        f'<text x="{EDGE}" y="26" font-weight="600">{text_of(title)}</text>',
    ]
    for number, (name, _, _) in enumerate(PARTS):
        x = EDGE + 110 * number
        lines.append(f'<rect class="{name}" x="{x}" y="40" width="12" height="12" rx="2"/>')
        lines.append(f'<text x="{x + 18}" y="51">{name}</text>')
    if not bars:
        lines.append(f'<text class="amount" x="{EDGE}" y="{HEAD + 20}">nothing was spent</text>')
    for number, bar in enumerate(bars):
        lines += bar_lines(bar, HEAD + STEP * number, largest)
    return "\n".join([*lines, "</svg>", ""])


def bar_lines(bar: Bar, y: int, largest: Decimal) -> list[str]:
    lines = [
        f'<text x="{EDGE}" y="{y + 12}">{text_of(shortened(bar.label))}</text>',
        f'<text class="amount" x="{WIDTH - EDGE}" y="{y + 12}" text-anchor="end">{text_of(bar.words)}</text>',
    ]
    x = Decimal(EDGE)
    for amount, (name, _, _) in zip(bar.parts, PARTS, strict=True):
        if amount:
            wide = amount * (WIDTH - 2 * EDGE) / largest
            lines.append(
                f'<rect class="{name}" x="{x:.2f}" y="{y + 18}" width="{wide:.2f}" height="{THICK}"/>'
            )
            x += wide
    return lines


def shortened(label: str) -> str:
    return label if len(label) <= 48 else f"…{label[-47:]}"


def text_of(words: str) -> str:
    return escape(safe(words))
