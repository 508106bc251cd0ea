"""Decision tables as Markdown, and as one page of HTML."""

import re
from collections.abc import Iterable, Iterator, Sequence

from contracts.values import plain
from operations.pages import Raw, page, table, tag
from operations.table_views import TableView

__all__ = ["as_html", "as_markdown"]

INTRODUCTION = "The first row whose condition holds decides; the rows above it did not hold."
COLUMNS = ("#", "outcome", "because", "if")
# What would be markup in Markdown. An underscore within a word, or a `<` before a space, is none.
MARKUP = re.compile(r"[\\`*\[\]|~]|<(?=[A-Za-z/!?])|&(?=#?\w+;)|(?<![^\W_])_|_(?![^\W_])")

STYLE = """\
td:nth-child(1) { color: var(--soft); min-width: 0; }
td:nth-child(2) { min-width: 9.5rem; }
td:nth-child(2) { font-weight: 600; }
dt { font-weight: 600; }
dd { margin: 0 0 .4rem 1rem; }
"""


def as_markdown(views: Sequence[TableView]) -> str:
    """For a document: a heading, the rows, then facts and thresholds for each table."""
    return "\n".join(line for view in views for line in markdown_lines(view))


def markdown_lines(view: TableView) -> Iterator[str]:
    yield from (f"## {marked(view.table)} v{view.version}", "", INTRODUCTION, "")
    yield f"| {' | '.join(marked(each) for each in COLUMNS)} |"
    yield "|---|---|---|---|"
    for row in view.rows:
        cells = (str(row.number), *map(marked, (row.outcome, row.because, row.condition)))
        yield f"| {' | '.join(cells)} |"
    yield from ("", "Facts:", "")
    yield from (f"- {marked(fact.name)}: {marked(fact.may_be)}" for fact in view.facts)
    yield ""
    if view.thresholds:
        yield from ("Thresholds of runs that start now:", "")
        yield from (f"- {marked(name)}: {plain(value)}" for name, value in view.thresholds.items())
        yield ""


def marked(words: str) -> str:
    """The words and nothing else, in a cell of a table too."""
    return MARKUP.sub(r"\\\g<0>", " ".join(words.split()))


def as_html(views: Sequence[TableView]) -> str:
    """A whole page. Every word of a table is escaped; there is no script and nothing is fetched."""
    title = f"How it is decided: {', '.join(view.table for view in views)}"
    sections = [tag("section", *section(view)) for view in views]
    body = [tag("header", tag("h1", "How it is decided"), tag("p", INTRODUCTION)), tag("main", *sections)]
    return page(title, body, style=STYLE)


def section(view: TableView) -> Iterator[Raw]:
    yield tag("h2", f"{view.table} v{view.version}")
    rows = [(str(row.number), row.outcome, row.because, row.condition) for row in view.rows]
    yield table(COLUMNS, rows)
    yield from definitions("Facts", ((fact.name, fact.may_be) for fact in view.facts))
    if view.thresholds:
        of_plan = ((name, plain(value)) for name, value in view.thresholds.items())
        yield from definitions("Thresholds of runs that start now", of_plan)


def definitions(heading: str, pairs: Iterable[tuple[str, str]]) -> Iterator[Raw]:
    yield tag("h3", heading)
    yield tag("dl", *(part for name, words in pairs for part in (tag("dt", name), tag("dd", words))))
