"""The grammar of money: what tenants may spend, what was spent, and what a provider proves of it."""

import argparse
from pathlib import Path

from commands.grammar import Parser

__all__ = ["add_money"]

Commands = argparse._SubParsersAction  # the type has no public name

# What `cost` can group by.
GROUPS = ("run", "tenant", "workflow", "task", "model", "route", "day")


def add_money(commands: "Commands[Parser]") -> None:
    cap = commands.add_parser(
        "cap",
        help="set or show what a tenant may spend",
        description="A run leases its own cap from the tenant's before it spends anything; without a lease "
        "it takes its way out. A day and a month are those of UTC in which a run begins.",
    )
    cap.add_argument("tenant", metavar="TENANT")
    cap.add_argument("usd", nargs="?", metavar="USD", help="US dollars, or none to lift the cap")
    cap.add_argument(
        "--per",
        choices=("day", "month", "total"),
        default="total",
        metavar="PERIOD",
        help="day, month or total (default: total); a tenant may have one cap of each",
    )
    tenants = commands.add_parser("tenants", help="every tenant's cap, and what is leased and spent")
    add_costs(commands)
    for each in (cap, tenants):
        each.add_argument("--json", action="store_true", help="the same as JSON")


def add_costs(commands: "Commands[Parser]") -> None:
    cost = commands.add_parser(
        "cost",
        help="what runs cost: proven, unknown and held, each apart",
        description="From the tenants' ledger alone; no server is asked. Days and times are those in which a "
        "run began.",
    )
    grain = cost.add_mutually_exclusive_group()
    grain.add_argument(
        "--by",
        dest="group",
        choices=GROUPS,
        default="tenant",
        metavar="KEY",
        help=f"{', '.join(GROUPS)} (default: tenant)",
    )
    grain.add_argument("--operations", action="store_true", help="a row for each step, its attempts together")
    cost.add_argument("--tenant", metavar="NAME", help="only this tenant's")
    cost.add_argument("--since", metavar="TIME", help="90s, 30m, 2h or 2d ago, or a date such as 2026-11-24")
    cost.add_argument("--until", metavar="TIME", help="the same; this moment itself not included")
    cost.add_argument("--limit", type=int, metavar="N", help="rows of the table (default: 50); 0 is all")
    shapes = cost.add_mutually_exclusive_group()
    shapes.add_argument("--json", action="store_true", help="every row as JSON")
    shapes.add_argument("--csv", action="store_true", help="every row as CSV")
    shapes.add_argument("--svg", type=Path, metavar="FILE", help="a bar chart for a browser or a document")
    reconcile = commands.add_parser(
        "reconcile",
        help="book what a provider's usage export proves of unknown costs",
        description="A CSV with attempt_id, model, input_tokens, output_tokens and perhaps usd; or OpenAI's "
        "usage of completions as JSON or as the dashboard's CSV, by model. docs/costs.md has the rules.",
    )
    reconcile.add_argument("file", type=Path, metavar="FILE")
    reconcile.add_argument("--dry-run", action="store_true", help="show it, change nothing")
    reconcile.add_argument(
        "--route", action="append", metavar="NAME", help="sums are of this route only; may be repeated"
    )
    reconcile.add_argument("--project", metavar="ID", help="only this project's sums")
    reconcile.add_argument("--json", action="store_true", help="the same as JSON")
