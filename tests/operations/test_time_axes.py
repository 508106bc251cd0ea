"""A time axis is true to scale wherever it is not visibly broken."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as some

from operations.stays import stays
from operations.time_axes import axis_over, cuts_in
from operations.timeline_svg import NARROW, WIDE, axis_of, drawn, least_seconds
from operations.timelines import Look, timeline
from tests.operations.long_waits import TWO_DAYS, answered_after_two_days

DAYS = TWO_DAYS.total_seconds()


def test_a_wait_of_days_beside_seconds_is_broken_and_the_seconds_keep_the_width() -> None:
    """Between two moments with nothing running, and far longer than all the rest together."""
    cuts = cuts_in(DAYS + 6, [3.0, DAYS + 3], [(0.0, 3.0), (DAYS + 3, DAYS + 6)])
    assert cuts == [(3.0, DAYS + 3)]
    axis = axis_over(DAYS + 6, cuts, 0, 960)
    assert axis.x(3.0) - axis.x(0) == pytest.approx(axis.x(DAYS + 6) - axis.x(DAYS + 3))
    assert axis.x(3.0) > 400


def test_two_long_waits_are_both_broken() -> None:
    """However alike they are: each alone would squash the rest."""
    cuts = cuts_in(2 * DAYS + 2, [1.0, DAYS, DAYS + 1, 2 * DAYS + 1], [(0.0, 1.0), (DAYS, DAYS + 1)])
    assert cuts == [(1.0, DAYS), (DAYS + 1, 2 * DAYS + 1)]


def test_what_ran_is_never_broken_however_long_it_took() -> None:
    assert cuts_in(DAYS + 1, [1.0], [(1.0, DAYS + 1)]) == []


def test_short_waits_between_attempts_are_drawn_as_they_were() -> None:
    assert cuts_in(4.0, [1.0, 2.0, 3.0], [(0.0, 1.0), (2.0, 3.0)]) == []


@given(
    ends=some.lists(some.floats(0.001, 1_000_000), min_size=1, max_size=12),
    width=some.sampled_from([318, 650]),
)
def test_the_same_time_is_the_same_length_outside_of_breaks(ends: list[float], width: int) -> None:
    """And moments never change their order, and nothing leaves the picture."""
    moments = [sum(ends[: number + 1]) for number in range(len(ends))]
    end = moments[-1]
    running = [(0.0, moments[0])]
    axis = axis_over(end, cuts_in(end, moments, running), 10, width)
    for piece in axis.pieces:
        if not piece.cut:
            assert piece.right - piece.left == pytest.approx((piece.end - piece.start) * axis.scale, abs=1e-3)
    xs = [axis.x(at) for at in (0.0, *moments)]
    assert xs == sorted(xs)
    assert xs[0] >= 10
    assert xs[-1] <= width + 1e-3
    ticks = list(axis.ticks())
    assert all(one.end <= other.x for one, other in pairwise(ticks))
    assert all(10 <= tick.x <= tick.end <= width + 1e-3 for tick in ticks)


def test_a_timeline_says_what_is_not_to_scale() -> None:
    """One break, of two days, in both widths; every attempt, the answer and the wait are in it."""
    told = answered_after_two_days()
    shown = timeline(told, "reading")
    for width in (WIDE, NARROW):
        (cut,) = axis_of(shown, width).breaks
        assert cut.end - cut.start == pytest.approx(DAYS, abs=1)
        assert 0 < least_seconds(shown, width) < 0.05
        picture = drawn(shown, width, "a run")
        assert "2 d 3 h left out" in picture
        assert picture.count('class="person"') == 1
    assert [row.name for row in shown.groups["stages"]] == [each.stage for each in stays(told, "reading")]
    assert {row.look for row in shown.groups["steps"]} == {Look.SUCCEEDED}
    waits = {row.name: row.words for row in shown.groups["waits and people"]}
    assert waits == {"approval of issue_refund expires": "approved", "ada": "answered: approve"}
