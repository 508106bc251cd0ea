"""A map of runs as SVG: stages, the transitions between them, and how often each was taken."""

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal

from operations.layered import Box, Drawing, Edge, layered
from operations.pages import COLOURS, Raw, tag
from operations.run_maps import RunMap, StagePassed, Transition
from operations.wording import counted, precise

__all__ = ["STYLE", "drawing_of", "kind_of", "label_lines", "map_svg", "node_lines", "standing_alone"]

EDGE, LINE, PADDING = 12.0, 15.0, 7.0
# Of one character, on the safe side.
BOLD, SMALL = 9.2, 6.7
# Of a transition from a stage to itself, beside its stage.
LOOP = 30.0
# How long an arrow's head is.
HEAD = 8.0
THINNEST, THICKEST = 1.2, 4.2
STYLE = """\
.map { font: 12px system-ui, sans-serif; }
.map text { fill: var(--ink); text-anchor: middle; }
.map .soft { fill: var(--soft); }
.map .name { font-size: 14px; font-weight: 600; }
.map .stage { fill: var(--panel); stroke: var(--soft); }
.map .behind { fill: var(--ground); }
.map .way { fill: none; stroke: var(--calm); }
.map .head { fill: var(--calm); }
.map .never .way { stroke: var(--soft); stroke-dasharray: 5 4; }
.map .never .head { fill: var(--soft); }
.map .never text, .map .unentered .name { fill: var(--soft); }
.map .unentered .stage { stroke-dasharray: 5 4; }
.map .undeclared .way { stroke: var(--bad); stroke-dasharray: 8 2 2 2; }
.map .undeclared .head { fill: var(--bad); }
"""


def node_lines(stage: StagePassed) -> list[str]:
    """The name, then how often it was entered and how runs ended in it."""
    ends = [f"{number} {state}" for state, number in stage.ended.items()]
    return [stage.stage, f"entered {stage.entered}x", *ends]


def label_lines(way: Transition) -> list[str]:
    if not way.count:
        return ["0x"]
    lines = [f"{way.count}x"]
    if way.median_s is not None:
        lines.append(precise(way.median_s))
    if way.median_usd:
        lines.append(f"${two_digits(way.median_usd)}")
    if not way.declared:
        lines.append("undeclared")
    return lines


def two_digits(amount: Decimal) -> str:
    """`0.00016`: a label is for a look; the table has the whole."""
    return format(Decimal(f"{amount:.1e}"), "f")


def size_of(lines: Sequence[str], first: float) -> tuple[float, float]:
    widest = max(first * len(lines[0]), *(SMALL * len(line) for line in lines))
    return widest + 2 * PADDING, LINE * len(lines) + 2 * PADDING


def label_size(way: Transition) -> tuple[float, float]:
    wide, high = size_of(label_lines(way), SMALL)
    return wide, high - PADDING


def loops_of(shown: RunMap) -> dict[str, Transition]:
    return {way.before: way for way in shown.transitions if way.before == way.after}


def drawing_of(shown: RunMap) -> Drawing:
    """A stage that leads to itself takes the room of that loop on either side, and stays in the middle."""
    loops = loops_of(shown)
    nodes = {}
    for stage in shown.stages:
        wide, high = size_of(node_lines(stage), BOLD)
        beside = label_size(loops[stage.stage])[0] + LOOP if stage.stage in loops else 0.0
        nodes[stage.stage] = (wide + 2 * beside, high)
    labels = {
        (way.before, way.after): label_size(way) for way in shown.transitions if way.before != way.after
    }
    return layered(nodes, labels)


def map_svg(shown: RunMap) -> Raw:
    """For a page that has COLOURS and STYLE."""
    drawing = drawing_of(shown)
    ways = {(way.before, way.after): way for way in shown.transitions}
    most = max((way.count for way in shown.transitions), default=0)
    ports = ports_of(shown, drawing)
    parts = [way_part(ways[edge], drawing, ports, most) for edge in drawing.labels]
    for stage in shown.stages:
        box = stage_box(stage, drawing)
        if loop := loops_of(shown).get(stage.stage):
            parts.append(loop_part(loop, box, most))
        parts.append(stage_part(stage, box))
    wide, high = drawing.width + 2 * EDGE, drawing.height + 2 * EDGE
    label = f"Map of {counted(shown.runs, 'run')} of {shown.workflow}; the tables say the same in words"
    return tag(
        *("svg", *parts),
        xmlns="http://www.w3.org/2000/svg",
        class_="map",
        viewBox=f"{-EDGE:g} {-EDGE:g} {wide:.0f} {high:.0f}",
        width=f"{wide:.0f}",
        height=f"{high:.0f}",
        role="img",
        aria_label=label,
    )


def standing_alone(shown: RunMap) -> str:
    """A file of its own."""
    svg = map_svg(shown)
    ground = '<rect x="-100%" y="-100%" width="300%" height="300%" class="behind"/>'
    before, after = svg.split(">", 1)
    return f"{before}><style>{COLOURS}{STYLE}</style>{ground}{after}\n"


def stage_box(stage: StagePassed, drawing: Drawing) -> Box:
    """The stage's own, without the room for its loop."""
    box, (wide, _) = drawing.nodes[stage.stage], size_of(node_lines(stage), BOLD)
    return Box(box.middle - wide / 2, box.top, wide, box.height)


def stage_part(stage: StagePassed, box: Box) -> Raw:
    frame = rectangle(box, class_="stage", rx=8)
    lines = [
        tag("text", line, class_="soft" if number else "name", x=f"{box.middle:.1f}", y=baseline(box, number))
        for number, line in enumerate(node_lines(stage))
    ]
    return tag("g", frame, *lines, class_="entered" if stage.entered else "unentered")


def baseline(box: Box, number: int) -> str:
    return f"{box.top + PADDING + LINE * number + 11.5:.1f}"


def ports_of(shown: RunMap, drawing: Drawing) -> Mapping[tuple[Edge, str], float]:
    """Where across its stages each edge leaves and arrives, in the order of where it goes or comes from."""
    ports = {}
    for stage in shown.stages:
        own = stage_box(stage, drawing)
        for side in ("bottom", "top"):
            met = []
            for edge, boxes in drawing.passes.items():
                for end, near in ((edge[0], boxes[0]), (edge[1], boxes[-1])):
                    if end == stage.stage and (near.top > own.top) == (side == "bottom"):
                        met.append((near.middle, edge))
            for number, (_, edge) in enumerate(sorted(met), start=1):
                ports[edge, stage.stage] = own.left + own.width * number / (len(met) + 1)
    return ports


def way_part(way: Transition, drawing: Drawing, ports: Mapping[tuple[Edge, str], float], most: int) -> Raw:
    edge = (way.before, way.after)
    start, *through, end = drawing.nodes[way.before], *drawing.passes[edge], drawing.nodes[way.after]
    down = end.top > start.top
    x, y = ports[edge, way.before], start.bottom if down else start.top
    path = f"M{x:.1f} {y:.1f}"
    target = (ports[edge, way.after], end.top - HEAD if down else end.bottom + HEAD)
    for box in through:
        into, out = (box.top, box.bottom) if down else (box.bottom, box.top)
        path += curve(y, box.middle, into, x) + f" L{box.middle:.1f} {out:.1f}"
        x, y = box.middle, out
    path += curve(y, *target, x)
    label = drawing.labels[edge]
    return tag(
        "g",
        tag("path", class_="way", d=path, stroke_width=thickness(way, most)),
        head_part(*target, HEAD if down else -HEAD),
        *label_parts(way, label),
        class_=kind_of(way),
    )


def curve(y: float, to_x: float, to_y: float, x: float) -> str:
    half = (y + to_y) / 2
    return f" C{x:.1f} {half:.1f} {to_x:.1f} {half:.1f} {to_x:.1f} {to_y:.1f}"


def head_part(x: float, y: float, long: float) -> Raw:
    d = f"M{x - 4.5:.1f} {y:.1f}L{x + 4.5:.1f} {y:.1f}L{x:.1f} {y + long:.1f}Z"
    return tag("path", class_="head", d=d)


def label_parts(way: Transition, box: Box) -> Iterator[Raw]:
    title = tag("title", f"{way.before} → {way.after}")
    yield rectangle(box, title, class_="behind")
    for number, line in enumerate(label_lines(way)):
        y = f"{box.top + PADDING / 2 + LINE * number + 11.5:.1f}"
        yield tag("text", line, class_="soft" if number else "count", x=f"{box.middle:.1f}", y=y)


def rectangle(box: Box, *inner: Raw, **attributes: object) -> Raw:
    place = {"x": box.left, "y": box.top, "width": box.width, "height": box.height}
    return tag("rect", *inner, **{name: f"{each:.1f}" for name, each in place.items()}, **attributes)


def kind_of(way: Transition) -> str:
    return "undeclared" if not way.declared else "taken" if way.count else "never"


def thickness(way: Transition, most: int) -> str:
    share = way.count / most if most else 0.0
    return f"{THINNEST + (THICKEST - THINNEST) * share:.1f}"


def loop_part(way: Transition, box: Box, most: int) -> Raw:
    """From the right side of its stage back to it, with the label beyond."""
    x, upper, lower = box.left + box.width, box.top + box.height * 0.3, box.top + box.height * 0.7
    out = x + LOOP
    path = f"M{x:.1f} {upper:.1f} C{out:.1f} {upper:.1f} {out:.1f} {lower:.1f} {x + HEAD:.1f} {lower:.1f}"
    head = f"M{x + HEAD:.1f} {lower - 4.5:.1f}L{x + HEAD:.1f} {lower + 4.5:.1f}L{x:.1f} {lower:.1f}Z"
    wide, high = label_size(way)
    label = Box(out - 4, box.top + (box.height - high) / 2, wide, high)
    return tag(
        "g",
        tag("path", class_="way", d=path, stroke_width=thickness(way, most)),
        tag("path", class_="head", d=head),
        *label_parts(way, label),
        class_=kind_of(way),
    )
