"""`builds` and `promote`: which builds of the code have workers and open runs, and which takes new runs."""

import argparse
import json
import os
import sys
from collections.abc import Iterable
from datetime import timedelta

from rich.text import Text
from temporalio.client import Client

from commands.failures import CommandError, Exit
from commands.tables import print_rows
from connection import TASK_QUEUE, Settings, connect
from operations.builds import Build, BuildError, Builds, build_here, builds_at, make_current
from operations.lines import console_on, put, safe
from operations.wording import counted

__all__ = ["START_IT", "builds", "new_runs_words", "promote", "waiting_words"]

COLUMNS = ("build", "deployment", "new runs", "open runs", "workers")
START_IT = "start `python worker.py` from that code: there `--print-build` says the same"
# A worker that was started just now is known within a second or two.
PATIENCE = timedelta(seconds=15)


async def builds(options: argparse.Namespace) -> Exit:
    """FOUND where open runs, or new ones, wait for a build that has no worker."""
    found = await builds_at(await connect(), TASK_QUEUE)
    if options.json:
        sys.stdout.write(json.dumps(as_json(found), indent=1) + "\n")
    else:
        print_builds(found)
    return Exit.FOUND if found.waited_for or found.new_runs_wait else Exit.OK


def known(found: Builds) -> list[Build]:
    mentioned: Iterable[Build | None] = (found.current, *found.working, *found.open_runs)
    return sorted({each for each in mentioned if each is not None})


def print_builds(found: Builds) -> None:
    console = console_on(sys.stdout)
    if not known(found):
        put(console, (0, "no build: any worker goes on with any run (see `python worker.py --help`)", ""))
        return
    rows = []
    for each in known(found):
        takes = "yes" if each == found.current else ""
        open_runs = str(found.open_runs.get(each, 0))
        workers = ", ".join(sorted(found.working.get(each, ()))) or "none"
        style = "yellow" if workers == "none" and open_runs != "0" else ""
        rows.append(
            (Text(each.id), Text(safe(each.deployment)), Text(takes), Text(open_runs), Text(workers, style))
        )
    print_rows(console, COLUMNS, rows)
    for each in found.waited_for:
        put(console, (0, f"{waiting_words(each, found.open_runs[each])}; {START_IT}", "yellow"))
    if found.new_runs_wait:
        put(console, (0, new_runs_words(found), "yellow"))


def waiting_words(build: Build, runs: int) -> str:
    """Open runs whose build has no worker."""
    return f"{counted(runs, 'open run')} waiting for build {build}, which has no worker"


def new_runs_words(found: Builds) -> str:
    whom = f"build {found.current}" if found.current is not None else "a worker without a build"
    return f"new runs wait for {whom}, and there is none; `python starter.py promote BUILD` names another"


def as_json(found: Builds) -> dict[str, object]:
    rows = [
        {
            "build": each.id,
            "deployment": each.deployment,
            "current": each == found.current,
            "open_runs": found.open_runs.get(each, 0),
            "workers": sorted(found.working.get(each, ())),
        }
        for each in known(found)
    ]
    return {"builds": rows, "new_runs_wait": found.new_runs_wait}


async def promote(options: argparse.Namespace) -> Exit:
    """Give new runs to a build; runs that are open stay where they are."""
    client = await connect()
    build = await meant(client, options)
    try:
        await make_current(client, build, TASK_QUEUE, queues=[TASK_QUEUE], patience=PATIENCE)
    except BuildError as error:
        raise CommandError(
            Exit.FAILED, f"{error}; `python starter.py builds` shows those with workers"
        ) from None
    console = console_on(sys.stdout)
    whom = f"build {build}" if build is not None else "workers without a build"
    put(console, (0, f"new runs go to {whom}; open runs stay with the build that began them", "bold green"))
    return Exit.OK


async def meant(client: Client, options: argparse.Namespace) -> Build | None:
    """This checkout's build, or one that has workers, by the beginning of its id. Raises CommandError."""
    if options.none:
        return None
    found = await builds_at(client, TASK_QUEUE, count=False)
    working = [each for each in known(found) if each in found.working]
    if options.build is not None:
        fits = [each for each in working if each.id.startswith(options.build)]
        if len(fits) == 1:
            return fits[0]
        names = ", ".join(each.id for each in working) or "none"
        raise CommandError(
            Exit.BAD_INPUT, f"{options.build!r} is not one build that has workers; those are: {names}"
        )
    names_here = {each.deployment for each in working} or {Settings.of(os.environ).deployment or ""}
    if len(names_here) != 1 or "" in names_here:
        raise CommandError(
            Exit.BAD_INPUT,
            "no worker of a build polls; first start one: `python worker.py --deployment NAME`",
        )
    return build_here(names_here.pop())
