"""Lines for a person: indented, styled, and wrapped below their own beginning."""

import os
import re
from collections.abc import Iterator
from io import StringIO
from typing import TextIO

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

__all__ = ["MEASURE", "NARROWEST", "Line", "console_on", "put", "safe", "wrapped"]

Line = tuple[int, str, str]
"""How far indented, the words, and their style."""

NARROWEST = 24
READABLE, UNBOUNDED = 110, 10_000
WORD = re.compile(r"\s*\S+")
MEASURE = Console(file=StringIO(), color_system=None)


def console_on(stream: TextIO, *, whole_lines: bool = False) -> Console:
    """Colours on a terminal only, and never with NO_COLOR; as wide as the terminal, or as COLUMNS says.

    In a file or a pipe without COLUMNS it is as wide as people like to read; with `whole_lines` nothing is
    wrapped there, for `grep` and whoever else takes a line for a thing.
    """
    terminal = stream.isatty()
    plain = not terminal or "NO_COLOR" in os.environ
    return Console(
        file=stream,
        color_system=None if plain else "auto",
        force_terminal=None if terminal else False,
        width=None if terminal or "COLUMNS" in os.environ else UNBOUNDED if whole_lines else READABLE,
        highlight=False,
        markup=False,
        emoji=False,
    )


def safe(words: str) -> str:
    """What people and models wrote may hold escape sequences; a terminal must not obey them."""
    return "".join(each if each.isprintable() else "�" for each in words.replace("\n", " "))


def wrapped(line: Line, width: int, *, head: str = "") -> Iterator[Text]:
    """One line in as many as it takes. `head` stands before it; what is wrapped goes on below the words."""
    indent, words, style = line
    if len(head) + indent + NARROWEST > width:
        # A terminal so narrow keeps its columns for words.
        indent, head = 0, f"{head.rstrip()} " if head.strip() else ""
    room = max(1, width - indent - len(head))
    before = " " * indent + head
    for part in parts_of(safe(words), room):
        if room < cell_len(part):
            # A word so long is an id or a path, which somebody may want to copy: it moves to the left
            # unbroken. One that is wider than the terminal is left to the terminal, which copies it whole.
            if before.strip():
                yield Text(before.rstrip(), style=style)
            yield Text(" " * max(0, width - cell_len(part)) + part, style=style, no_wrap=True)
        else:
            for piece in Text(part, style=style).wrap(MEASURE, room) or [Text("")]:
                yield Text.assemble((before, style), piece)
                before = " " * (indent + len(head))
        before = " " * (indent + len(head))


def parts_of(words: str, room: int) -> list[str]:
    """The words in lines that fit, but for those that are too long for any."""
    parts = [""]
    for word in WORD.findall(words):
        if parts == [""] or cell_len(parts[-1] + word) <= room:
            parts[-1] += word
        else:
            parts.append(word.lstrip())
    return parts


def put(console: Console, line: Line, *, head: str = "") -> None:
    """Print one line, wrapped to the console."""
    for part in wrapped(line, console.width, head=head):
        console.print(part, soft_wrap=True)
