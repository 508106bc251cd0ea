"""A run's timeline as SVG. Colour is never the only sign: each outcome has a mark of its own as well."""

from collections.abc import Iterator

from operations.pages import Raw, tag
from operations.time_axes import Axis, axis_over
from operations.timelines import Bar, Look, Timeline, TimelineRow
from operations.wording import duration

__all__ = ["LEGEND", "MARKS", "NARROW", "STYLE", "WIDE", "axis_of", "drawn", "least_seconds"]

WIDE, NARROW = 960, 328
LABELS, EDGE = 330, 10
# A character's width in a row's words, on the safe side.
CHARACTER = 6.9
AXIS_HEIGHT, HEAD_HEIGHT = 34, 30
ROW_HEIGHTS = {WIDE: 24, NARROW: 40}
BAR_HEIGHT, LEAST = 12, 3.0
MARKS = {
    Look.STAGE: "",
    Look.SUCCEEDED: "✓",
    Look.FAILED: "✗",
    Look.UNKNOWN: "?",
    Look.CANCELLED: "/",
    Look.RUNNING: "…",
    Look.WAITED: "",
    Look.PERSON: "◆",
}
LEGEND = {
    Look.SUCCEEDED: "succeeded",
    Look.FAILED: "failed, its cost known",
    Look.UNKNOWN: "failed, its cost or effect unknown",
    Look.CANCELLED: "cancelled",
    Look.RUNNING: "under way",
    Look.PERSON: "a person",
}
STYLE = """\
.timeline { font: 12px system-ui, sans-serif; width: 100%; }
.timeline text { fill: var(--ink); paint-order: stroke; stroke: var(--ground); stroke-width: 3px; }
.timeline .soft { fill: var(--soft); }
.timeline .head { font-weight: 600; fill: var(--soft); letter-spacing: .04em; }
.timeline .grid { stroke: var(--line); }
.timeline rect.stage { fill: var(--calm); opacity: .85; }
.timeline rect.queued { fill: none; stroke: var(--soft); stroke-dasharray: 2 2; }
.timeline rect.succeeded { fill: var(--good); }
.timeline rect.failed { fill: var(--bad); }
.timeline rect.unknown { stroke: var(--bad); }
.timeline rect.cancelled { fill: none; stroke: var(--ink); stroke-width: 2; }
.timeline rect.running { fill: var(--calm); opacity: .6; stroke: var(--calm); }
.timeline rect.waited { fill: none; stroke: var(--open); stroke-width: 1.5; }
.timeline polygon.person { fill: var(--person); }
.timeline rect.break { fill: var(--ground); opacity: .82; }
.timeline .edge { fill: none; stroke: var(--soft); }
.mark { font-weight: 700; }
.mark.succeeded { color: var(--good); fill: var(--good); }
.mark.failed, .mark.unknown { color: var(--bad); fill: var(--bad); }
.mark.person { color: var(--person); fill: var(--person); }
.mark.running { color: var(--calm); fill: var(--calm); }
"""


def least_seconds(shown: Timeline, width: int) -> float:
    """What took less is drawn as if it had taken so long, so that it is seen."""
    scale = axis_of(shown, width).scale
    return LEAST / scale if scale else 0.0


def axis_of(shown: Timeline, width: int) -> Axis:
    left = LABELS + EDGE if width == WIDE else EDGE
    return axis_over(shown.end, shown.cuts, left, width - EDGE)


def drawn(shown: Timeline, width: int, label: str) -> Raw:
    """WIDE has names beside the bars, NARROW above them. `label` says to a screen reader what it is."""
    axis, step = axis_of(shown, width), ROW_HEIGHTS[width]
    bottom = AXIS_HEIGHT + sum(HEAD_HEIGHT + step * len(rows) for rows in shown.groups.values()) + EDGE
    name = f"timeline-{width}"
    parts = [pattern(name), *axis_parts(axis, bottom)]
    bars, words, y = list[Raw](), list[Raw](), AXIS_HEIGHT
    for group, rows in shown.groups.items():
        words.append(tag("text", group, class_="head", x=EDGE, y=y + 20))
        y += HEAD_HEIGHT
        for row in rows:
            words.append(row_words(row, y, width))
            top = y + 3 if width == WIDE else y + 19
            bars += (bar_part(bar, axis, top, name) for bar in row.bars)
            y += step
    parts += [*bars, *break_parts(axis, bottom), *words]
    return tag(
        *("svg", *parts),
        class_=f"timeline {'wide' if width == WIDE else 'narrow'}",
        viewBox=f"0 0 {width} {bottom}",
        width=width,
        height=bottom,
        role="img",
        aria_label=label,
    )


def pattern(name: str) -> Raw:
    """Lines, for what is not known."""
    line = tag("path", d="M0 6L6 0", stroke="var(--bad)", stroke_width="2")
    lines = tag("pattern", line, id=f"{name}-lines", width=6, height=6, patternUnits="userSpaceOnUse")
    return tag("defs", lines)


def axis_parts(axis: Axis, bottom: float) -> Iterator[Raw]:
    for tick in axis.ticks():
        x = f"{tick.x:.1f}"
        yield tag("line", class_="grid", x1=x, x2=x, y1=AXIS_HEIGHT - 10, y2=bottom)
        yield tag("text", tick.words, class_="soft", x=x, y=AXIS_HEIGHT - 16)


def break_parts(axis: Axis, bottom: float) -> Iterator[Raw]:
    """Over everything: what lies in a break is seen, and seen to be cut."""
    for piece in axis.breaks:
        left, right = piece.left + 6, piece.right - 6
        yield tag(
            *("rect", tag("title", f"{duration(piece.end - piece.start)} left out")),
            class_="break",
            x=f"{left:.1f}",
            y=AXIS_HEIGHT - 10,
            width=f"{right - left:.1f}",
            height=f"{bottom - AXIS_HEIGHT + 10:.1f}",
        )
        for x in (left, right):
            steps = range(AXIS_HEIGHT - 10, int(bottom), 6)
            points = " ".join(f"{x + (3 if number % 2 else -3):.1f},{y}" for number, y in enumerate(steps))
            yield tag("polyline", class_="edge", points=points)
        yield tag(
            "text",
            "⋯",
            class_="soft",
            x=f"{(left + right) / 2:.1f}",
            y=AXIS_HEIGHT - 16,
            text_anchor="middle",
        )


def row_words(row: TimelineRow, y: float, width: int) -> Raw:
    mark = MARKS[row.look]
    room = int(((LABELS if width == WIDE else width) - 2 * EDGE - 16) / CHARACTER)
    label, words = shortened(row.name, row.words, room)
    parts: list[str] = []
    if mark:
        parts += [tag("tspan", mark, class_=f"mark {row.look}"), " "]
    parts.append(label)
    if words:
        parts.append(tag("tspan", f"  {words}", class_="soft"))
    full = tag("title", f"{row.name}: {row.words}" if row.words else row.name)
    return tag("text", full, *parts, x=EDGE, y=y + 13)


def bar_part(bar: Bar, axis: Axis, top: float, name: str) -> Raw:
    left, right = axis.x(bar.start), axis.x(bar.end)
    if bar.look is Look.PERSON:
        x, half = left, BAR_HEIGHT / 2
        corners = ((x, top), (x + half, top + half), (x, top + BAR_HEIGHT), (x - half, top + half))
        points = " ".join(f"{across:.1f},{down:g}" for across, down in corners)
        return tag("polygon", class_=bar.look, points=points)
    if bar.look is Look.QUEUED and right - left < LEAST:
        return Raw("")
    wide = max(right - left, LEAST)
    # What is widened at the very end would stand beyond it.
    left = min(left, axis.pieces[-1].right - wide)
    style = f"fill: url(#{name}-lines)" if bar.look is Look.UNKNOWN else None
    return tag(
        "rect",
        class_=bar.look,
        x=f"{left:.2f}",
        y=top,
        width=f"{wide:.2f}",
        height=BAR_HEIGHT,
        rx=2,
        style=style,
    )


def shortened(name: str, words: str, room: int) -> tuple[str, str]:
    """The name as whole as possible; all of it is in the row's title."""
    if len(name) > room:
        return f"{name[: room - 1]}…", ""
    left = room - len(name) - 2
    if len(words) <= left:
        return name, words
    return name, f"{words[: left - 1]}…" if left > 8 else ""
