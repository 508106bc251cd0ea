"""Decision tables as Markdown, and as one page of HTML that needs no other file and fits a phone."""

import re
from collections.abc import Iterable, Iterator, Sequence
from html import escape

from contracts.values import plain
from operations.table_views import TableView

__all__ = ["as_html", "as_markdown"]

INTRODUCTION = "The first row whose condition holds decides; the rows above it did not hold."
COLUMNS = ("#", "outcome", "because", "if")
# What would be markup in Markdown. An underscore within a word, or a `<` before a space, is none.
MARKUP = re.compile(r"[\\`*\[\]|~]|<(?=[A-Za-z/!?])|&(?=#?\w+;)|(?<![^\W_])_|_(?![^\W_])")

STYLE = """\
:root { color-scheme: light dark; }
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 60rem; margin: 0 auto; padding: 1rem; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: .4rem .6rem; border-bottom: 1px solid #8886; }
td, dd { overflow-wrap: anywhere; }
td:nth-child(2) { font-weight: 600; }
dt { font-weight: 600; }
dd { margin: 0 0 .3rem 1rem; }
@media (max-width: 40rem) {
  thead { position: absolute; clip-path: inset(50%); }
  tr { display: block; padding: .6rem 0; border-bottom: 1px solid #8886; }
  td { display: block; border: 0; padding: .1rem 0; }
  td::before { content: attr(data-label) " "; opacity: .7; font-weight: 400; }
}
@media print { tr { break-inside: avoid; } }
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
    title = ", ".join(view.table for view in views)
    parts = [part for view in views for part in section(view)]
    return "\n".join(
        [
            "<!doctype html>",
            '<html lang="en">',
            "<head>",
            '<meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<title>How it is decided: {escape(title)}</title>",
            f"<style>\n{STYLE}</style>",
            "</head>",
            "<body>",
            "<h1>How it is decided</h1>",
            f"<p>{escape(INTRODUCTION)}</p>",
            *parts,
            "</body>",
            "</html>",
            "",
        ]
    )


def section(view: TableView) -> Iterator[str]:
    yield f"<h2>{escape(view.table)} v{view.version}</h2>"
    yield "<table>"
    yield f"<thead><tr>{''.join(f'<th>{escape(each)}</th>' for each in COLUMNS)}</tr></thead>"
    yield "<tbody>"
    for row in view.rows:
        cells = zip(COLUMNS, (str(row.number), row.outcome, row.because, row.condition), strict=True)
        told = (f'<td data-label="{escape(label)}">{escape(words)}</td>' for label, words in cells)
        yield f"<tr>{''.join(told)}</tr>"
    yield from ("</tbody>", "</table>")
    yield from definitions("Facts", ((fact.name, fact.may_be) for fact in view.facts))
    if view.thresholds:
        of_plan = ((name, plain(value)) for name, value in view.thresholds.items())
        yield from definitions("Thresholds of runs that start now", of_plan)


def definitions(heading: str, pairs: Iterable[tuple[str, str]]) -> Iterator[str]:
    yield from (f"<h3>{escape(heading)}</h3>", "<dl>")
    for name, words in pairs:
        yield f"<dt>{escape(name)}</dt><dd>{escape(words)}</dd>"
    yield "</dl>"
