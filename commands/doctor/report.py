"""All checks in order, and how they are shown."""

import argparse
import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterable, Sequence

from rich.console import Console

from commands.doctor import configuration, machine
from commands.doctor.cluster import cluster
from commands.doctor.findings import Finding, Level, Place, fail
from commands.failures import Exit
from embedded.stack import CHECKOUT, home
from embedded.surroundings import complete
from operations.lines import console_on, put

__all__ = ["CHECKS", "Check", "doctor", "findings_of"]

Check = Callable[[Place], Iterable[Finding]]

CHECKS: Sequence[Check] = (
    machine.python,
    machine.environment,
    machine.clock,
    machine.disk,
    machine.temporal,
    machine.local_model,
    machine.weights,
    machine.ports,
    configuration.models,
    configuration.shop,
    configuration.ledger,
    configuration.payments,
    configuration.mail,
    configuration.documents,
    configuration.large_values,
    configuration.approvers,
    configuration.telemetry,
)

STYLES = {Level.OK: "green", Level.WARN: "yellow", Level.FAIL: "bold red"}


def doctor(options: argparse.Namespace) -> Exit:
    """FAILED when anything fails; a warning is no failure."""
    told = dict(os.environ)
    os.environ.update(complete(told))
    place = Place(env=dict(os.environ), told=told, home=home(), checkout=CHECKOUT, deep=options.deep)
    console = console_on(sys.stdout, whole_lines=True)
    found: list[Finding] = []
    for check in CHECKS:
        found += shown(findings_of(check, place), None if options.json else console)
    found += shown(asyncio.run(cluster(place)), None if options.json else console)
    failed = sum(each.level is Level.FAIL for each in found)
    warned = sum(each.level is Level.WARN for each in found)
    if options.json:
        checks = [
            {"what": each.what, "level": each.level.value, "says": each.says, "mend": each.mend or None}
            for each in found
        ]
        sys.stdout.write(json.dumps({"ok": not failed, "checks": checks}, indent=1) + "\n")
    else:
        words = f"{len(found)} checks: {failed} failed, {warned} warnings"
        put(console, (0, words, STYLES[Level.FAIL if failed else Level.WARN if warned else Level.OK]))
    return Exit.FAILED if failed else Exit.OK


def findings_of(check: Check, place: Place) -> list[Finding]:
    """What a check finds; one that cannot look is a failure and does not keep the others from looking."""
    try:
        return list(check(place))
    except (OSError, ValueError, subprocess.SubprocessError) as error:
        return [fail(check.__name__.replace("_", " "), f"cannot be checked: {error}")]


def shown(found: list[Finding], console: Console | None) -> list[Finding]:
    """Each in a line as soon as it is known."""
    if console is None:
        return found
    for each in found:
        words = f"{each.what}: {each.says}" + (f"; {each.mend}" if each.mend else "")
        put(console, (0, words, STYLES[each.level]), head=f"{each.level.value:<5} ")
    return found
