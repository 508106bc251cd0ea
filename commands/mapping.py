"""`map`: which paths runs took through their stages, and which none took."""

import argparse
import json
import sys
from collections.abc import Sequence
from typing import Any

from rich.text import Text

from commands.failures import CommandError, Exit
from commands.replaying import from_inputs, from_server, histories_in
from commands.tables import print_rows
from commands.writing import write
from contracts.values import plain
from operations.lines import console_on, put, safe
from operations.map_pages import STAGES, TRANSITIONS, map_page, never_words, stage_cells, transition_cells
from operations.map_svg import standing_alone
from operations.run_maps import RunMap, Transition, run_maps
from operations.story import story
from operations.wording import counted

__all__ = ["map_runs"]


async def map_runs(options: argparse.Namespace, workflows: Sequence[Any]) -> Exit:
    """Print the table; or write it as JSON, as a page or as a picture."""
    if bool(options.histories) == bool(options.query):
        raise CommandError(Exit.BAD_INPUT, "map needs history files, folders or ids, or --query QUERY")
    source = from_server(options.query) if options.query else from_inputs(histories_in(options.histories))
    maps, left_out = run_maps([story(run.read()) async for run in source], workflows)
    if not maps:
        raise CommandError(Exit.BAD_INPUT, "no run to map: none that has started is of a workflow known here")
    if options.json:
        sys.stdout.write(json.dumps([as_json(each) for each in maps], indent=1) + "\n")
    elif options.html is not None:
        write(options.html, map_page(maps))
        sys.stderr.write(f"wrote {options.html}\n")
    elif options.svg is not None:
        if len(maps) > 1:
            names = ", ".join(each.workflow for each in maps)
            raise CommandError(Exit.BAD_INPUT, f"--svg draws one workflow, and these are runs of {names}")
        write(options.svg, standing_alone(maps[0]))
        sys.stderr.write(f"wrote {options.svg}\n")
    else:
        for each in maps:
            print_map(each)
    if left_out:
        words = f"left out: {counted(left_out, 'run')} that has not started, or is of no workflow known here"
        put(console_on(sys.stderr), (0, words, "dim"))
    return Exit.OK


def print_map(shown: RunMap) -> None:
    console = console_on(sys.stdout)
    put(console, (0, f"{shown.workflow}: {never_words(shown)}", "bold"))
    rows = [
        tuple(Text(safe(cell), style=style_of(way)) for cell in transition_cells(way))
        for way in shown.transitions
    ]
    print_rows(console, TRANSITIONS, rows, spare=("unknown",))
    console.print()
    print_rows(console, STAGES, [tuple(Text(safe(cell)) for cell in cells) for cells in stage_cells(shown)])


def style_of(way: Transition) -> str:
    return "yellow" if not way.declared else "" if way.count else "dim"


def as_json(shown: RunMap) -> dict[str, Any]:
    """Amounts are decimal strings; what never happened has neither time nor cost."""
    return {
        "workflow": shown.workflow,
        "runs": shown.runs,
        "stages": [
            {"stage": each.stage, "entered": each.entered, "ended": dict(each.ended)} for each in shown.stages
        ],
        "transitions": [
            {
                "from": way.before,
                "to": way.after,
                "declared": way.declared,
                "count": way.count,
                "median_s": way.median_s,
                "median_usd": None if way.median_usd is None else plain(way.median_usd),
                "unknown_attempts": way.unknown,
            }
            for way in shown.transitions
        ],
    }
