"""The sources as somebody has just cloned them, and the guide's lines as a person types them there."""

import shlex
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.checkouts import copied
from tests.commands.terminal import environment

__all__ = ["Clone", "cloned"]

GIT = ("git", "-c", "user.name=somebody", "-c", "user.email=somebody@shop.example")
# What is typed in a checkout with an environment of its own; this one has the interpreter of the tests.
PYTHONS = ("python", ".venv/bin/python")
MAKE = ("make", "-o", "environment", f"PYTHON={sys.executable}")


@dataclass(frozen=True)
class Clone:
    """With a home of its own."""

    folder: Path
    home: Path
    changed: Mapping[str, str] = field(default_factory=dict)
    """Variables, beyond the usual ones."""

    def words(self, line: str) -> list[str]:
        """A line of the guide as a command."""
        first, *rest = shlex.split(line)
        if first in PYTHONS:
            return [sys.executable, *rest]
        return [*MAKE, *rest] if first == "make" else [first, *rest]

    @property
    def environment(self) -> dict[str, str]:
        return environment(self.home, self.changed)

    def typed(self, line: str, code: int = 0) -> str:
        """Run a line to its end; what it printed, after its exit code was checked."""
        done = subprocess.run(
            self.words(line),
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=200,
        )
        assert done.returncode == code, f"{line}: {done.returncode}\n{done.stdout}"
        return done.stdout

    @contextmanager
    def beside(self, line: str, until: str) -> Iterator[None]:
        """Run a line in another terminal, from when it has printed this on."""
        process = subprocess.Popen(
            self.words(line),
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert process.stdout is not None
        try:
            printed = []
            for each in process.stdout:
                printed.append(each)
                if until in each:
                    break
            assert until in "".join(printed[-1:]), "".join(printed)
            yield
        finally:
            process.terminate()
            process.communicate(timeout=60)

    def changes(self) -> list[str]:
        """What git sees: ` M worker.py`, `?? samples/x.json`."""
        return self.typed("git status --porcelain").splitlines()

    def commit(self) -> None:
        for line in ("init --quiet", "add --all", "commit --quiet --message=all"):
            self.typed(shlex.join([*GIT, *line.split()]))


def cloned(folder: Path) -> Clone:
    """Everything committed."""
    # No address, so that the embedded server is meant.
    clone = Clone(copied(folder / "clone"), folder / "home", {"TEMPORAL_ADDRESS": ""})
    clone.commit()
    return clone
