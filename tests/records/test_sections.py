"""Sections: everything is in one, in order, and none is larger than what fits."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from temporalio.exceptions import ApplicationError

from contracts.documents import Page
from workflows.records.sections import LEAST_BYTES, ends_first, sections_of, spans, unread_pages

TEXTS = st.lists(st.text(alphabet="aä🪁 .\n", max_size=900), max_size=12)


@given(TEXTS, st.integers(min_value=LEAST_BYTES, max_value=1_200))
def test_every_word_is_in_one_section_and_every_section_fits(texts: list[str], room: int) -> None:
    """In bytes, whatever the characters; pages are cut only where one alone does not fit."""
    pages = [Page(number=number, text=text) for number, text in enumerate(texts, start=1)]
    sections = sections_of(pages, room)
    assert all(len(section.text.encode()) <= room for section in sections)
    told = "".join("".join(page.text.split()) for section in sections for page in section.pages)
    assert told == "".join("".join(text.split()) for text in texts)
    numbers = [page.number for section in sections for page in section.pages]
    assert numbers == sorted(numbers)
    for section in sections:
        first = section.pages[0]
        assert texts[first.number - 1].startswith(first.text, section.start)


def test_a_route_with_no_room_for_a_line_is_refused() -> None:
    """Its window is the prompt's and the reply's."""
    with pytest.raises(ApplicationError, match="0 bytes of a document fit"):
        sections_of([Page(number=1, text="x")], 0)


@pytest.mark.parametrize(("number", "order"), [(0, []), (1, [0]), (2, [0, 1]), (5, [0, 4, 1, 2, 3])])
def test_the_ends_come_first(number: int, order: list[int]) -> None:
    assert ends_first(number) == order


def test_what_was_not_read_is_named_by_its_pages() -> None:
    """A page of which only a part was read is not read."""
    pages = [Page(number=number, text="x" * 300) for number in range(1, 5)]
    sections = sections_of(pages, 202)
    assert len(sections) == 8
    assert unread_pages(sections, {0, 1, 2}) == [2, 3, 4]


@pytest.mark.parametrize(
    ("numbers", "text"), [([], ""), ([3], "3"), ([3, 7, 8, 9, 12], "3, 7-9, 12"), ([1, 2], "1-2")]
)
def test_pages_are_named_as_people_do(numbers: list[int], text: str) -> None:
    assert spans(numbers) == text
