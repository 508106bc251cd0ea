"""The grammar of what a change is weighed by: kept runs, replays, backtests and the tables that decide."""

import argparse
from pathlib import Path

from commands.grammar import Parser, add_profile

__all__ = ["add_changing", "add_new", "add_recording", "add_tables"]

INPUTS = "exported histories, or runs of the server by their id or its end"
Commands = argparse._SubParsersAction  # the type has no public name


def add_new(commands: "Commands[Parser]") -> None:
    new = commands.add_parser(
        "new",
        help="write a workflow of your own, with its test, and register it",
        description="The example of docs/first-workflow.md under another name: contract, prompt, workflow, "
        "worst story, test and a sample input, and the lines that register them. It runs as it is. Nothing "
        "is overwritten, and where anything goes wrong everything is as it was.",
    )
    new.add_argument("name", metavar="NAME", help="two words or more in small letters: summarize-notes")


def add_recording(commands: "Commands[Parser]") -> None:
    export = commands.add_parser(
        "export",
        help="a run as one file, complete in itself",
        description="The run's history, decoded, with its sheet and the version of the code. `explain`, "
        "`status` and `replay` read it again, with no server. A redacted one keeps the workflow's id, "
        "tenant, profile, stages, amounts, dates and times; it is proven like any other, "
        "if the run itself could be.",
    )
    export.add_argument("run", metavar="ID|FILE", help="a workflow id, or an exported history")
    export.add_argument(
        "--redact", action="store_true", help="with placeholders for texts, names, addresses and reasons"
    )
    export.add_argument("--output", type=Path, metavar="FILE", help="instead of standard output")
    record = commands.add_parser("record", help="keep a finished run, to be replayed against every change")
    record.add_argument("run", metavar="ID|FILE", help="a workflow id, or an exported history")
    record.add_argument("name", metavar="NAME", help="what happened in it, in-words-like-these")
    record.add_argument("--because", default="", metavar="TEXT", help="one line: what it is kept for")
    record.add_argument("--into", type=Path, metavar="FOLDER", help="another folder than tests/histories")


def add_changing(commands: "Commands[Parser]") -> None:
    replay = commands.add_parser(
        "replay",
        help="check recorded runs against the current code",
        description="Two gates: Temporal's own, which compares the commands and their order, and ours, which "
        "compares what each of them carries, and the trail.",
    )
    replay.add_argument(
        "--parallel", type=int, metavar="N", help="processes (default: one a core, for many histories)"
    )
    replay.add_argument(
        "--coverage", action="store_true", help="which stages, transitions and rows they reach"
    )
    replay.add_argument("--json", action="store_true", help="the same as JSON")
    backtest = commands.add_parser(
        "backtest",
        help="what would the current code have done with recorded runs?",
        description="Drives the current code with recorded replies, reads, answers and times. Nothing is "
        "sent, and no model is asked but with --calls and --usd. Exit code 4 unless every run goes the same "
        "path.",
    )
    mapped = commands.add_parser(
        "map",
        help="which paths did runs take, and which never?",
        description="Stages and the transitions between them, as the plan declares them, with how often each "
        "was taken, and of the stays that it ended the median time and proven cost.",
    )
    for each in (replay, backtest, mapped):
        each.add_argument("histories", nargs="*", metavar="ID|FILE|FOLDER", help=INPUTS)
        example = "WorkflowType='resolve-ticket'"
        each.add_argument("--query", metavar="QUERY", help=f"runs of the server, for example {example}")
    form = mapped.add_mutually_exclusive_group()
    form.add_argument("--html", type=Path, metavar="PATH", help="write a page that needs no other file")
    form.add_argument("--svg", type=Path, metavar="PATH", help="write the picture alone")
    form.add_argument("--json", action="store_true", help="the same as JSON")
    flips = commands.add_parser(
        "flips",
        help="which open runs would have decided otherwise?",
        description="Changes nothing: open runs keep the numbers that they began with.",
    )
    flips.add_argument("--query", metavar="QUERY", help="only these of the open runs")
    for each in (backtest, flips):
        each.add_argument(
            "--threshold",
            action="append",
            default=[],
            metavar="NAME=VALUE",
            help="another number of a decision table; may be repeated",
        )
    backtest.add_argument(
        "--price",
        action="append",
        default=[],
        metavar="ROUTE=IN,OUT",
        help="another price, in US dollars per million tokens; may be repeated",
    )
    add_profile(backtest, "the routes of this profile of models.toml")
    backtest.add_argument(
        "--assume-same-replies",
        action="store_true",
        help="take a model's recorded reply also for another prompt, schema, setting or model",
    )
    backtest.add_argument(
        "--calls", type=int, metavar="N", help="with --usd: make up to N real model calls that are missing"
    )
    backtest.add_argument(
        "--usd", metavar="X", help="with --calls: what they may cost at most, each held before it is made"
    )
    backtest.add_argument("--yes", action="store_true", help="agree to that cost, unasked")
    backtest.add_argument("--html", type=Path, metavar="FILE", help="also write a page to look at")
    for each in (backtest, flips):
        each.add_argument("--json", action="store_true", help="the same as JSON")


def add_tables(commands: "Commands[Parser]") -> None:
    policy = commands.add_parser("policy", help="the tables that decide: next attempt, remedy, ...")
    policy.add_argument("table", nargs="?", metavar="TABLE", help="only this one")
    form = policy.add_mutually_exclusive_group()
    form.add_argument("--markdown", action="store_true", help="the same as Markdown")
    form.add_argument("--html", type=Path, metavar="FILE", help="write a page that needs no other file")
    form.add_argument("--json", action="store_true", help="the same as JSON")
    why_not = commands.add_parser(
        "why-not",
        help="what would have made a decision another one",
        description="Every fact and every threshold that leads to OUTCOME when it alone is another, the "
        "smallest change first; where none does, the smallest two together.",
    )
    why_not.add_argument("run", metavar="ID|FILE", help="a workflow id, or an exported history")
    why_not.add_argument(
        "table", nargs="?", metavar="TABLE", help="where several tables that decided have the outcome"
    )
    why_not.add_argument("outcome", metavar="OUTCOME", help="as `policy` names it, for example refund")
    why_not.add_argument(
        "--event", type=int, metavar="N", help="the table's decision at this event (default: its last)"
    )
    why_not.add_argument("--json", action="store_true", help="the same as JSON")
