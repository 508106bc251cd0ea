"""The paths of runs, added up: as coverage counts them in its own way, and drawn without overlap."""

from datetime import timedelta
from itertools import combinations
from xml.etree import ElementTree

import pytest

from operations.coverage import coverage
from operations.histories import load
from operations.layered import Box
from operations.map_pages import map_page
from operations.map_svg import drawing_of, label_lines, map_svg, stage_box, standing_alone
from operations.run_maps import RunMap, Transition, run_maps
from operations.stays import stays
from operations.story import Story, story, sum_of
from operations.story_items import StageEntered
from tests.operations.recorded import TICKETS, marks_of, recorded
from tests.operations.test_layered import overlap
from workflows.resolve_ticket import PLAN, ResolveTicket


def mapped(*stories: Story) -> RunMap:
    (shown,), left_out = run_maps(stories, [ResolveTicket])
    assert left_out == 0
    return shown


@pytest.fixture(scope="module")
def every() -> list[Story]:
    return [story(load(file)) for file in TICKETS]


def test_what_never_happened_is_what_no_recorded_run_covers(every: list[Story]) -> None:
    """The map reads stories and coverage reads trails: they agree, transition by transition."""
    shown = mapped(*every)
    marks = (mark for file in TICKETS for mark in marks_of(load(file)))
    covered = next(each for each in coverage([ResolveTicket], marks) if each.what == "transitions")
    assert [f"{way.before} → {way.after}" for way in shown.never] == list(covered.missing)
    assert len(shown.transitions) == covered.declared


def test_whoever_enters_a_stage_leaves_it_or_ends_in_it(every: list[Story]) -> None:
    """Nothing is lost between stages, and every run is in its first stage once."""
    shown = mapped(*every)
    for each in shown.stages:
        left = sum(way.count for way in shown.transitions if way.before == each.stage)
        came = sum(way.count for way in shown.transitions if way.after == each.stage)
        assert each.entered == left + sum(each.ended.values())
        assert each.entered == came + (shown.runs if each is shown.stages[0] else 0)
    assert sum(sum(each.ended.values()) for each in shown.stages) == shown.runs == len(TICKETS)


def test_the_stays_of_a_run_are_its_whole_time_and_hold_all_that_happened(every: list[Story]) -> None:
    for told in every:
        passed = stays(told, "reading")
        assert sum(each.seconds for each in passed) == pytest.approx(told.duration_s, abs=1e-3)
        entered = [item for item in told.items if isinstance(item, StageEntered)]
        assert sum(len(each.items) for each in passed) + len(entered) == len(told.items)


def test_time_and_cost_are_of_the_stay_that_a_transition_ended() -> None:
    told = story(recorded("refunded-in-spite-of-faults"))
    way = next(each for each in mapped(told).transitions if each.before == "reading" and each.count)
    assert (way.after, way.count, way.unknown) == ("looking_up", 1, 1)
    assert way.median_s == pytest.approx(2.47, abs=0.01)
    reading = [each for each in told.attempts if each.step == "read_ticket"]
    assert way.median_usd == sum(each.usd for each in reading if each.usd is not None)
    assert way.median_usd != sum_of([told]).proven_usd


def test_what_a_run_took_over_from_one_that_was_reset_counts_once() -> None:
    """The same events at the same times, under another run id."""
    told = story(recorded("refunded-at-once"))
    twice = mapped(told, told.model_copy(update={"run_id": "another"}))
    once = mapped(told)
    assert [way.count for way in twice.transitions] == [way.count for way in once.transitions]
    assert twice.runs == 2


def test_a_way_that_the_plan_no_longer_declares_is_shown_as_such() -> None:
    told = story(recorded("refunded-at-once"))
    items = [
        item.model_copy(update={"stage": "packing"}) if isinstance(item, StageEntered) else item
        for item in told.items
    ]
    shown = mapped(told.model_copy(update={"items": items}))
    undeclared = {(way.before, way.after) for way in shown.transitions if not way.declared}
    assert ("reading", "packing") in undeclared
    assert 'class="undeclared"' in map_svg(shown)
    assert "not declared by the current plan" in map_page([shown])


def test_runs_that_have_not_started_or_are_of_no_known_workflow_are_counted_apart() -> None:
    told = story(recorded("refunded-at-once"))
    others = [told.model_copy(update={"state": "not started"}), told.model_copy(update={"workflow": "other"})]
    maps, left_out = run_maps([told, *others], [ResolveTicket])
    assert [each.runs for each in maps] == [1]
    assert left_out == 2


def busiest() -> RunMap:
    """Every transition of the shipped plan with the longest labels that real runs would make."""
    ways = tuple(
        Transition(each.before, each.after, False, 12_345, 187_200.0, each_cost, 3)
        for each_cost in [mapped(story(recorded("refunded-at-once"))).transitions[0].median_usd]
        for each in mapped(story(recorded("refunded-at-once"))).transitions
    )
    shown = mapped(story(recorded("refunded-at-once")))
    return RunMap(shown.workflow, 12_345, shown.stages, ways)


@pytest.mark.parametrize("size", ["recorded", "busiest"])
def test_no_label_of_the_shipped_plan_overlaps_another_or_a_stage(size: str, every: list[Story]) -> None:
    """As their boxes are drawn; a browser measures the words themselves in tests/test_pages_in_browser.py."""
    shown = mapped(*every) if size == "recorded" else busiest()
    drawing = drawing_of(shown)
    boxes = [*drawing.labels.values(), *(stage_box(stage, drawing) for stage in shown.stages)]
    svg = ElementTree.fromstring(map_svg(shown))  # noqa: S314 (our own)
    behind = [each for each in svg.iter() if each.get("class") == "behind"]
    loops = sum(stage in following for stage, following in PLAN.stages.items())
    assert len(behind) == len(drawing.labels) + loops
    every_label = [
        Box(*(float(each.get(name, "")) for name in ("x", "y", "width", "height"))) for each in behind
    ]
    stages = [stage_box(stage, drawing) for stage in shown.stages]
    assert not any(overlap(one, other) for one, other in combinations([*every_label, *stages], 2))
    assert len(boxes) == len(drawing.labels) + len(PLAN.stages)


def test_every_declared_transition_is_drawn_with_its_count_and_dashed_where_it_never_happened(
    every: list[Story],
) -> None:
    shown = mapped(*every)
    picture = map_svg(shown)
    assert picture.count('class="never"') == len(shown.never)
    for way in shown.transitions:
        assert f"<title>{way.before} → {way.after}</title>" in picture
        assert f"{way.count}x" in label_lines(way)


def test_a_picture_alone_is_one_well_formed_file_with_its_colours(every: list[Story]) -> None:
    svg = ElementTree.fromstring(standing_alone(mapped(*every)))  # noqa: S314 (our own)
    assert svg.tag == "{http://www.w3.org/2000/svg}svg"
    assert "prefers-color-scheme: dark" in "".join(svg.itertext())


def test_a_run_that_goes_on_is_in_the_stage_where_it_is() -> None:
    told = story(recorded("refunded-at-once"))
    begun = told.model_copy(update={"state": "running", "ended_at": None, "items": told.items[:2]})
    (first, *_) = mapped(begun).stages
    assert dict(first.ended) == {"running": 1}
    assert timedelta(seconds=begun.duration_s) > timedelta(0)
