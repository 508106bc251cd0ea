"""`new`: a workflow of one's own from the example of docs/first-workflow.md; all of it, or nothing."""

import argparse
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from commands.failures import CommandError, Exit
from commands.guide import EXAMPLE, GUIDE, WORD, Guide, GuideError, Name, read_guide
from embedded.record import Record
from operations.decision_rows import tables_of
from operations.lines import console_on, put

__all__ = ["LONGEST", "new", "next_lines"]

CHECKOUT = Path(__file__).resolve().parent.parent
NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z][a-z0-9]*)+")
# Its class and its modules have to fit into a line with what stands around them.
LONGEST = 40
# Imports and lists of names have their order, and lines their length, whatever the name is.
TIDY = (("check", "--select", "I,RUF022", "--fix", "--quiet"), ("format", "--quiet"))


def new(options: argparse.Namespace, workflows: Sequence[Any], checkout: Path = CHECKOUT) -> Exit:
    """Write the files and register them. Raises CommandError, and then nothing has changed."""
    name = checked(options.name)
    # Another one at the same time would write the files as they were before this one's lines.
    with Record("new", checkout / ".tenuto").alone():
        try:
            guide = read_guide(checkout)
            own = guide.named(name)
            check_free(name, guide, own, workflows, checkout)
            check_committed(own, checkout)
            edited = edits(own, checkout)
        except GuideError as error:
            raise CommandError(Exit.FAILED, str(error)) from None
        write(own, edited, checkout)
    tell(name, own, edited)
    return Exit.OK


def checked(text: str) -> Name:
    """Raises CommandError for what cannot be a workflow's name, with what was probably meant."""
    if not NAME.fullmatch(text):
        line = f"{text!r} is no name for a workflow: two words or more, in-small-letters"
        meant = re.sub(r"[^a-z0-9]+", "-", re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", text).lower()).strip("-")
        if NAME.fullmatch(meant):
            line += f"; did you mean `{meant}`?"
        raise CommandError(Exit.BAD_INPUT, line)
    if len(text) > LONGEST:
        line = f"{text!r} is too long: at most {LONGEST} characters, and it has {len(text)}"
        raise CommandError(Exit.BAD_INPUT, line)
    return Name(text)


def check_free(name: Name, guide: Guide, own: Guide, workflows: Sequence[Any], checkout: Path) -> None:
    """Raise CommandError where something has the name already: nothing is overwritten."""
    if name.kebab in (each.plan.name for each in workflows):
        raise taken(f"there is a workflow {name.kebab} already")
    for path in own.files:
        there = next((each for each in places(checkout / path) if each.exists()), None)
        if there is not None:
            raise taken(f"{there.relative_to(checkout)} is there already")
    steps = {step.name for each in workflows for step in each.plan.steps}
    if name.snake in steps | set(tables_of(list(workflows))):
        raise taken(f"a step or a table is called {name.snake} already")
    texts = {edit.file: (checkout / edit.file).read_text() for edit in own.added}
    words = {file: frozenset(WORD.findall(text)) for file, text in texts.items()}
    # The example's own become this name's. The types of a contract are seen by the example's files alone.
    words[GUIDE.as_posix()] = guide.words - frozenset({*EXAMPLE.words, *EXAMPLE.types})
    for word in (*name.words, *name.types):
        for file, used in words.items():
            if word in used and (word not in name.types or file == GUIDE.as_posix()):
                raise taken(f"{word} means something else in {file}")
        if (*name.words, *name.types).count(word) > 1:
            raise taken(f"{word} would mean two things")


def places(path: Path) -> tuple[Path, ...]:
    """Where a module of this name could be: a file, or a package."""
    return (path, path.with_suffix("")) if path.suffix == ".py" else (path,)


def taken(what: str) -> CommandError:
    return CommandError(Exit.BAD_INPUT, f"{what}; take another name. Nothing was written")


def check_committed(own: Guide, checkout: Path) -> None:
    """Raise CommandError where a line would be added to a file in the midst of other changes.

    Without git, or outside of a repository, nobody can say, and nobody would see the difference.
    """
    files = sorted({each.file for each in own.added})
    try:
        asked = subprocess.run(
            ["git", "status", "--porcelain", "--", *files],  # noqa: S607 - whichever git there is
            cwd=checkout,
            capture_output=True,
            text=True,
        )
    except OSError:
        return
    changed = [line[3:] for line in asked.stdout.splitlines()] if asked.returncode == 0 else []
    if changed:
        raise CommandError(
            Exit.BAD_INPUT,
            f"not committed: {', '.join(changed)}; commit or stash that first, so that `git diff` shows what "
            "`new` adds. Nothing was written",
        )


def edits(own: Guide, checkout: Path) -> dict[str, str]:
    """The new text of each file that gets lines. Raises GuideError."""
    edited: dict[str, str] = {}
    for each in own.added:
        edited[each.file] = each.to(edited.get(each.file) or (checkout / each.file).read_text())
    return edited


def write(own: Guide, edited: dict[str, str], checkout: Path) -> None:
    """Write everything, or leave everything as it was."""
    before = {file: (checkout / file).read_text() for file in edited}
    made: list[Path] = []
    try:
        for path, text in own.files.items():
            with (checkout / path).open("x", encoding="utf-8") as file:
                made.append(checkout / path)
                file.write(text)
        for path, text in edited.items():
            (checkout / path).write_text(text, encoding="utf-8")
        tidy([path for path in (*own.files, *edited) if path.endswith(".py")], checkout)
    except BaseException as error:
        for own_file in made:
            own_file.unlink(missing_ok=True)
        for path, text in before.items():
            (checkout / path).write_text(text, encoding="utf-8")
        if isinstance(error, OSError):
            where = error.filename or "a file"
            line = f"{where}: cannot be written: {error.strerror}; everything is as it was"
            raise CommandError(Exit.FAILED, line) from None
        raise


def tidy(files: Sequence[str], checkout: Path) -> None:
    """As `make format` does. Raises CommandError."""
    for arguments in TIDY:
        command = [sys.executable, "-m", "ruff", *arguments, *files]
        done = subprocess.run(command, cwd=checkout, capture_output=True, text=True)
        if done.returncode != 0:
            said = (done.stderr or done.stdout).strip().splitlines() or ["it says nothing"]
            line = f"ruff cannot bring it into form, so everything is as it was: {said[-1]}"
            raise CommandError(Exit.FAILED, line)


def tell(name: Name, own: Guide, edited: dict[str, str]) -> None:
    """What was written, and what to do next."""
    console = console_on(sys.stdout, whole_lines=True)
    for path in own.files:
        put(console, (0, f"wrote {path}", ""))
    put(console, (0, f"registered in {', '.join(edited)}", ""))
    put(console, (0, f"It runs as it is; {GUIDE} explains every part. What is next:", "bold"))
    for line in next_lines(name):
        put(console, (2, line, ""))


def next_lines(name: Name) -> tuple[str, ...]:
    """The guide's own commands, up to the first certificate."""
    return (
        f".venv/bin/python -m pytest tests/workflows/test_{name.snake}.py",
        "python starter.py dev",
        f"python starter.py run {name.kebab} samples/{name.kebab}.json",
        "make certify",
    )
