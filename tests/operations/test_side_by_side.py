"""Steps that ran side by side are told as one piece of work; what came one after the other is not."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from contracts.terms import Amount
from operations.section_pages import section_pages
from operations.side_by_side import SideBySide, put_together
from operations.side_lines import side_lines
from operations.story import story
from operations.story_items import AttemptMade, Booked, Decided, Item, StageEntered, Waited
from operations.story_pages import Surroundings, story_page
from tests.operations.recorded import HISTORIES, recorded
from tests.operations.test_table_pages import Seen

BEGAN = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
PAGES = {1: "the head\n\nof it", 2: "as before", 3: "as before", 4: "more of it", 5: "the sum"}


def attempt(
    number: int, again: int = 1, /, *, at: float = 0.0, ran: float | None = 1.0, **told: Any
) -> AttemptMade:
    """Of a section; it succeeded at once unless told otherwise."""
    defaults = {
        "step": "read_section",
        "why": "it is there",
        "route": "local",
        "queued_s": 0.0,
        "outcome": "succeeded",
        "cost": Booked.PROVEN,
        "usd": Decimal("0.25"),
        "tokens": 1_000,
    }
    return AttemptMade(
        event=number,
        at=BEGAN + timedelta(seconds=at),
        attempt_id=f"{number}.{again}-00",
        ran_s=ran,
        **{**defaults, **told},
    )


def lost(number: int, **told: Any) -> AttemptMade:
    return attempt(
        number,
        outcome="failed",
        fault="server_error",
        reason="Error code: 500",
        cost=Booked.UNKNOWN,
        usd=None,
        tokens=None,
        hold=Amount(usd=Decimal(1), tokens=9_000, calls=1),
        **told,
    )


def later(number: int) -> list[Item]:
    where = {"event": number, "at": BEGAN + timedelta(seconds=1)}
    table = {"table": "next_attempt", "version": 3, "row": 17}
    decided = Decided(**where, **table, because="it may pass", outcome="later", facts={})
    what = "read_section again after server_error"
    return [decided, Waited(**where, what=what, wanted_s=1, waited_s=1, state="fired")]


def sizes(items: Sequence[Item]) -> list[int]:
    """Of each piece of work how many steps; of an item that is told by itself 0."""
    return [len(each.parts) if isinstance(each, SideBySide) else 0 for each in put_together(items)]


def test_many_steps_that_overlap_are_one_with_what_their_failures_led_to() -> None:
    items = [
        StageEntered(event=1, at=BEGAN, stage="reading"),
        *(attempt(number) for number in range(3, 6)),
        lost(6),
        *later(6),
        attempt(6, 2, at=2.5),
        StageEntered(event=9, at=BEGAN, stage="checking"),
    ]
    assert sizes(items) == [0, 4, 0]
    assert [each for each in put_together(items) if not isinstance(each, SideBySide)] == [items[0], items[-1]]


def test_steps_one_after_the_other_are_told_one_by_one() -> None:
    """However many: the next begins when the one before has ended."""
    assert sizes([attempt(number, at=2.0 * number) for number in range(3, 9)]) == [0] * 6


def test_few_steps_side_by_side_are_told_one_by_one() -> None:
    assert sizes([attempt(3), attempt(4), lost(5), *later(5), attempt(5, 2, at=3)]) == [0] * 6


def test_more_than_may_run_at_once_are_still_one() -> None:
    """Each begins while some other goes on."""
    assert sizes([attempt(number, at=0.3 * number) for number in range(3, 43)]) == [40]


def test_another_task_is_no_part_of_it_and_a_step_under_way_is() -> None:
    under_way = [attempt(number, ran=None, outcome="running") for number in range(3, 8)]
    mixed = [*under_way, attempt(8, step="judge")]
    assert sizes(mixed) == [5, 0]


@pytest.mark.parametrize("file", HISTORIES, ids=lambda file: file.stem)
def test_nothing_of_a_story_without_such_steps_is_put_together(file: Any) -> None:
    items = story(recorded(file.stem)).items
    assert list(put_together(items)) == items


def document(**sections: str) -> list[Item]:
    """A document's text, and an attempt for each section by its number."""
    reply = {"pages": [{"number": number, "text": text} for number, text in PAGES.items()]}
    text = attempt(2, step="read_text", route=None, reply=reply)
    return [text, *(attempt(int(name[1:]), request={"text": words}) for name, words in sections.items())]


def pages(**sections: str) -> dict[str, str]:
    items = document(**sections)
    (together,) = (each for each in put_together(items) if isinstance(each, SideBySide))
    return section_pages(items, together.parts)


def test_a_section_is_the_pages_that_its_text_is() -> None:
    """Of two pages with the same text each is named once; the order is that of asking."""
    assert pages(s3=PAGES[1], s4=PAGES[5], s5=PAGES[2], s6=f"{PAGES[3]}\n\n{PAGES[4]}") == {
        "3": "1",
        "4": "5",
        "5": "2",
        "6": "3-4",
    }


def test_a_section_that_holds_a_part_of_a_page_says_so() -> None:
    assert pages(s3="the head", s4="of it\n\nas before\n\nas", s5="before\n\nmore of it", s6="the sum") == {
        "3": "1 in part",
        "4": "1-3 in part",
        "5": "3-4 in part",
        "6": "5",
    }


def test_a_section_whose_text_is_nowhere_recorded_names_no_page() -> None:
    assert pages(s3="redacted", s4="redacted", s5="redacted", s6=PAGES[5]) == {"6": "5"}


def test_a_row_tells_what_is_proven_and_what_is_unknown_and_each_failure_is_in_words() -> None:
    (together,) = put_together(
        [*(attempt(number) for number in range(3, 6)), lost(6), *later(6), attempt(6, 2, at=2)]
    )
    assert isinstance(together, SideBySide)
    lines = [words for _, words, _ in side_lines(together, {"3": "1-2"})]
    assert lines[0] == "read_section, 4 side by side, because it is there"
    assert [line.split() for line in lines[1:3]] == [
        ["step", "pages", "attempts", "ran", "cost", "outcome"],
        ["3", "1-2", "1", "1.0", "s", "$0.25", "1,000", "tok", "succeeded"],
    ]
    assert lines[5].split()[1:] == ["2", "2.0", "s", "$0.25", "1,000", "tok,", "1", "unknown", "succeeded"]
    assert lines[6:] == [
        "attempt 6.1-00 failed (server_error): Error code: 500; "
        "its cost is unknown, booked at $1, 9,000 tokens, 1 model call",
        "decided next_attempt v3: later, because it may pass",
        "wait: read_section again after server_error: fired",
    ]


def test_on_a_page_they_are_a_table_and_every_item_unfolds() -> None:
    told = story(recorded("refunded-at-once"))
    items = [*(attempt(number) for number in range(3, 6)), lost(6), *later(6), attempt(6, 2, at=2)]
    page = story_page(told.model_copy(update={"items": [*told.items, *items]}), Surroundings({}, "reading"))
    seen = Seen(page)
    assert seen.open == []
    assert "read_section, 4 side by side, because it is there" in page
    assert "each of the 7 items" in page
    assert page.count("6.1-00 failed (server_error): Error code: 500") == 1
