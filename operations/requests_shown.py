"""What a person is asked to agree to, in lines: an action's own input, with long lists cut short."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from operations.lines import Line
from operations.wording import counted

__all__ = ["compact_lines", "request_lines"]

# A person looks at some rows, and at all of them in another program.
MOST_ROWS = 12
# What ends a value or begins another one, as far as a person can see.
UNCLEAR = re.compile(r'[,:](?=\s|$)|["\r\n]')


def request_lines(request: Mapping[str, Any], indent: int) -> Iterator[Line]:
    """A line for each value, and below its name what it is made of."""
    for name, value in request.items():
        yield from value_lines(name, value, indent)


def compact_lines(request: Mapping[str, Any], indent: int) -> Iterator[Line]:
    """The same with all simple values in one line."""
    simple = {name: value for name, value in request.items() if not isinstance(value, dict | list)}
    if simple:
        yield indent, in_one_line(simple), ""
    for name, value in request.items():
        if name not in simple:
            yield from value_lines(name, value, indent)


def value_lines(name: str, value: Any, indent: int) -> Iterator[Line]:
    words = name.replace("_", " ")
    match value:
        case dict() if value:
            yield indent, f"{words}:", ""
            yield from request_lines(value, indent + 2)
        case [*rows] if any(isinstance(row, dict) for row in rows):
            yield indent, f"{words}: {counted(len(rows), 'item')}", ""
            for number, row in enumerate(rows[:MOST_ROWS], start=1):
                yield indent + 2, f"{number}. {in_one_line(row) if isinstance(row, dict) else said(row)}", ""
            if len(rows) > MOST_ROWS:
                yield indent + 2, f"and {len(rows) - MOST_ROWS:,} more; `status --json` has them all", "dim"
        case [*simple]:
            yield indent, f"{words}: {', '.join(map(said, simple)) or 'none'}", ""
        case _:
            yield indent, f"{words}: {said(value)}", ""


def in_one_line(values: Mapping[str, Any]) -> str:
    return ", ".join(f"{name.replace('_', ' ')}: {said(value)}" for name, value in values.items())


def said(value: Any) -> str:
    """In quotation marks where it could be taken for several values: a stranger wrote it."""
    if value in (None, {}):
        return "none"
    text = str(value)
    return json.dumps(text, ensure_ascii=False) if isinstance(value, str) and UNCLEAR.search(text) else text
