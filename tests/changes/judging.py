"""Make a change in a copy of the sources, and hear what a recorded run says to it there."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.changes.prepared import Change, Expected
from tests.checkouts import edit

__all__ = ["Verdict", "judged"]

# Bytecode is found by size and second, and a change may have the size of what it replaces.
ENVIRONMENT = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1", "PYTHONWARNINGS": "ignore"}
LONGEST_S = 90


@dataclass(frozen=True)
class Verdict:
    """What the gates said: the first finding of each, as JSON, with the lines that it points at."""

    commands: dict[str, str] | None
    content: dict[str, str] | None

    def surprises(self, change: Change) -> Iterator[str]:
        """Where they said something else than was expected."""
        yield from differs("Temporal's gate", change.commands, self.commands)
        yield from differs("the other gate", change.content, self.content)


def differs(gate: str, expected: Expected | None, found: dict[str, str] | None) -> Iterator[str]:
    if expected is None or found is None:
        if (expected is None) != (found is None):
            yield f"{gate}: expected {expected}, found {found}"
        return
    if f"({expected.event})" not in found["event"]:
        yield f"{gate} names {found['event']}, not {expected.event}"
    if expected.says not in found["what"]:
        yield f"{gate} says {found['what']!r}, not {expected.says!r}"
    if expected.line not in found.get("lines", ""):
        yield f"{gate} points at {found.get('source')}: {found.get('lines')!r}, not {expected.line!r}"
    if expected.advice != found.get("advice"):
        yield f"{gate} advises {found.get('advice')!r}"


def judged(change: Change, checkout: Path) -> Verdict:
    """The checkout is as it was afterwards."""
    before = {each.file: (checkout / each.file).read_text() for each in change.edits}
    try:
        edit(checkout, change.edits)
        findings = said(change, checkout)
        for finding in findings:
            finding["lines"] = lines_at(checkout, finding.get("source", ""))
    finally:
        for file, text in before.items():
            (checkout / file).write_text(text)
    first = {gate: next((f for f in findings if f["gate"] == gate), None) for gate in ("commands", "content")}
    return Verdict(first["commands"], first["content"])


def said(change: Change, checkout: Path) -> list[dict[str, str]]:
    file = f"tests/histories/{change.history}.json"
    done = subprocess.run(
        [sys.executable, "-m", "tests.changes.verdict", file, change.until],
        cwd=checkout,
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        timeout=LONGEST_S,
    )
    if done.returncode != 0:
        raise AssertionError(f"{change.name}: {done.stderr[-2_000:]}")
    found: list[dict[str, str]] = json.loads(done.stdout)
    return found


def lines_at(checkout: Path, source: str) -> str:
    """The line, and two more: a call may go on below."""
    file, _, line = source.removeprefix("after ").partition(":")
    if not line:
        return ""
    return "\n".join((checkout / file).read_text().splitlines()[int(line) - 1 : int(line) + 2])
