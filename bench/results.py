"""The results file: a section a benchmark, each with the machine that it was measured on."""

import re
from collections.abc import Sequence

from bench.figures import Section

__all__ = ["kept"]

HEAD = """# Results

Written by `make bench`; how to read it is in [README.md](README.md). Each figure is the median of alternating
rounds with their range, and each ratio is taken round by round: absolute figures are this machine's.
"""
SECTION = re.compile(r"^## (\w[\w -]*)\n(.*?)(?=^## |\Z)", re.MULTILINE | re.DOTALL)


def kept(before: str, sections: Sequence[Section], machine: str) -> str:
    """The file with these sections put in; those that were not measured again stay as they are."""
    bodies = {name: body.strip() for name, body in SECTION.findall(before)}
    for section in sections:
        bodies[section.name] = f"{section.markdown()}\n\nMeasured on: {machine}."
    return "\n".join([HEAD, *(f"## {name}\n\n{body}\n" for name, body in bodies.items())])
