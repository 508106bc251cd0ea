"""A layered drawing of a small graph: nodes in layers, each edge with a box of its own for its label.

Every edge goes downwards through a box in each layer that it crosses, one of them its label's. The boxes of a
layer never overlap, so neither do labels and nodes, and no line runs through a node or a label.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

__all__ = ["Box", "Drawing", "Edge", "Size", "layered"]

Edge = tuple[str, str]
Size = tuple[float, float]
"""Width and height."""
Neighbours = Mapping[object, Sequence[object]]
Sizes = Mapping[object, Size]

SIDE, BELOW, PASSING = 14.0, 26.0, 6.0
"""Between boxes of a layer, between layers, and the width of a line that passes a layer."""
SWEEPS = 12
# A line should rather be straight than its ends be in the middle.
STRAIGHT = 8.0


@dataclass(frozen=True)
class Box:
    """Where something is drawn: its left upper corner and its size."""

    left: float
    top: float
    width: float
    height: float

    @property
    def middle(self) -> float:
        return self.left + self.width / 2

    @property
    def bottom(self) -> float:
        return self.top + self.height


@dataclass(frozen=True)
class Drawing:
    """The whole, from 0 to `width` and `height`."""

    nodes: Mapping[str, Box]
    labels: Mapping[Edge, Box]
    passes: Mapping[Edge, list[Box]]
    """The boxes that an edge goes through from its first node to its second, the label's among them."""
    width: float
    height: float


def layered(nodes: Mapping[str, Size], labels: Mapping[Edge, Size]) -> Drawing:
    """Draw it from the first node on. Edges from a node to itself are not drawn here."""
    down = downwards(list(nodes), list(labels))
    rank = ranks(list(nodes), list(down.values()))
    sizes: dict[object, Size] = {name: size for name, size in nodes.items()}
    layers: dict[int, list[object]] = defaultdict(list)
    for name in nodes:
        layers[rank[name]].append(name)
    chains: dict[Edge, list[object]] = {}
    for edge, (above, below) in down.items():
        chain: list[object] = [(edge, layer) for layer in range(rank[above] + 1, rank[below])]
        for layer, part in enumerate(chain, start=rank[above] + 1):
            layers[layer].append(part)
            sizes[part] = (PASSING, 0.0)
        sizes[chain[0]] = labels[edge]
        chains[edge] = [above, *chain, below]
    neighbours: dict[object, list[object]] = defaultdict(list)
    for chain in chains.values():
        for one, other in pairwise(chain):
            neighbours[one].append(other)
            neighbours[other].append(one)
    ordered = [layers[layer] for layer in sorted(layers)]
    put_in_order(ordered, neighbours)
    for chain in chains.values():
        for part in chain[1:-1]:  # a line is straight where all of it is drawn to one place
            neighbours[part] += [each for each in chain[1:-1] if each is not part]
    middles = across(ordered, neighbours, sizes)
    boxes, width, height = boxes_of(ordered, middles, sizes)
    return Drawing(
        nodes={name: boxes[name] for name in nodes},
        labels={edge: boxes[chain[1]] for edge, chain in chains.items()},
        passes={
            edge: [boxes[part] for part in (chain[1:-1] if down[edge] == edge else chain[-2:0:-1])]
            for edge, chain in chains.items()
        },
        width=width,
        height=height,
    )


def downwards(nodes: Sequence[str], edges: Sequence[Edge]) -> dict[Edge, Edge]:
    """Each edge as it goes down: one that leads back to where it came from is turned round."""
    following: dict[str, list[str]] = defaultdict(list)
    for before, after in edges:
        following[before].append(after)
    done, way, turned = set[str](), set[str](), set[Edge]()

    def visit(node: str) -> None:
        way.add(node)
        for after in following[node]:
            if after in way:
                turned.add((node, after))
            elif after not in done:
                visit(after)
        way.remove(node)
        done.add(node)

    for node in nodes:
        if node not in done:
            visit(node)
    return {edge: edge[::-1] if edge in turned else edge for edge in edges if edge[0] != edge[1]}


def ranks(nodes: Sequence[str], edges: Sequence[Edge]) -> dict[str, int]:
    """The layer of each node, as low as what leads to it demands; every other layer is for labels."""
    found = dict.fromkeys(nodes, 0)
    for _ in nodes:
        for above, below in edges:
            found[below] = max(found[below], found[above] + 2)
    return found


def put_in_order(layers: Sequence[list[object]], neighbours: Neighbours) -> None:
    """Each layer by the mean place of its neighbours in the one before, down and up again."""
    best, fewest = [list(layer) for layer in layers], crossings(layers, neighbours)
    for sweep in range(SWEEPS):
        down = sweep % 2 == 0
        pairs = list(pairwise(layers))
        for upper, lower in pairs if down else reversed(pairs):
            fixed, moved = (upper, lower) if down else (lower, upper)
            place = {part: number for number, part in enumerate(fixed)}
            now = {part: number for number, part in enumerate(moved)}
            moved.sort(key=lambda part: mean_of(part, place, neighbours, float(now[part])))
        if (number := crossings(layers, neighbours)) < fewest:
            best, fewest = [list(layer) for layer in layers], number
    for layer, order in zip(layers, best, strict=True):
        layer[:] = order


def mean_of(
    part: object,
    place: Mapping[object, float],
    neighbours: Neighbours,
    otherwise: float,
) -> float:
    places = [place[each] for each in neighbours.get(part, ()) if each in place]
    return sum(places) / len(places) if places else otherwise


def crossings(layers: Sequence[Sequence[object]], neighbours: Neighbours) -> int:
    """How many pairs of lines cross between two layers."""
    number = 0
    for upper, lower in pairwise(layers):
        place = {part: at for at, part in enumerate(lower)}
        lines = [
            (at, place[each])
            for at, part in enumerate(upper)
            for each in neighbours.get(part, ())
            if each in place
        ]
        number += sum(
            (a[0] - b[0]) * (a[1] - b[1]) < 0 for at, a in enumerate(lines) for b in lines[at + 1 :]
        )
    return number


def across(layers: Sequence[Sequence[object]], neighbours: Neighbours, sizes: Sizes) -> dict[object, float]:
    """The middle of each box: as near to its neighbours' as the others of its layer let it be."""
    middles: dict[object, float] = {}
    for layer in layers:
        middles |= apart(layer, dict.fromkeys(layer, (0.0, 1.0)), sizes)
    for sweep in range(SWEEPS * 4):
        for layer in layers if sweep % 2 == 0 else reversed(layers):
            wished = {part: pulled(part, middles, neighbours) for part in layer}
            middles |= apart(layer, wished, sizes)
    return middles


def pulled(part: object, middles: Mapping[object, float], neighbours: Neighbours) -> tuple[float, float]:
    """Where its neighbours want it, and how much. Parts of a line are no strings, nodes are."""
    pulls = [
        (middles[each], 1.0 if isinstance(part, str) or isinstance(each, str) else STRAIGHT)
        for each in neighbours.get(part, ())
    ]
    weight = sum(pull for _, pull in pulls)
    if not weight:
        return middles[part], 1.0
    return sum(middle * pull for middle, pull in pulls) / weight, weight


def apart(
    layer: Sequence[object], wished: Mapping[object, tuple[float, float]], sizes: Sizes
) -> dict[object, float]:
    """The places nearest to the wished ones, by weighted least squares, in this order with room between."""
    room, before = [0.0], 0.0
    for one, other in pairwise(layer):
        before += (sizes[one][0] + sizes[other][0]) / 2 + SIDE
        room.append(before)
    # Each block moves as one: the weighted sum of what its parts wish, the weights, and how many they are.
    blocks: list[tuple[float, float, int]] = []
    for part, taken in zip(layer, room, strict=True):
        middle, weight = wished[part]
        blocks.append(((middle - taken) * weight, weight, 1))
        while len(blocks) > 1 and blocks[-2][0] / blocks[-2][1] > blocks[-1][0] / blocks[-1][1]:
            other_pull, other_weight, other_number = blocks.pop()
            pull, weight, number = blocks.pop()
            blocks.append((pull + other_pull, weight + other_weight, number + other_number))
    starts = [total / weight for total, weight, number in blocks for _ in range(number)]
    return {part: start + taken for part, start, taken in zip(layer, starts, room, strict=True)}


def boxes_of(
    layers: Sequence[Sequence[object]], middles: Mapping[object, float], sizes: Sizes
) -> tuple[dict[object, Box], float, float]:
    """The boxes from 0 on, and the size of the whole."""
    least = min(middles[part] - sizes[part][0] / 2 for layer in layers for part in layer)
    most = max(middles[part] + sizes[part][0] / 2 for layer in layers for part in layer)
    boxes, top = dict[object, Box](), 0.0
    for layer in layers:
        high = max(sizes[part][1] for part in layer)
        for part in layer:
            # What only passes goes through the whole layer.
            wide, own = sizes[part][0], sizes[part][1] or high
            boxes[part] = Box(middles[part] - wide / 2 - least, top + (high - own) / 2, wide, own)
        top += high + BELOW
    return boxes, most - least, top - BELOW
