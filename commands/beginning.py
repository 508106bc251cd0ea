"""The first thing that happens: what was typed becomes options, or help, or a completion."""

import os
import sys
from argparse import Namespace
from collections.abc import Sequence

from commands.arguments import parser
from commands.examples import FIRST_STEPS
from commands.failures import CommandError, Exit
from commands.grammar import Parser, example_lines, nearest, wrapped

__all__ = ["read_arguments"]


def read_arguments(arguments: Sequence[str]) -> Namespace | None:
    """The options of a command; None when nothing is left to do.

    Raises CommandError for an unknown command, SystemExit after `--help` and for wrong usage.
    """
    root = parser(dict(os.environ))
    if "_ARGCOMPLETE" in os.environ:
        from commands.completing import complete

        complete(root)
    if not arguments:
        sys.stdout.write(first_steps(root))
        return None
    check_command(root, arguments[0])
    return root.parse_args(arguments)


def first_steps(root: Parser) -> str:
    """For somebody who has just found this."""
    lines = [*wrapped(root.description or "", "", ""), "", *example_lines(FIRST_STEPS), ""]
    return "\n".join([*lines, "All commands: python starter.py --help", ""])


def check_command(root: Parser, word: str) -> None:
    """Raise CommandError with the nearest command for one that does not exist."""
    known = list(root.commands)
    if word.startswith("-") or word in known:
        return
    meant = nearest(word, known)
    line = f"did you mean `{meant}`?" if meant else f"known: {', '.join(known)}"
    raise CommandError(Exit.BAD_INPUT, f"no command {word!r}; {line}")
