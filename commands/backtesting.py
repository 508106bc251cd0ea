"""`backtest` and `flips`: what the current code would have done with runs that are recorded, or open now."""

import argparse
import json
import os
import sys
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

from pydantic import ValidationError
from rich.text import Text

from activities.catalogue import load_catalogue
from commands.backtest_page import page
from commands.failures import CommandError, Exit
from commands.real_calls import called_as_json, made_as_json, real_calls, summary
from commands.replaying import from_inputs, from_server, histories_in
from commands.tables import print_rows
from commands.writing import write
from connection import Settings
from contracts.sheet import Price, Route
from contracts.values import plain
from operations.backtesting import Backtested, Verdict, backtest
from operations.lines import console_on, put, safe
from operations.new_sheets import Changes
from operations.real_calls import RealCalls
from operations.replaying import Recorded
from operations.wording import counted, dollars

__all__ = ["backtest_runs", "flips"]

OPEN = "ExecutionStatus = 'Running'"
STYLES = {Verdict.SAME_PATH: "green", Verdict.OTHER_PATH: "yellow", Verdict.NOT_ANSWERABLE: "red"}

Tested = list[tuple[str, Backtested]]
"""Each with the name of its file, or its workflow id."""


async def backtest_runs(options: argparse.Namespace, workflows: Sequence[Any]) -> Exit:
    """Backtest each history; FOUND unless every run goes the same path."""
    if bool(options.histories) == bool(options.query):
        raise CommandError(Exit.BAD_INPUT, "backtest needs history files, folders or ids, or --query QUERY")
    changes = changes_of(options, workflows)
    source = from_server(options.query) if options.query else from_inputs(histories_in(options.histories))
    async with real_calls(options) as real:
        tested = await tested_runs(source, workflows, changes, assumed=options.assume_same_replies, real=real)
        if not tested:
            raise CommandError(Exit.BAD_INPUT, "no history to backtest: the query finds no run")
        check_prices(changes, tested)
    if options.html is not None:
        write(options.html, page(tested, summary(real) if real is not None else ""))
    if options.json:
        called = {} if real is None else {"real_calls": called_as_json(real)}
        sys.stdout.write(json.dumps({**as_json(tested), **called}, indent=1) + "\n")
    else:
        print_tested(tested)
        if real is not None:
            put(console_on(sys.stdout), (0, summary(real), "bold"))
    return Exit.OK if all(each.verdict is Verdict.SAME_PATH for _, each in tested) else Exit.FOUND


async def flips(options: argparse.Namespace, workflows: Sequence[Any]) -> Exit:
    """Of the runs that are open, those that would have decided otherwise; OK whatever it finds."""
    changes = changes_of(options, workflows)
    types = ", ".join(f"'{each.plan.name}'" for each in workflows)
    query = f"{OPEN} AND WorkflowType IN ({types})" + (f" AND ({options.query})" if options.query else "")
    tested = await tested_runs(from_server(query), workflows, changes, assumed=False, real=None)
    other = [(name, each) for name, each in tested if each.verdict is Verdict.OTHER_PATH]
    if options.json:
        sys.stdout.write(json.dumps({"open": len(tested), **as_json(other)}, indent=1) + "\n")
        return Exit.OK
    console = console_on(sys.stdout)
    if other:
        print_tested(other)
    unknown = sum(each.verdict is Verdict.NOT_ANSWERABLE for _, each in tested)
    words = f"{len(other)} of {counted(len(tested), 'open run')} would have decided otherwise"
    put(console, (0, words + (f"; of {unknown} nobody can say" if unknown else ""), "bold"))
    put(console, (0, "open runs keep the numbers that they began with", "dim"))
    return Exit.OK


async def tested_runs(
    source: AsyncIterator[Recorded],
    workflows: Sequence[Any],
    changes: Changes,
    *,
    assumed: bool,
    real: RealCalls | None,
) -> Tested:
    return [
        (run.label, await backtest(run.read(), workflows, changes, assume_same_replies=assumed, real=real))
        async for run in source
    ]


def changes_of(options: argparse.Namespace, workflows: Sequence[Any]) -> Changes:
    """What the options change. Raises CommandError."""
    known = {name for each in workflows for name in each.plan.thresholds}
    thresholds = {}
    for name, number in (named("--threshold", each) for each in options.threshold):
        if name not in known:
            raise CommandError(
                Exit.BAD_INPUT, f"--threshold {name}: no workflow has it; known: {', '.join(sorted(known))}"
            )
        thresholds[name] = number_of("--threshold", name, number)
    if options.command == "flips":
        return Changes(thresholds=thresholds)
    prices = {name: price_of(name, two) for name, two in (named("--price", each) for each in options.price)}
    routes = tuple[Route, ...]()
    if options.profile is not None:
        routes = load_catalogue(Settings.of(os.environ).models, os.environ).routes_of(options.profile)
    return Changes(thresholds=thresholds, prices=prices, routes=routes)


def named(option: str, given: str) -> tuple[str, str]:
    name, equals, value = given.partition("=")
    if not (name and equals and value):
        raise CommandError(Exit.BAD_INPUT, f"{option} {given}: write NAME=VALUE")
    return name, value


def number_of(option: str, name: str, value: str) -> Decimal:
    try:
        number = Decimal(value)
    except InvalidOperation:
        number = Decimal("nan")
    if not number.is_finite():
        raise CommandError(Exit.BAD_INPUT, f"{option} {name}={value}: {value!r} is no number")
    return number


def price_of(route: str, two: str) -> Price:
    numbers = [number_of("--price", route, part) for part in two.split(",")]
    try:
        return Price(**dict(zip(("input", "output"), numbers, strict=True)))
    except (ValueError, ValidationError):
        wanted = "write ROUTE=IN,OUT in US dollars per million tokens, with at most six decimals"
        raise CommandError(Exit.BAD_INPUT, f"--price {route}={two}: {wanted}") from None


def check_prices(changes: Changes, tested: Tested) -> None:
    """A price of a route that no run could take would change nothing, silently."""
    routes = {route for _, each in tested for route in each.routes}
    for name in changes.prices:
        if name not in routes:
            known = ", ".join(sorted(routes))
            raise CommandError(Exit.BAD_INPUT, f"--price {name}: no run has this route; they have {known}")


def print_tested(tested: Tested) -> None:
    """A row for each run, then how many went which way."""
    console = console_on(sys.stdout)
    rows = [
        (
            Text(safe(label)),
            Text(each.verdict.value, style=STYLES[each.verdict]),
            Text(safe(where(each))),
            Text(cost(each)),
        )
        for label, each in tested
    ]
    print_rows(console, ("history", "verdict", "where", "cost"), rows)
    shown = set[tuple[str, ...]]()
    for _, each in tested:
        if each.parting is not None and each.parting.reasons and changed(each) not in shown:
            shown.add(changed(each))
            put(console, (0, f"{changed(each)[0]}, for example {each.workflow_id}:", "bold"))
            for reason in each.parting.reasons:
                put(console, (2, reason, ""))
    for words, number in Counter(changed(each)[0] for _, each in tested if each.parting).items():
        put(console, (0, f"{counted(number, 'run')}: {words}", "yellow"))
    verdicts = Counter(each.verdict for _, each in tested)
    words = ", ".join(f"{number} {verdict.value}" for verdict, number in verdicts.items())
    put(console, (0, f"{counted(len(tested), 'run')}: {words}", "bold"))


def changed(each: Backtested) -> tuple[str, ...]:
    """What groups runs whose paths part alike."""
    if each.parting is None:
        return ("",)
    then, now = each.parting.then, each.parting.now
    if then is not None and now is not None and (then.kind, then.name) == (now.kind, now.name):
        return (f"{then.kind} {then.name}: {then.came_to or 'done'} → {now.came_to or 'done'}",)
    return (f"{then or 'had ended'} → {now or 'ends'}",)


def where(each: Backtested) -> str:
    """Where the paths part, and how far the other one is known."""
    beyond = each.missing or ""
    if each.parting is None:
        return beyond
    return changed(each)[0] + (f"; not known beyond {beyond}" if beyond else "")


def cost(each: Backtested) -> str:
    """What it would cost more or less; nothing where that is the same or not known."""
    if not each.difference:
        return ""
    sign = "+" if each.difference > 0 else "-"
    return sign + dollars(abs(each.difference))


def as_json(tested: Iterable[tuple[str, Backtested]]) -> dict[str, Any]:
    runs = [run_as_json(label, each) for label, each in tested]
    return {"runs": runs, "verdicts": dict(Counter(run["verdict"] for run in runs))}


def run_as_json(label: str, each: Backtested) -> dict[str, Any]:
    parting = None
    if each.parting is not None:
        parting = {
            "then": str(each.parting.then) if each.parting.then is not None else None,
            "now": str(each.parting.now) if each.parting.now is not None else None,
            "reasons": list(each.parting.reasons),
        }
    return {
        "history": label,
        "workflow_id": each.workflow_id,
        "run_id": each.run_id,
        "open": each.open,
        "verdict": each.verdict.value,
        "parting": parting,
        "missing": each.missing,
        "then_usd": plain(each.then_usd),
        "now_usd": None if each.now_usd is None else plain(each.now_usd),
        "real_calls": [made_as_json(made) for made in each.calls],
    }
