"""A layered drawing of any small graph: nothing overlaps, and no line runs through anything."""

from itertools import combinations

from hypothesis import given, settings
from hypothesis import strategies as some

from operations.layered import Box, Drawing, Edge, layered

NAMES = "abcdefg"
graphs = some.sets(some.tuples(some.sampled_from(NAMES), some.sampled_from(NAMES)), max_size=14).map(
    lambda edges: sorted(edge for edge in edges if edge[0] != edge[1])
)


def overlap(one: Box, other: Box) -> bool:
    across = one.left < other.left + other.width and other.left < one.left + one.width
    return across and one.top < other.bottom and other.top < one.bottom


def draw(edges: list[Edge]) -> Drawing:
    nodes = {name: (60.0 + 20 * number, 40.0) for number, name in enumerate(NAMES)}
    return layered(nodes, {edge: (50.0, 30.0) for edge in edges})


@settings(max_examples=200)
@given(graphs)
def test_neither_nodes_nor_labels_overlap_in_any_graph(edges: list[Edge]) -> None:
    """With circles and edges both ways too, and all of it lies within the drawing."""
    drawing = draw(edges)
    boxes = [*drawing.nodes.values(), *drawing.labels.values()]
    assert len(boxes) == len(NAMES) + len(edges)
    assert not any(overlap(one, other) for one, other in combinations(boxes, 2))
    for box in boxes:
        assert box.left >= -1e-6
        assert box.top >= -1e-6
        assert box.left + box.width <= drawing.width + 1e-6
        assert box.bottom <= drawing.height + 1e-6


@settings(max_examples=200)
@given(graphs)
def test_a_line_goes_past_what_lies_in_its_way(edges: list[Edge]) -> None:
    """In each layer it has a place of its own, its label's among them."""
    drawing = draw(edges)
    for edge in edges:
        own = drawing.passes[edge]
        assert drawing.labels[edge] in own
        others = [*drawing.nodes.values(), *(box for each, box in drawing.labels.items() if each != edge)]
        assert not any(overlap(mine, other) for mine in own for other in others)


def test_what_always_follows_is_below() -> None:
    drawing = draw([("a", "b"), ("b", "c"), ("a", "c")])
    tops = [drawing.nodes[name].top for name in "abc"]
    assert tops == sorted(tops)
    assert tops[0] < tops[1] < tops[2]
