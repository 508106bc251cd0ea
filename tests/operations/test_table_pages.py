"""Tables as documents: every word is there, and none of them is taken for markup."""

from decimal import Decimal
from enum import StrEnum
from html.parser import HTMLParser

import pytest
from markdown_it import MarkdownIt

from contracts.values import Value
from operations.table_pages import as_html, as_markdown
from operations.table_views import TableView, view_of, views_of
from worker import WORKFLOWS
from workflows.kernel.decisions import Row, Table, facts_of, limit

EVERY = list(views_of(list(WORKFLOWS)).values())
HOSTILE = [
    "<script>alert(1)</script>",
    'a "quoted" & <b>bold</b> word',
    "a | b || c",
    "*stars* _lines_ `code` ~~gone~~",
    "[a link](http://example.org) ![an image](x)",
    "back\\slash and &amp; an entity",
    "it is_not _all markup < than > that",
    "two\nlines",
]


class Answer(StrEnum):
    YES = "yes"


class Parcel(Value):
    late: bool | None
    total: Decimal


class Seen(HTMLParser):
    """What a browser would find in a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.open: list[str] = []
        self.cells: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attributes)))
        if tag != "meta":
            self.open.append(tag)
        if tag == "td":
            self.cells.append("")

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] == "td":
            self.cells[-1] += data


def cells_of(views: list[TableView]) -> list[str]:
    return [
        " ".join(cell.split())
        for view in views
        for row in view.rows
        for cell in (str(row.number), row.outcome, row.because, row.condition)
    ]


def hostile(words: str) -> TableView:
    facts = facts_of(Parcel)
    rows = (Row(words, Answer.YES, facts.total > limit("most")), Row("else", Answer.YES))
    return view_of(Table(name="parcel", version=1, facts=Parcel, rows=rows), {"most": Decimal("50.00")})


def rendered(markdown: str) -> Seen:
    """By a renderer that lets HTML through, as many do."""
    return Seen(MarkdownIt("commonmark", {"html": True}).enable("table").render(markdown))


@pytest.mark.parametrize("words", HOSTILE)
def test_words_of_a_table_are_never_markup(words: str) -> None:
    """Whoever writes a reason writes words: they come out as they went in, in both documents."""
    views = [hostile(words)]
    page, document = Seen(as_html(views)), rendered(as_markdown(views))
    assert [" ".join(cell.split()) for cell in page.cells] == cells_of(views)
    assert [" ".join(cell.split()) for cell in document.cells] == cells_of(views)
    for seen in (page, document):
        assert {"script", "b", "a", "img", "em", "code", "s"}.isdisjoint(tag for tag, _ in seen.tags)


def test_both_documents_hold_every_row_of_every_table() -> None:
    for seen in (Seen(as_html(EVERY)), rendered(as_markdown(EVERY))):
        assert [" ".join(cell.split()) for cell in seen.cells] == cells_of(EVERY)
        assert seen.open == []


def test_a_page_needs_no_other_file_and_fits_a_phone() -> None:
    """Nothing in it has an address, nothing runs, and narrow screens get each row as a block."""
    page = as_html(EVERY)
    seen = Seen(page)
    assert {"href", "src", "onclick"}.isdisjoint(name for _, attributes in seen.tags for name in attributes)
    assert {"script", "link", "iframe"}.isdisjoint(tag for tag, _ in seen.tags)
    assert "url(" not in page
    assert "@import" not in page
    assert ("meta", {"name": "viewport", "content": "width=device-width, initial-scale=1"}) in seen.tags
    assert all(attributes["data-label"] for tag, attributes in seen.tags if tag == "td")
    assert "@media (max-width: 40rem)" in page


def test_facts_and_thresholds_are_told_beside_the_rows() -> None:
    """What each fact can be, and what a run that starts now is given."""
    view = hostile("dear")
    assert [(fact.name, fact.may_be) for fact in view.facts] == [
        ("late", "yes or no or absent"),
        ("total", "a number"),
    ]
    assert "- most: 50\n" in as_markdown([view])
    assert "<dt>most</dt><dd>50</dd>" in as_html([view])
    assert "Thresholds" not in as_markdown([view.model_copy(update={"thresholds": {}})])
