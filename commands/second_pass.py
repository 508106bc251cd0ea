"""The same samples once more: every run is there already, so no model is asked and nothing is written."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from commands.demo_play import Course
from connection import TASK_QUEUE
from contracts.terms import Terms
from operations.histories import fetch
from operations.matching import requests_in
from operations.starting import start
from operations.story import story

__all__ = ["SecondPass", "once_more"]


@dataclass(frozen=True)
class SecondPass:
    """What came of starting them again."""

    asked: int
    from_completed_work: int
    joined: int
    """Runs that were still under way."""
    model_requests: int
    """By the journal of the model's server; without one, by the ledgers of the runs."""
    new_rows: int = 0
    """Versions that were written meanwhile."""

    def with_rows(self, new_rows: int) -> "SecondPass":
        """So many were written."""
        return replace(self, new_rows=new_rows)

    @property
    def problems(self) -> Iterator[str]:
        """A line for each thing that must not be."""
        if anew := self.asked - self.from_completed_work - self.joined:
            yield f"the same documents again began {anew} runs anew"
        if self.model_requests:
            yield f"the same documents again took {self.model_requests} model requests"
        if self.new_rows:
            yield f"the same documents again wrote {self.new_rows} rows"


async def once_more(course: Course[Any], workflow: Any, journal: Path | None, terms: Terms) -> SecondPass:
    """Start what has begun before; but for runs that failed, which one may start again."""
    before = await requests_made(course, journal)
    asked, completed, joined = 0, 0, 0
    for run in course.runs:
        if run.over and run.state != "completed":
            continue
        asked += 1
        argument = course.parts[run.workflow_id].argument
        started = await start(course.client, workflow, argument, terms, task_queue=TASK_QUEUE)
        if started.joined:
            completed, joined = completed + (not started.goes_on), joined + started.goes_on
    made = await requests_made(course, journal) - before
    return SecondPass(asked, completed, joined, made)


async def requests_made(course: Course[Any], journal: Path | None) -> int:
    if journal is not None:
        return len(requests_in(journal))
    latest = [story(await fetch(course.client, each.workflow_id)) for each in course.runs]
    return sum(told.totals.model_attempts for told in latest)
