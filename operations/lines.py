"""Lines for a person: indented, styled, and wrapped below their own beginning."""

import os
from typing import TextIO

from rich.console import Console
from rich.text import Text

__all__ = ["Line", "console_on", "put", "safe"]

Line = tuple[int, str, str]
"""How far indented, the words, and their style."""

NARROWEST = 24


def console_on(stream: TextIO) -> Console:
    """Colours on a terminal only, and never with NO_COLOR; as wide as the terminal, else unbounded."""
    terminal = stream.isatty()
    plain = not terminal or "NO_COLOR" in os.environ
    return Console(
        file=stream,
        color_system=None if plain else "auto",
        force_terminal=None if terminal else False,
        width=None if terminal or "COLUMNS" in os.environ else 110,
        highlight=False,
        markup=False,
        emoji=False,
    )


def safe(words: str) -> str:
    """What people and models wrote may hold escape sequences; a terminal must not obey them."""
    return "".join(each if each.isprintable() else "�" for each in words.replace("\n", " "))


def put(console: Console, line: Line, *, head: str = "") -> None:
    """Print one line. `head` stands before it, and what is wrapped goes on below the words."""
    indent, words, style = line
    margin = " " * indent
    width = max(NARROWEST, console.width - indent - len(head))
    parts = Text(safe(words), style=style).wrap(console, width) or [Text("")]
    for number, part in enumerate(parts):
        before = margin + (head if number == 0 else " " * len(head))
        part.rstrip()
        console.print(Text.assemble((before, style), part), soft_wrap=True)
