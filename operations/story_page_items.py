"""The items of a story as elements of a page: what happened in a line, and what is known of it to unfold."""

import json
from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel

from operations.decision_rows import decided_again, difference
from operations.explaining import Tables, attempt_name, cost_text, item_lines
from operations.pages import Raw, tag
from operations.pages import table as rows_table
from operations.story import Story
from operations.story_items import AttemptMade, Decided, Item, LeftEarly, ReadMade
from operations.timeline_svg import MARKS
from operations.timelines import look_of
from operations.wording import amount_text, precise
from workflows.kernel.decisions import Row, Table

__all__ = ["definitions", "element_of"]

COLUMNS = ("row", "came to", "outcome", "if")


def element_of(item: Item, told: Story, tables: Tables, *, timed: bool = True) -> Raw:
    """One item of the list."""
    when = f"+{precise((item.at - told.started_at).total_seconds())}" if timed else ""
    later = [tag("p", "about to be taken in", class_="soft")] if item.beyond else []
    body = tag("div", *content_of(item, told, tables), *later, class_="what")
    return tag("li", tag("span", when, class_="when"), body, class_=item.kind)


def content_of(item: Item, told: Story, tables: Tables) -> Iterator[Raw]:
    match item:
        case AttemptMade():
            yield attempt_element(item)
        case ReadMade():
            yield read_element(item)
        case Decided():
            yield decision_element(item, told, tables.get(item.table))
        case _:
            yield from (
                tag("p", words, class_="left" if isinstance(item, LeftEarly) else None)
                for _, words, _ in item_lines(item, told, tables)
            )


def attempt_element(item: AttemptMade) -> Raw:
    look = look_of(item)
    fault = f" ({item.fault})" if item.fault else ""
    noted = "" if item.taken_in else ", about to be taken in"
    price = item.price
    known = {
        "reason": item.reason,
        "route": item.route and f"{item.route} ({item.model})",
        "price": price and f"${price.input} in, ${price.output} out a million tokens",
        "key": item.key,
        "waited for a worker": precise(item.queued_s) if item.queued_s is not None else "still waits",
        "ran": None if item.ran_s is None else precise(item.ran_s),
        "held for it": amount_text(item.hold) if item.route else None,
        "cost": cost_text(item),
        "tokens": None if item.tokens is None or not item.route else f"{item.tokens:,}",
        "attempt": item.attempt_id,
        "request": item.request,
        "reply": item.reply,
    }
    return unfolding(
        tag("span", MARKS[look], class_=f"mark {look}", aria_hidden="true"),
        tag("strong", attempt_name(item)),
        f"{item.outcome}{fault}{noted}; {cost_text(item)}",
        item.why,
        [definitions(known)],
    )


def read_element(item: ReadMade) -> Raw:
    look = look_of(item)
    known = {"reason": item.reason, "found": item.reply}
    return unfolding(
        tag("span", MARKS[look], class_=f"mark {look}", aria_hidden="true"),
        tag("strong", item.step),
        "read" if item.fault is None else f"failed ({item.fault})",
        item.why,
        [definitions(known)],
    )


def unfolding(mark: Raw, name: Raw, words: str, why: str, inner: list[Raw]) -> Raw:
    because = tag("span", f"because {why}", class_="why") if why else Raw("")
    return tag("details", tag("summary", mark, " ", name, " ", words, because), *inner)


def decision_element(item: Decided, told: Story, table: Table[Any, Any] | None) -> Raw:
    head = unfolding_head(item)
    again = decided_again(item, told.thresholds, table)
    if table is None or again is None:
        recorded = tag("p", f"Row {item.row}, as recorded; the current code {difference(item, table)}.")
        return tag("details", head, recorded, definitions(item.facts))
    came = [
        "hit" if number == item.row else "no" if number < item.row else "not asked"
        for number in range(1, len(table.rows) + 1)
    ]
    rows = [
        (str(number), words, row.outcome.value, condition_of(row, again.facts, told))
        for number, (row, words) in enumerate(zip(table.rows, came, strict=True), start=1)
    ]
    classes = [words.replace(" ", "-") for words in came]
    return tag("details", head, rows_table(COLUMNS, rows, classes=classes), definitions(item.facts))


def condition_of(row: Row[Any], facts: BaseModel, told: Story) -> str:
    """With the values put in."""
    return row.text(facts, told.thresholds) if row.conditions else "none above does"


def unfolding_head(item: Decided) -> Raw:
    return tag(
        "summary",
        tag("span", "◇", class_="mark", aria_hidden="true"),
        " decided ",
        tag("strong", f"{item.table}: {item.outcome}"),
        tag("span", f"because {item.because} (row {item.row} of v{item.version})", class_="why"),
    )


def definitions(known: dict[str, Any]) -> Raw:
    """Names with their values; those that are None are left out."""
    pairs = ((name, value) for name, value in known.items() if value is not None)
    return tag(
        "dl", *(part for name, value in pairs for part in (tag("dt", name), tag("dd", content(value))))
    )


def content(value: Any) -> Raw:
    """Text as it is; an object's fields by name; what lies deeper as JSON."""
    if isinstance(value, dict):
        return definitions({str(key): deeper(inner) for key, inner in value.items()})
    return tag("span", deeper(value), class_="words")


def deeper(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, indent=1, ensure_ascii=False, default=str)
