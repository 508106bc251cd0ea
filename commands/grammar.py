"""How the command line shows itself: help that fits the terminal, and the nearest word for a slip."""

import argparse
import difflib
import os
import re
import shutil
import sys
import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NoReturn, TextIO

__all__ = ["EXIT_CODES", "Example", "Parser", "add_profile", "example_lines", "nearest", "wrapped"]

Example = tuple[str, str]
"""What it is for, and what comes after `python starter.py`."""

# Lines that are longer are hard to read, however wide the terminal.
WIDEST = 110
NARROWEST = 30
# From here on options stand beside what they mean.
ROOMY = 59

EXIT_CODES = (
    ("0", "done"),
    ("1", "a run failed, or something was refused"),
    ("2", "wrong usage or input"),
    ("3", "no server or worker answers"),
    ("4", "verification, replay, a backtest or reconciliation found something"),
    ("130", "Ctrl-C; runs go on without the command"),
)

HEADING = re.compile(r"^([a-z][a-z -]*:)", re.MULTILINE)


class Formatter(argparse.HelpFormatter):
    """As wide as the terminal, as COLUMNS and the terminal itself say."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, max_help_position=26 if columns() >= ROOMY else 12, width=columns())

    def add_usage(self, usage: Any, actions: Any, groups: Any, prefix: Any = None) -> None:
        """Every option where there is room; they are listed below anyhow."""
        listed = [each for each in actions if not each.option_strings]
        if columns() < ROOMY:
            words = " ".join(str(each.metavar or each.dest) for each in listed)
            usage = "\n".join(wrapped(f"{self._prog} [OPTION ...] {words}", "", "    ", room=len("usage: ")))
        super().add_usage(usage, actions, groups, prefix)


class Parser(argparse.ArgumentParser):
    """A command's grammar; its help ends with examples and exit codes."""

    def __init__(self, **options: Any) -> None:
        if sys.version_info >= (3, 14):
            options["color"] = False  # ours look the same under every Python
        super().__init__(formatter_class=Formatter, **options)
        self.examples: Sequence[Example] = ()
        self.more: Sequence[tuple[str, Sequence[tuple[str, str]]]] = ()
        self.commands: Mapping[str, Parser] = {}

    def format_help(self) -> str:
        """The help as plain text."""
        parts = [super().format_help()]
        if self.examples:
            parts.append("\n".join(("examples:", *example_lines(self.examples))) + "\n")
        for title, entries in (("exit codes", EXIT_CODES), *self.more):
            parts.append("\n".join((f"{title}:", *entry_lines(entries))) + "\n")
        return "\n".join(parts)

    def error(self, message: str) -> NoReturn:
        """Usage and what is wrong, within the terminal; exit code 2."""
        self.print_usage(sys.stderr)
        lines = wrapped(f"{self.prog}: error: {message}", "", "  ")
        self.exit(2, "".join(f"{line}\n" for line in (lines if sys.stderr.isatty() else [" ".join(lines)])))

    def print_help(self, file: Any = None) -> None:
        """With bold headings where the terminal and NO_COLOR allow it."""
        stream: TextIO = file or sys.stdout
        text = self.format_help()
        stream.write(HEADING.sub("\x1b[1m\\1\x1b[0m", text) if may_style(stream) else text)


def add_profile(command: argparse.ArgumentParser, help_text: str) -> None:
    """`--profile`, and `--provider` as make's variable calls it; one is documented, both are taken."""
    command.add_argument("--profile", metavar="NAME", help=help_text)
    command.add_argument("--provider", dest="profile", metavar="NAME", help=argparse.SUPPRESS)


def columns() -> int:
    """How many characters a line may have."""
    return max(NARROWEST, min(shutil.get_terminal_size().columns, WIDEST) - 1)


def may_style(stream: TextIO) -> bool:
    plain = "NO_COLOR" in os.environ or os.environ.get("TERM") == "dumb"
    return stream.isatty() and not plain


def example_lines(examples: Iterable[Example]) -> Iterator[str]:
    for purpose, command in examples:
        yield from wrapped(purpose, "  # ", "  # ")
        words = wrapped(f"python starter.py {command}", "  ", "    ", room=2)
        yield from (f"{line} \\" for line in words[:-1])
        yield words[-1]


def entry_lines(entries: Iterable[tuple[str, str]]) -> Iterator[str]:
    """Terms with their meaning beside them, or below where that is too narrow."""
    listed = list(entries)
    beside = max(len(term) for term, _ in listed) + 4
    if beside > columns() // 2:
        for term, meaning in listed:
            yield from wrapped(term, "  ", "  ")
            yield from wrapped(meaning, "      ", "      ")
        return
    for term, meaning in listed:
        yield from wrapped(meaning, f"  {term}".ljust(beside), " " * beside)


def wrapped(words: str, first: str, rest: str, *, room: int = 0) -> list[str]:
    """The words in lines that fit, with what stands before the first line and the others."""
    return textwrap.wrap(
        words,
        columns() - room,
        initial_indent=first,
        subsequent_indent=rest,
        break_on_hyphens=False,
        break_long_words=False,
    )


def nearest(word: str, known: Iterable[str]) -> str | None:
    """What was probably meant; None when nothing is near."""
    found = difflib.get_close_matches(word, list(known), n=1, cutoff=0.5)
    return found[0] if found else None
