"""What docs/first-workflow.md shows: whole files, and lines for others; under another name if wanted."""

import io
import re
import tokenize
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

__all__ = ["EXAMPLE", "GUIDE", "Added", "Guide", "GuideError", "Name", "read_guide"]

GUIDE = Path("docs/first-workflow.md")
FILE = re.compile(r"^\*\*`([^`]+)`\*\*\n\n```\w+\n(.*?)^```$", re.MULTILINE | re.DOTALL)
DIFF = re.compile(r"^```diff\n--- (\S+)\n@@\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SHELL = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)
WORD = re.compile(r"[A-Za-z_][A-Za-z_0-9]*")
# The contract's types, by what their names have after the subject.
TYPES = ("", "Request", "Reading", "Path", "Result")


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
        return camel(self.kebab)

    @property
    def types(self) -> tuple[str, ...]:
        """The types of its contract: what it is done with, which is what follows the first word."""
        subject = camel(self.kebab.partition("-")[2])
        return tuple(subject + each for each in TYPES)

    @property
    def words(self) -> tuple[str, ...]:
        """What else is called by it."""
        return (self.snake, f"{self.snake}_prompt", f"worst_{self.snake}", self.camel)

    def instead_of(self, other: "Name", text: str) -> str:
        """The text with this name wherever the other one stands; its types as whole words only."""
        own = dict(
            zip((other.kebab, other.snake, other.camel), (self.kebab, self.snake, self.camel), strict=True)
        )
        types = dict(zip(other.types, self.types, strict=True))
        pattern = "|".join([*own, *(rf"\b{each}\b" for each in types)])
        return re.sub(pattern, lambda found: (own | types)[found[0]], text)


def camel(words: str) -> str:
    return "".join(word.capitalize() for word in words.split("-"))


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
        """Every name in its Python files."""
        return frozenset(
            token.string
            for path, text in self.files.items()
            if path.endswith(".py")
            for token in tokenize.generate_tokens(io.StringIO(text).readline)
            if token.type == tokenize.NAME
        )


def read_guide(checkout: Path) -> Guide:
    """Raises GuideError where the document is missing or shows no file."""
    try:
        text = (checkout / GUIDE).read_text(encoding="utf-8")
    except OSError as error:
        raise GuideError(f"{GUIDE}: {error.strerror}") from None
    files = dict(FILE.findall(text))
    if not files:
        raise GuideError(f"{GUIDE} shows no file")
    commands = tuple(
        line for block in SHELL.findall(text) for line in block.replace("\\\n  ", "").splitlines()
    )
    return Guide(files, tuple(hunks(text)), commands)


def hunks(text: str) -> Iterator[Added]:
    for file, diff in DIFF.findall(text):
        yield from (Added(file, hunk) for hunk in diff.split("@@\n"))
