"""A run's story as one page of HTML, from the same Story that is printed and written as JSON."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from operations.explaining import Tables, age, told_by_itself
from operations.pages import Raw, page, table, tag
from operations.side_by_side import SideBySide, put_together
from operations.stays import stays
from operations.story import Story, Totals
from operations.story_items import AttemptMade, Item, LeftEarly
from operations.story_page_items import definitions, element_of
from operations.story_page_sides import side_element
from operations.story_page_style import STYLE
from operations.timeline_svg import LEGEND, MARKS, NARROW, WIDE, axis_of, drawn, least_seconds
from operations.timeline_svg import STYLE as TIMELINE_STYLE
from operations.timelines import Look, Timeline, look_of, timeline
from operations.wording import amount_text, clock, counted, dollars, duration, precise

__all__ = ["Surroundings", "story_page"]

STATES = {"completed": ("✓", "succeeded"), "running": ("…", "running"), "not started": ("…", "running")}
EFFECTS = ("effect", "key", "came to", "when")
COSTS = ("of", "proven", "held", "unknown", "tokens proven", "model attempts")


@dataclass(frozen=True)
class Surroundings:
    """What is known beside the story itself."""

    tables: Tables
    beginning: str
    """The stage in which a run of this workflow begins."""
    now: datetime | None = None
    """For a run that goes on."""
    runs: int = 0
    """How many runs of the workflow id `together` are the totals of; 0 when nobody asked a server."""
    together: Totals | None = None
    redacted: str = ""
    verdict: tuple[str, ...] = ()
    """What --verify said, line by line."""
    holds: bool = True
    """Whether it holds."""


def story_page(told: Story, beside: Surroundings) -> str:
    """The whole page. Nothing runs in it and nothing is fetched."""
    body = [
        tag("a", "Skip to the story", href="#story", class_="skip"),
        header(told, beside),
        tag("main", glance(told), picture(told, beside), chapters(told, beside), *rest(told, beside)),
        tag("footer", tag("p", f"Run {told.run_id}, told from its history alone.")),
    ]
    return page(f"{told.workflow_id}: {told.state}", body, style=STYLE + TIMELINE_STYLE)


def header(told: Story, beside: Surroundings) -> Raw:
    mark, look = STATES.get(told.state, ("✗", "failed"))
    tenant = f" · tenant {told.terms.tenant}" if told.terms is not None else ""
    times = age(told, beside.now).replace("   ", " · ")
    notes = [tag("p", f"redacted: {beside.redacted}", class_="note")] if beside.redacted else []
    notes += [tag("p", told.reason, class_="note")] if told.reason else []
    notes += [tag("p", f"about to {what}", class_="note") for what in told.about_to]
    notes += [tag("p", words, class_="note good" if beside.holds else "note") for words in beside.verdict]
    return tag(
        "header",
        tag("p", f"{told.workflow}{tenant}", class_="soft"),
        tag("h1", told.workflow_id),
        tag("p", tag("span", mark, class_=f"mark {look}", aria_hidden="true"), f" {times}"),
        *notes,
    )


def section(name: str, title: str, *content: str) -> Raw:
    heading = tag("h2", title, id=f"{name}-title")
    return tag("section", heading, *content, id=name, aria_labelledby=f"{name}-title")


def glance(told: Story) -> Raw:
    totals, terms = told.totals, told.terms
    cards = {
        "proven": (dollars(totals.proven_usd), f"{totals.proven_tokens:,} tokens"),
        "unknown": (dollars(totals.unknown.usd), counted(totals.unknown.calls, "attempt")),
        "held": (dollars(totals.held.usd), counted(totals.held.calls, "attempt")),
        "time": (precise(told.duration_s), counted(totals.steps, "step")),
        "attempts": (str(totals.attempts), f"{totals.model_attempts} of a model"),
    }
    shown = [
        tag("div", tag("dt", name), tag("dd", tag("strong", figure), tag("span", words, class_="soft")))
        for name, (figure, words) in cards.items()
    ]
    known: dict[str, object] = {}
    if terms is not None:
        known = {
            "may use at most": amount_text(terms.cap),
            "deadline": duration(terms.deadline.total_seconds()),
            "requested by": terms.requested_by,
            "profile": terms.profile,
        }
    known |= {"started": clock(told.started_at), "ended": clock(told.ended_at) if told.ended_at else None}
    known["models"] = ", ".join(f"{route.model} ({route.name})" for route in told.routes) or None
    return section("glance", "At a glance", tag("dl", *shown, class_="cards"), definitions(known))


def picture(told: Story, beside: Surroundings) -> Raw:
    shown = timeline(told, beside.beginning)
    label = f"Timeline of {duration(told.duration_s)}; the story below tells each stage, attempt and wait"
    legend = [
        tag("li", tag("span", MARKS[look], class_=f"mark {look}", aria_hidden="true"), f" {words}")
        for look, words in LEGEND.items()
    ]
    figures = [drawn(shown, width, label) for width in (WIDE, NARROW)]
    captions = [
        tag("p", scale_words(shown, width), class_=f"caption {name}")
        for width, name in ((WIDE, "wide"), (NARROW, "narrow"))
    ]
    return section("timeline", "Timeline", *figures, tag("ul", *legend, class_="legend"), *captions)


def scale_words(shown: Timeline, width: int) -> str:
    """What the picture is true to, and what not."""
    left_out = [duration(piece.end - piece.start) for piece in axis_of(shown, width).breaks]
    scale = "One scale everywhere."
    if left_out:
        scale = f"One scale everywhere but in the breaks (⋯): {', '.join(left_out)} in which nothing ran."
    least = precise(least_seconds(shown, width))
    return f"{scale} What took less than {least} is drawn as long as that. Dotted: waits for a worker."


def chapters(told: Story, beside: Surroundings) -> Raw:
    return section("story", "Story", *chapter_parts(told, beside))


def chapter_parts(told: Story, beside: Surroundings) -> Iterator[Raw]:
    for stay in stays(told, beside.beginning):
        since = precise((stay.at - told.started_at).total_seconds())
        times = tag("span", f" from +{since}, for {precise(stay.seconds)}", class_="soft")
        yield tag("h3", stay.stage, times)
        shown = [item for item in stay.items if not told_by_itself(item)]
        if shown:
            yield items_list(shown, told, beside)
    if told.pending:
        yield tag("h3", "Not in the history's trail yet")
        yield tag("p", "As the current code decides.", class_="soft")
        pending = [element_of(each, told, beside.tables, timed=False) for each in told.pending]
        yield tag("ol", *pending, class_="items")
    if told.result is not None:
        yield tag("h3", "Result")
        yield definitions(told.result)


def items_list(items: list[Item], told: Story, beside: Surroundings) -> Raw:
    return tag("ol", *(part_of(item, told, beside) for item in put_together(items)), class_="items")


def part_of(item: Item | SideBySide, told: Story, beside: Surroundings) -> Raw:
    if isinstance(item, SideBySide):
        own = [element_of(each, told, beside.tables) for each in item.items]
        return side_element(item, told, own)
    return element_of(item, told, beside.tables)


def rest(told: Story, beside: Surroundings) -> Iterator[Raw]:
    effects = list(effect_rows(told))
    if effects:
        yield section("effects", "What it did outside", table(EFFECTS, effects))
    rows = [cost_row("this run", told.totals)]
    words = "Of this run alone: a file holds one."
    if beside.together is not None:
        rows.append(cost_row(f"all {counted(beside.runs, 'run')} of this workflow id", beside.together))
        words = "What a run took over from one that was reset counts once."
    yield section("cost", "Cost", table(COSTS, rows), tag("p", words, class_="soft"))


def effect_rows(told: Story) -> Iterator[tuple[str, ...]]:
    """Each attempt of an effect; behind an early end they are the way out."""
    leaving = False
    for item in told.items:
        leaving = leaving or isinstance(item, LeftEarly)
        if isinstance(item, AttemptMade) and item.route is None:
            fault = f" ({item.fault})" if item.fault else ""
            came = "happened" if item.outcome == "succeeded" else item.outcome + fault
            if look_of(item) is Look.UNKNOWN:
                came += ": nobody can say whether it happened"
            when = f"+{precise((item.at - told.started_at).total_seconds())}"
            yield item.step, item.key or "", came, f"{when}, on the way out" if leaving else when


def cost_row(of: str, totals: Totals) -> tuple[str, ...]:
    money = (dollars(each) for each in (totals.proven_usd, totals.held.usd, totals.unknown.usd))
    return of, *money, f"{totals.proven_tokens:,}", str(totals.model_attempts)
