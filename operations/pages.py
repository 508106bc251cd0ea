"""What every HTML page of ours has in common: one file that needs no other, for any screen, light or dark.

Whatever a page says goes through `text`: tickets, replies and reasons are other people's words.
"""

from collections.abc import Iterable, Sequence
from html import escape
from itertools import repeat

__all__ = ["COLOURS", "Raw", "page", "table", "tag", "text"]

COLOURS = """\
:root { color-scheme: light dark; --ink: #1f2328; --soft: #59636e; --line: #d1d9e0; --ground: #ffffff;
  --panel: #f6f8fa; --good: #1a7f37; --bad: #cf222e; --open: #8a5a00; --calm: #0969da; --person: #8250df; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e6edf3; --soft: #9198a1; --line: #3d444d; --ground: #0d1117; --panel: #151b23;
    --good: #3fb950; --bad: #ff7b72; --open: #d29922; --calm: #58a6ff; --person: #bc8cff; }
}
"""
STYLE = """\
* { box-sizing: border-box; }
body { font: 1rem/1.55 system-ui, sans-serif; color: var(--ink); background: var(--ground);
  max-width: 64rem; margin: 0 auto; padding: 1.5rem 1rem 4rem; overflow-wrap: anywhere; }
h1 { font-size: 1.5rem; line-height: 1.25; margin: 0 0 .5rem; }
h2 { font-size: 1.15rem; margin: 2.5rem 0 .75rem; }
h3 { font-size: 1rem; margin: 1.75rem 0 .5rem; }
p { margin: .4rem 0; }
:focus-visible { outline: 3px solid var(--calm); outline-offset: 2px; border-radius: 3px; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { text-align: left; vertical-align: top; padding: .45rem .75rem .45rem 0;
  border-bottom: 1px solid var(--line); overflow-wrap: anywhere; }
th { font-weight: 600; color: var(--soft); font-size: .875rem; white-space: nowrap; }
td { min-width: 7.5rem; }
td + td { min-width: 4.5rem; }
svg { display: block; max-width: 100%; height: auto; }
@media (max-width: 40rem) {
  thead { position: absolute; clip-path: inset(50%); width: 1px; height: 1px; overflow: hidden; }
  tr { display: block; padding: .6rem 0; border-bottom: 1px solid var(--line); }
  td { display: block; border: 0; padding: .1rem 0; min-width: 0; }
  td:empty { display: none; }
  td::before { content: attr(data-label) " "; color: var(--soft); font-weight: 400; }
}
@media print { tr, li { break-inside: avoid; } }
"""


class Raw(str):
    """Markup that is finished: built by `tag`, every word in it escaped."""

    __slots__ = ()


def text(words: object) -> Raw:
    """The words and nothing else. What is not printable, marks of direction too, is shown as �."""
    kept = "".join(each if each.isprintable() or each == "\n" else "�" for each in str(words))
    return Raw(escape(kept))


def tag(name: str, *content: str, **attributes: object) -> Raw:
    """An element. Content that is no Raw is text; an attribute's `_` is `-`, and `class_` is `class`."""
    told = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{text(value)}"'
        for key, value in attributes.items()
        if value is not None
    )
    inner = "".join(each if isinstance(each, Raw) else text(each) for each in content)
    return Raw(f"<{name}{told}>{inner}</{name}>")


def table(
    columns: Sequence[str], rows: Iterable[Sequence[str]], *, classes: Iterable[str | None] | None = None
) -> Raw:
    """With a heading for each column; on a narrow screen each row is a block that repeats them.

    `classes` are the rows' own.
    """
    head = tag("thead", tag("tr", *(tag("th", name, scope="col") for name in columns)))
    body = [
        tag(
            "tr",
            *(tag("td", cell, data_label=name) for name, cell in zip(columns, row, strict=True)),
            class_=own,
        )
        for row, own in zip(rows, classes or repeat(None), strict=False)
    ]
    return tag("table", head, tag("tbody", *body))


def page(title: str, body: Iterable[str], *, style: str = "") -> str:
    """A whole document with this body. There is no script, and nothing is fetched."""
    return "\n".join(
        [
            "<!doctype html>",
            '<html lang="en">',
            "<head>",
            '<meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<title>{text(title)}</title>",
            f"<style>\n{COLOURS}{STYLE}{style}</style>",
            "</head>",
            "<body>",
            *body,
            "</body>",
            "</html>",
            "",
        ]
    )
