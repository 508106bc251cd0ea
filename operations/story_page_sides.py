"""Many steps side by side on a run's page: a table, the failures in words, and all of it to unfold."""

from collections.abc import Sequence

from operations.pages import Raw, table, tag
from operations.section_pages import section_pages
from operations.side_by_side import SideBySide
from operations.side_lines import COLUMNS, failure_lines, heading, part_row
from operations.story import Story
from operations.wording import counted, precise

__all__ = ["side_element"]


def side_element(together: SideBySide, told: Story, own: Sequence[Raw]) -> Raw:
    """One item of the list; `own` are the elements of its items."""
    first = together.items[0]
    since = f"+{precise((first.at - told.started_at).total_seconds())}"
    pages = section_pages(told.items, together.parts)
    rows = [part_row(each, pages) for each in together.parts]
    body = [
        tag("p", heading(together)),
        table(COLUMNS, rows),
        *(tag("p", words, class_="soft") for _, words, _ in failure_lines(together)),
        tag(
            "details",
            tag("summary", f"each of the {counted(len(own), 'item')}"),
            tag("ol", *own, class_="items"),
        ),
    ]
    return tag("li", tag("span", since, class_="when"), tag("div", *body, class_="what"))
