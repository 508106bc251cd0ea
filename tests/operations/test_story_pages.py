"""A run's page tells the same story as the terminal and the JSON, and takes nobody's words for markup."""

import re
from html import unescape
from pathlib import Path
from typing import Any

import pytest

from contracts.terms import Amount
from operations.decision_rows import tables_of
from operations.histories import load
from operations.pages import COLOURS
from operations.stays import stays
from operations.story import Story, story, sum_of
from operations.story_items import AttemptMade, Decided, LeftEarly
from operations.story_pages import Surroundings, story_page
from operations.wording import dollars
from tests.operations.recorded import HISTORIES, recorded
from tests.operations.test_table_pages import Seen
from worker import WORKFLOWS

TABLES = tables_of(WORKFLOWS)
# Markup, quotes, an entity, marks of direction, an escape sequence, a lone surrogate, and no place to break.
HOSTILE = (
    "<script>document.title='hacked'</script>\"'&amp;<img src=x onerror=document.title='hacked'>"
    "\u202egnp.exe\u2067\x1b[31m\ud800" + "W" * 10_000
)


def page_of(told: Story, **beside: Any) -> str:
    return story_page(told, Surroundings(TABLES, "reading", **beside))


def hostile_story() -> Story:
    """The run with most in it, with somebody's words wherever words can be."""
    told = story(recorded("refund-voided-when-the-reply-failed"))
    items = []
    for item in told.items:
        words: dict[str, Any] = {
            name: HOSTILE
            for name in ("step", "why", "reason", "fault", "key", "route", "model", "because", "by", "what")
            if isinstance(getattr(item, name, None), str)
        }
        if isinstance(item, AttemptMade):
            words |= {"request": {HOSTILE: [HOSTILE]}, "reply": HOSTILE}
        if isinstance(item, Decided):
            words |= {"table": HOSTILE, "outcome": HOSTILE, "facts": {HOSTILE: HOSTILE}}
        items.append(item.model_copy(update=words))
    changed = {"workflow_id": HOSTILE, "reason": HOSTILE, "result": {HOSTILE: HOSTILE}, "about_to": [HOSTILE]}
    return told.model_copy(update={"items": items, **changed})


@pytest.mark.parametrize("file", HISTORIES, ids=lambda file: file.stem)
def test_every_part_of_a_story_is_on_its_page(file: Path) -> None:
    """Each stage with its name, each attempt with its why and its id, each decision with the row that hit."""
    told = story(load(file))
    page = page_of(told)
    seen = Seen(page)
    assert seen.open == []
    words = " ".join(seen_words(page).split())
    for attempt in told.attempts:
        assert f"because {attempt.why}" in words
        assert attempt.attempt_id in words
        assert attempt.key is None or attempt.key in words
    for stay in stays(told, "reading"):
        assert f"<h3>{stay.stage}<" in page
    decisions = [item for item in told.items if isinstance(item, Decided)]
    assert page.count('<tr class="hit">') == len(decisions)
    for decided in decisions:
        assert f"because {decided.because} (row {decided.row} of v{decided.version})" in words
    assert dollars(told.totals.proven_usd) in words
    assert told.workflow_id in words


def seen_words(page: str) -> str:
    return unescape(re.sub(r"<[^>]+>", " ", page.partition("</style>")[2]))


def test_a_decision_on_the_page_has_its_values_and_what_was_not_asked() -> None:
    page = page_of(story(recorded("refunded-at-once")))
    words = " ".join(seen_words(page).split())
    assert "8 hit refund total (24.8) <= approval_above_usd (50)" in words
    assert "1 no ask_order_number orders_found (1) is not 1" in words
    assert "9 not asked ask_approval" in words


def test_a_table_that_decides_otherwise_now_is_shown_as_recorded() -> None:
    page = story_page(story(recorded("refunded-at-once")), Surroundings({}, "reading"))
    assert "as recorded; the current code has no table of this name" in page


def test_nobodys_words_are_markup_on_a_storys_page() -> None:
    """And nothing that could turn the direction of what stands around it gets through."""
    page = page_of(hostile_story(), redacted=HOSTILE, verdict=(HOSTILE,))
    seen = Seen(page)
    assert seen.open == []
    assert {"script", "img", "iframe", "link", "object"}.isdisjoint(tag for tag, _ in seen.tags)
    assert not any(name.startswith("on") for _, attributes in seen.tags for name in attributes)
    assert {"\u202e", "\u2067", "\x1b", "\ud800"}.isdisjoint(page)
    assert "W" * 10_000 in page
    page.encode("utf-8")


def test_a_page_has_no_address_but_its_own_places() -> None:
    page = page_of(story(recorded("refunded-in-spite-of-faults")))
    addresses = [
        value
        for _, attributes in Seen(page).tags
        for name, value in attributes.items()
        if name in {"href", "src"}
    ]
    assert addresses == ["#story"]
    assert "@import" not in page
    assert all(each.startswith("url(#") for each in re.findall(r"url\([^)]*", page))


def test_a_lost_attempt_and_what_took_it_back_stand_out() -> None:
    """Unknown is told as such; an effect behind an early end is on the way out."""
    lost = page_of(story(recorded("refunded-in-spite-of-faults")))
    assert "cost unknown, booked at its worst case" in lost
    assert 'class="mark unknown"' in lost
    told = story(recorded("refund-voided-when-the-reply-failed"))
    assert any(isinstance(item, LeftEarly) for item in told.items)
    effects = page_of(told).partition("What it did outside")[2]
    voided = next(row for row in effects.split("<tr") if ">void_refund<" in row)
    assert "on the way out" in voided
    refunded = next(row for row in effects.split("<tr") if ">issue_refund<" in row)
    assert "on the way out" not in refunded


def test_all_runs_of_a_workflow_id_are_added_where_a_server_was_asked() -> None:
    told = story(recorded("refunded-at-once"))
    both = [told, told.model_copy(update={"workflow_id": "another"})]
    page = page_of(told, runs=2, together=sum_of(both))
    assert "all 2 runs of this workflow id" in page
    assert dollars(2 * told.totals.proven_usd) in page
    assert "a file holds one" in page_of(told)


def test_what_is_held_of_a_run_that_goes_on_is_told() -> None:
    told = story(recorded("refunded-at-once"))
    totals = told.totals.model_copy(update={"held": Amount(usd=told.totals.proven_usd, calls=1)})
    going = told.model_copy(update={"state": "running", "ended_at": None, "totals": totals})
    assert "running at its last recorded event" in page_of(going)
    assert "1 attempt" in page_of(going)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_colour_of_words_can_be_read_on_every_ground(scheme: str) -> None:
    """At least 4.5 to 1, as WCAG asks of text."""
    light, dark = COLOURS.split("@media")
    colours = dict(re.findall(r"--(\w+): (#\w{6})", light if scheme == "light" else dark))
    for ground in ("ground", "panel"):
        for name in ("ink", "soft", "good", "bad", "open", "calm", "person"):
            assert contrast(colours[name], colours[ground]) >= 4.5, (name, ground)


def contrast(one: str, other: str) -> float:
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def luminance(colour: str) -> float:
    channels = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    linear = [each / 12.92 if each <= 0.04045 else ((each + 0.055) / 1.055) ** 2.4 for each in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
