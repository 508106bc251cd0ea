"""`list`: which runs there are, newest first, with their stage and what they have spent."""

import argparse
import json
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from rich.console import Console
from rich.text import Text
from temporalio.client import Client, WorkflowExecution
from temporalio.service import RPCError, RPCStatusCode

from commands.builds import START_IT, waiting_words
from commands.failures import CommandError, Exit
from commands.tables import print_rows
from commands.terms_options import length_of_time
from commands.watching import AWAITING
from connection import TASK_QUEUE, connect
from operations.builds import Build, build_of, builds_at
from operations.lines import console_on, put, safe
from operations.starting import STAGE, TENANT
from operations.wording import compact, dollars, minute, state_of
from workflows.kernel.run import PARKED, SPENT

__all__ = ["STORIES", "list_runs"]

# The server lists open runs first, then by their end; so many are read to be put in order of their start.
READ_AT_MOST = 1_000
COLUMNS = ("workflow id", "state", "stage", "tenant", "spent", "started", "took")
# What schedules start tells no story.
STORIES = "WorkflowType != 'close-leases'"
# What a narrow terminal leaves out first: an id begins with its workflow and its tenant.
SPARE = ("tenant", "took", "started")
STYLES = {"completed": "green", "running": "cyan"}


@dataclass(frozen=True)
class Listed:
    """One run as visibility shows it."""

    workflow_id: str
    run_id: str
    state: str
    stage: str
    tenant: str
    spent: Decimal | None
    """Proven and unknown US dollars; None before the run has entered a second stage."""
    started_at: datetime
    took: timedelta
    """To its end, or to now."""
    build: Build | None = None
    """That it is pinned to."""

    @classmethod
    def of(cls, found: WorkflowExecution) -> "Listed":
        """Read the search attributes."""
        attributes, spent = found.typed_search_attributes, found.typed_search_attributes.get(SPENT)
        return cls(
            workflow_id=found.id,
            run_id=found.run_id,
            state=state_of(found.status),
            stage=attributes.get(STAGE, ""),
            tenant=attributes.get(TENANT, ""),
            # A float only carries it: six decimals are what a price has.
            spent=None if spent is None else Decimal(f"{spent:.6f}"),
            started_at=found.start_time,
            took=(found.close_time or datetime.now(UTC)) - found.start_time,
            build=build_of(found),
        )

    def cells(self) -> tuple[str, ...]:
        """In the order of COLUMNS; what is free has spent nothing worth a column."""
        spent = dollars(self.spent) if self.spent else ""
        started, took = minute(self.started_at), compact(self.took.total_seconds())
        return self.workflow_id, self.state, self.stage, self.tenant, spent, started, took

    def as_json(self) -> dict[str, Any]:
        """For a program."""
        return {
            "workflow_id": self.workflow_id,
            "run_id": self.run_id,
            "state": self.state,
            "stage": self.stage or None,
            "tenant": self.tenant or None,
            "spent_usd": None if self.spent is None else str(self.spent),
            "started_at": self.started_at.isoformat(),
            "took_s": round(self.took.total_seconds(), 3),
            "build": None if self.build is None else self.build.id,
        }


async def list_runs(options: argparse.Namespace, workflows: Sequence[Any]) -> Exit:
    """The latest runs that pass every filter."""
    if options.limit < 1:
        raise CommandError(Exit.BAD_INPUT, f"--limit {options.limit}: at least 1 is shown")
    query = query_of(options, workflows)
    client = await connect()
    most = max(READ_AT_MOST, options.limit)
    found = [Listed.of(each) async for each in client.list_workflows(query, limit=most)]
    shown = sorted(found, key=lambda each: each.started_at, reverse=True)[: options.limit]
    if options.json:
        sys.stdout.write(json.dumps([each.as_json() for each in shown], indent=1) + "\n")
    if not shown:
        nothing = (
            "no run passes these filters"
            if query != STORIES
            else "no run yet; `python starter.py run --help`"
        )
        stages = known_stages(workflows)
        if options.stage is not None and options.stage not in stages:
            nothing += f"; no workflow has a stage {options.stage!r}: known are {', '.join(stages)}"
        put(console_on(sys.stderr, whole_lines=True), (0, nothing, ""))
        return Exit.OK
    if not options.json:
        print_runs(shown, console_on(sys.stdout))
        await say_builds(client, shown)
    total = len(found) if len(found) < most else await counted(client, query)
    if total > len(shown):
        more = f"{len(shown)} of {total} runs; --limit {total} shows all, --since 1d the latest"
        put(console_on(sys.stderr), (0, more, "dim"))
    return Exit.OK


async def say_builds(client: Client, runs: Sequence[Listed]) -> None:
    """Which of the open runs wait for a build that has no worker."""
    pinned = Counter(each.build for each in runs if each.state == "running" and each.build is not None)
    if not pinned:
        return
    working = (await builds_at(client, TASK_QUEUE, count=False)).working
    for build, number in pinned.items():
        if build not in working:
            put(console_on(sys.stderr), (0, f"{waiting_words(build, number)}; {START_IT}", "yellow"))


async def counted(client: Client, query: str) -> int:
    """How many there are; what was read, where the server does not count."""
    try:
        return (await client.count_workflows(query)).count
    except RPCError as error:
        if error.status in (RPCStatusCode.UNIMPLEMENTED, RPCStatusCode.INVALID_ARGUMENT):
            return READ_AT_MOST
        raise


def query_of(options: argparse.Namespace, workflows: Sequence[Any]) -> str:
    """The filters in the server's words. Raises CommandError."""
    return " AND ".join([STORIES, *conditions(options, workflows)])


def conditions(options: argparse.Namespace, workflows: Sequence[Any]) -> Iterator[str]:
    for name, value in ((STAGE.name, options.stage), (TENANT.name, options.tenant)):
        if value is not None:
            if "'" in value:
                raise CommandError(Exit.BAD_INPUT, f"{value!r} holds a quote; no stage or tenant does")
            yield f"{name} = '{value}'"
    if options.state is not None:
        # The server spells it with one l.
        words = options.state.replace("cancelled", "canceled").split("-")
        yield f"ExecutionStatus = '{''.join(word.title() for word in words)}'"
    if options.since is not None:
        since = datetime.now(UTC) - length_of_time(options.since, "--since")
        yield f"StartTime >= '{since.isoformat()}'"
    if options.waiting:
        awaiting = ", ".join(f"'{name}'" for name in known_stages(workflows) if name.startswith(AWAITING))
        asked = f"{STAGE.name} IN ({awaiting}) OR {PARKED.name} IS NOT NULL"
        yield f"ExecutionStatus = 'Running' AND ({asked})"


def known_stages(workflows: Sequence[Any]) -> list[str]:
    return sorted({stage.value for each in workflows for stage in each.plan.stages})


def print_runs(runs: Sequence[Listed], console: Console) -> None:
    rows = []
    for each in runs:
        name, state, *rest = (Text(safe(cell)) for cell in each.cells())
        state.stylize(STYLES.get(each.state, "red"))
        rows.append((name, state, *rest))
    print_rows(console, COLUMNS, rows, spare=SPARE)
