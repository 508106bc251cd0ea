"""What docs/first-workflow.md shows: whole files, and lines for others; under another name if wanted."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

__all__ = ["EXAMPLE", "GUIDE", "Added", "Guide", "GuideError", "Name", "read_guide"]

GUIDE = Path("docs/first-workflow.md")
FILE = re.compile(r"^\*\*`([^`]+)`\*\*\n\n```\w+\n(.*?)^```$", re.MULTILINE | re.DOTALL)
DIFF = re.compile(r"^```diff\n--- (\S+)\n@@\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SHELL = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)
WORD = re.compile(r"[A-Za-z_][A-Za-z_0-9]*")


class GuideError(RuntimeError):
    """The sources are not those that the guide was written for. One line."""


@dataclass(frozen=True)
class Name:
    """A workflow's name, as it is written in each place."""

    kebab: str

    @property
    def snake(self) -> str:
        """Its modules and its model task."""
        return self.kebab.replace("-", "_")

    @property
    def camel(self) -> str:
        """Its class."""
        return "".join(word.capitalize() for word in self.kebab.split("-"))

    def instead_of(self, other: "Name", text: str) -> str:
        """The text with this name wherever the other one stands."""
        for own, its in ((self.kebab, other.kebab), (self.snake, other.snake), (self.camel, other.camel)):
            text = text.replace(its, own)
        return text


EXAMPLE = Name("sort-feedback")


@dataclass(frozen=True)
class Added:
    """Lines that are added to a file, with the lines that they are found by."""

    file: str
    lines: str
    """As in a diff: what begins with `+` is new."""

    def to(self, text: str) -> str:
        """The file's text with the new lines. Raises GuideError where the place is not there, or not once."""
        lines = self.lines.splitlines(keepends=True)
        old = "".join(line[1:] or "\n" for line in lines if not line.startswith("+"))
        new = "".join(line[1:] or "\n" for line in lines)
        if text.count(old) != 1:
            raise GuideError(
                f"{self.file} has no longer, or more than once, the lines by which {GUIDE} finds its place: "
                f"{old.strip().splitlines()[0]}"
            )
        return text.replace(old, new)


@dataclass(frozen=True)
class Guide:
    """The example, by file."""

    files: Mapping[str, str]
    """Path to text."""
    added: tuple[Added, ...]
    commands: tuple[str, ...]
    """What is typed, line by line."""

    def named(self, name: Name) -> "Guide":
        """The same with another name."""
        files = {
            name.instead_of(EXAMPLE, path): name.instead_of(EXAMPLE, text)
            for path, text in self.files.items()
        }
        added = tuple(Added(each.file, name.instead_of(EXAMPLE, each.lines)) for each in self.added)
        return Guide(files, added, tuple(name.instead_of(EXAMPLE, line) for line in self.commands))

    @property
    def words(self) -> frozenset[str]:
        """Every identifier in its files."""
        return frozenset(word for text in self.files.values() for word in WORD.findall(text))


def read_guide(checkout: Path) -> Guide:
    """Raises GuideError where the document is missing or shows no file."""
    try:
        text = (checkout / GUIDE).read_text(encoding="utf-8")
    except OSError as error:
        raise GuideError(f"{GUIDE}: {error.strerror}") from None
    files = dict(FILE.findall(text))
    if not files:
        raise GuideError(f"{GUIDE} shows no file")
    commands = tuple(line for block in SHELL.findall(text) for line in block.splitlines())
    return Guide(files, tuple(hunks(text)), commands)


def hunks(text: str) -> Iterator[Added]:
    for file, diff in DIFF.findall(text):
        yield from (Added(file, hunk) for hunk in diff.split("@@\n"))
