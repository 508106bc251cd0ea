"""Other states of the sources: a copy of this checkout, with exact edits."""

import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from embedded.stack import CHECKOUT

__all__ = ["CHECKOUT", "Edit", "EditError", "copied", "edit"]

# What is made and not written, and pictures.
LEFT_OUT = shutil.ignore_patterns(
    ".git", ".venv", ".venv.lock", ".tenuto", "__pycache__", "*_cache", ".hypothesis", "build", "*.png"
)


@dataclass(frozen=True)
class Edit:
    """One place of one file: the old text, which must be there exactly once, and the new one."""

    file: str
    old: str
    new: str


class EditError(RuntimeError):
    """The sources are not what an edit was written for."""


def copied(to: Path) -> Path:
    """This checkout's sources in a new folder; to be run with this checkout's interpreter."""
    shutil.copytree(CHECKOUT, to, ignore=LEFT_OUT)
    return to


def edit(checkout: Path, edits: Iterable[Edit]) -> None:
    """Edit files. Raises EditError before the first is written."""
    edited: dict[Path, str] = {}
    for each in edits:
        path = checkout / each.file
        text = edited.get(path) or path.read_text()
        if (times := text.count(each.old)) != 1:
            raise EditError(f"{each.file} holds {each.old!r} {times} times, not once")
        edited[path] = text.replace(each.old, each.new)
    for path, text in edited.items():
        path.write_text(text)
