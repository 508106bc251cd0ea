"""`why-not`: what would have had to be otherwise for a recorded decision to be another one."""

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any

from commands.failures import CommandError, Exit
from commands.sources import history_of
from operations.decision_rows import decided_again, difference, tables_of
from operations.lines import console_on, put
from operations.story import Story, story
from operations.story_items import Decided
from operations.why_not import why_not as ways_to
from operations.why_not_lines import answer_json, answer_lines
from workflows.kernel.decisions import Table

__all__ = ["why_not"]

Tables = Mapping[str, Table[Any, Any]]


async def why_not(options: argparse.Namespace, workflows: Sequence[Any]) -> Exit:
    """Every single change that flips the decision, the smallest first; or that none does."""
    tables = tables_of(list(workflows))
    told = story((await history_of(options.run)).history)
    meant = tables_meant(options.table, options.outcome, tables, told)
    item = decision_meant(told, meant, options.event)
    table = tables[item.table]
    decision = decided_again(item, told.thresholds, table)
    if decision is None:
        words = f"{item.table} v{item.version} cannot be asked again: the current code "
        raise CommandError(Exit.FOUND, words + difference(item, table))
    wanted = outcomes_of(table)[options.outcome]
    same = decision.outcome is wanted
    ways = () if same else ways_to(table, decision.facts, told.thresholds, wanted)
    if options.json:
        sys.stdout.write(json.dumps(answer_json(item, table, wanted, ways), indent=1) + "\n")
        return Exit.OK
    console = console_on(sys.stdout)
    for line in answer_lines(item, table, told.thresholds, wanted, ways):
        put(console, line)
    others = [str(each.event) for each in decisions_of(told, [item.table]) if each.event != item.event]
    if others:
        put(console, (0, f"{item.table} also decided at {', '.join(others)}: --event N asks there", "dim"))
    return Exit.OK


def tables_meant(name: str | None, outcome: str, tables: Tables, told: Story) -> list[str]:
    """Those that have the outcome, or the one that was named. Raises CommandError where none has it."""
    if name is not None and name not in tables:
        raise CommandError(Exit.BAD_INPUT, f"no table {name!r}; known: {', '.join(tables)}")
    asked = tables if name is None else {name: tables[name]}
    meant = [each for each, table in asked.items() if outcome in outcomes_of(table)]
    if not meant:
        deciding = {item.table for item in decisions_of(told, list(asked))} or asked.keys()
        known = "; ".join(
            f"{each}: {', '.join(outcomes_of(table))}" for each, table in asked.items() if each in deciding
        )
        raise CommandError(Exit.BAD_INPUT, f"no outcome {outcome!r}; known of {known}")
    return meant


def outcomes_of(table: Table[Any, Any]) -> dict[str, StrEnum]:
    return {each.value: each for each in type(table.rows[-1].outcome)}


def decisions_of(told: Story, tables: Sequence[str]) -> list[Decided]:
    return [item for item in told.items if isinstance(item, Decided) and item.table in tables]


def decision_meant(told: Story, tables: Sequence[str], event: int | None) -> Decided:
    """The last of the run by one of these tables, or the one at that event. Raises CommandError."""
    made = decisions_of(told, tables)
    if not made:
        who = " or ".join(tables)
        raise CommandError(Exit.BAD_INPUT, f"{told.workflow_id}: {who} has decided nothing in this run")
    deciding = list(dict.fromkeys(item.table for item in made))
    if len(deciding) > 1:
        raise CommandError(
            Exit.BAD_INPUT, f"several tables have this outcome; name one: {', '.join(deciding)}"
        )
    found = [item for item in made if event in (None, item.event)]
    if not found:
        known = ", ".join(str(item.event) for item in made)
        raise CommandError(
            Exit.BAD_INPUT, f"{deciding[0]} decided nothing at event {event}; it did at {known}"
        )
    return found[-1]
