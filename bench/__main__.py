"""python -m bench [--only NAME] [--quick] [--json]: measure, print, and keep what a full run found."""

import argparse
import asyncio
import json
import os
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

from bench import backtests, command_line, kernel, recovery, replays, sections, server
from bench.figures import Section
from bench.machine import facts
from bench.results import kept

__all__ = ["BENCHMARKS"]

RESULTS = Path(__file__).parent / "results.md"

BENCHMARKS: dict[str, Callable[..., Awaitable[Section]]] = {
    "server": server.measure,
    "kernel": kernel.measure,
    "sections": sections.measure,
    "command-line": command_line.measure,
    "backtest": backtests.measure,
    "recovery": recovery.measure,
    "replays": replays.measure,
}


async def measured(names: list[str], *, quick: bool) -> list[Section]:
    """One after the other: nothing is measured while something else is."""
    sections = []
    for name in names:
        sys.stderr.write(f"measuring {name}\n")
        sections.append(await BENCHMARKS[name](quick=quick))
    return sections


def main() -> int:
    """Exit status 0 when everything was measured, whatever it says."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--only", action="append", choices=list(BENCHMARKS), help="this one; may be repeated")
    parser.add_argument("--quick", action="store_true", help="fewer and shorter rounds; keeps no results")
    parser.add_argument("--json", action="store_true", help="print raw numbers instead of tables")
    given = parser.parse_args()
    sections = asyncio.run(measured(given.only or list(BENCHMARKS), quick=given.quick))
    if given.json:
        found = {"machine": facts(), **{section.name: section.data() for section in sections}}
        sys.stdout.write(json.dumps(found, indent=1) + "\n")
    else:
        sys.stdout.write(facts() + "\n\n")
        sys.stdout.write("\n\n".join(f"{each.name}\n{each.text()}" for each in sections) + "\n")
    if not given.quick:
        before = RESULTS.read_text() if RESULTS.exists() else ""
        RESULTS.write_text(kept(before, sections, facts()))
    return 0


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    # The SDK's threads may crash the interpreter while it takes itself down; everything is closed by now.
    os._exit(code)
