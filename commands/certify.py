"""`certify`: what a run can come to at most, computed, and on request approached by an adversarial run."""

import argparse
import asyncio
import logging
import os
import sys
from collections.abc import Iterator, Sequence
from typing import Any

from rich.text import Text

from activities.catalogue import Catalogue, load_catalogue
from commands.failures import CommandError, Exit
from commands.inputs import workflow_named
from commands.tables import print_rows
from commands.terms_options import terms_of
from connection import Settings
from contracts.certificates import MOST_EVENTS, Certificate
from contracts.terms import Amount, Terms
from contracts.values import plain
from embedded.skipping_server import skipping_server
from operations.adversarial import Attack, attack, certified, sheet_now
from operations.certificates import as_json
from operations.lines import console_on, put
from operations.wording import dollars, duration
from operations.worst_stories import WORST_STORIES

__all__ = ["certify"]

MEASURES = {"usd": "US dollars", "tokens": "tokens", "calls": "model calls", "steps": "steps"}


def certify(options: argparse.Namespace, workflows: Sequence[Any]) -> Exit:
    """FOUND when a run came to more than its certificate."""
    workflow = workflow_named(options.workflow, workflows)
    catalogue = load_catalogue(Settings.of(os.environ).models, os.environ)
    asked = argparse.Namespace(**vars(options), tenant="certify", requested_by="certify")
    terms = terms_of(asked, workflow.plan, options.profile or catalogue.profiles[0])
    found = certified(workflow.plan, catalogue, terms)
    attacks = asyncio.run(attacked(workflow, catalogue, terms)) if options.adversarial else []
    if options.json:
        sys.stdout.write(as_json(found, attacks_json(attacks)) + "\n")
    else:
        show(found, attacks)
    return Exit.FOUND if any(each.exceeded for each in attacks) else Exit.OK


async def attacked(workflow: Any, catalogue: Catalogue, terms: Terms) -> list[Attack]:
    """Every worst story of the workflow. Raises CommandError when none is written, ServiceError."""
    told = WORST_STORIES.get(workflow.plan.name)
    if told is None:
        line = f"no worst story is written for {workflow.plan.name} (operations/worst_stories.py)"
        raise CommandError(Exit.BAD_INPUT, line)
    # Its failures are what this is about; the SDK would tell each of them.
    logging.getLogger("temporalio").setLevel(logging.CRITICAL)
    async with skipping_server() as skipper:
        return [
            await attack(skipper.client, skipper.fast_forward, workflow, each, catalogue, terms)
            for each in told(sheet_now(workflow.plan, catalogue, terms))
        ]


def show(found: Certificate, attacks: Sequence[Attack]) -> None:
    console = console_on(sys.stdout)
    put(console, (0, f"{found.workflow} on {found.profile}: the most that a run can come to", "bold"))
    rows = [measure_row(found, name, attacks) for name in Amount.model_fields]
    limits = [
        ("events", f"{found.events:,}", f"at most {MOST_EVENTS:,}"),
        ("time", duration(found.time_s), ""),
        ("its way out", duration(found.way_out_s), f"kept {duration(found.escrow_s)}"),
    ]
    for name, most, under in limits:
        rows.append([*map(Text, (name, most, under)), *([Text(events_of(name, attacks))] if attacks else [])])
    columns = ["measure", "caps lifted", "under its terms", *(["reached"] if attacks else [])]
    print_rows(console, columns, rows)
    console.print()
    names = ("step", "times", "attempts", "US dollars", "tokens", "calls", "events")
    print_rows(console, names, [step_cells(found, place) for place in range(len(found.steps))])
    console.print()
    repairs = (
        "what failed may be repaired three times (--park 0: never)" if found.parks else "nothing is repaired"
    )
    put(
        console,
        (0, f"{repairs}; a provider that bills above its own maximum, and signals, are outside", "dim"),
    )
    for line in dict.fromkeys(fewer for each in attacks for fewer in smaller_runs(found, each)):
        put(console, (0, line, "dim"))
    for each in attacks:
        for line in each.exceeded:
            put(console, (0, f"{each.story}: {line}", "red"))


def smaller_runs(found: Certificate, attacked: Attack) -> Iterator[str]:
    """What a story has fewer of than the certificate counts."""
    for step, own in zip(found.steps, attacked.bound.steps, strict=True):
        if own.times < step.times:
            yield f"reached with {own.times} {step.step} of {step.times}, as a share of the bound of so many"


def measure_row(found: Certificate, name: str, attacks: Sequence[Attack]) -> list[Text]:
    worst, most = getattr(found.worst, name), getattr(found.at_most, name)
    capped = shown(name, most) + ("" if most == worst else ", by the cap")
    cells = [MEASURES[name], shown(name, worst), capped]
    if attacks:
        dearest = max(attacks, key=lambda each: getattr(each.reached.amount, name))
        came, bound = getattr(dearest.reached.amount, name), getattr(dearest.bound.worst, name)
        of = f" of {shown(name, bound)}" if bound != worst else ""
        share = f" ({came * 100 // bound} %{of})" if bound else ""
        cells.append(shown(name, came) + share)
    return [Text(cell) for cell in cells]


def events_of(name: str, attacks: Sequence[Attack]) -> str:
    return f"{max(each.reached.events for each in attacks):,}" if name == "events" else ""


def step_cells(found: Certificate, place: int) -> list[Text]:
    step = found.steps[place]
    numbers = (step.tokens, step.calls, step.events)
    attempts = str(step.attempts) if step.attempts else ""
    return [
        Text(each)
        for each in (step.step, str(step.times), attempts, dollars(step.usd), *(f"{n:,}" for n in numbers))
    ]


def shown(name: str, value: Any) -> str:
    return dollars(value) if name == "usd" else f"{value:,}"


def attacks_json(attacks: Sequence[Attack]) -> list[dict[str, Any]]:
    return [
        {
            "story": each.story,
            "usd": plain(each.reached.amount.usd),
            **{name: getattr(each.reached.amount, name) for name in ("tokens", "calls", "steps")},
            "events": each.reached.events,
            "certified": each.bound.model_dump(mode="json")["worst"],
            "exceeded": list(each.exceeded),
        }
        for each in attacks
    ]
