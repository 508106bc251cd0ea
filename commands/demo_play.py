"""The demo's course: start the runs, kill the worker in the middle of a model's answer, answer what waits."""

import asyncio
import os
import signal
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

from temporalio.api.enums.v1 import PendingActivityState
from temporalio.client import Client
from temporalio.service import RPCError

from activities.approvers import signed_answer
from commands.answering import question_in
from commands.failures import CommandError
from commands.sources import status_by_query
from commands.watching import Board, Watched, watch
from connection import TASK_QUEUE
from contracts.approvals import Verdict
from contracts.terms import Terms
from contracts.values import Value
from embedded.stack import Service, ServiceError
from operations.answering import NotAnswered, send_answer
from operations.starting import start
from workflows.resolve_ticket import Stage

__all__ = ["Course", "Part", "patience_for", "play"]

POLL_S = 0.3
# An attempt that ran for so long is in the middle of its prompt or answer.
DEEP_IN_S = 1.5
# Three times what a ticket takes on two cores, for each; a demo that hangs must end. Whoever gives a route
# a larger timeout has a slower machine, so a ticket has at least as long.
PATIENCE_S, PATIENCE_EACH_S = 60.0, 120.0


class Part(Protocol):
    """What a run is started with, and what is right about it."""

    @property
    def label(self) -> str:
        """What a person calls it."""

    @property
    def argument(self) -> Value:
        """The workflow's own."""

    def answered(self, request: Mapping[str, Any]) -> tuple[Verdict, str]:
        """What a careful person says to this request of its run, and in words what it is."""


P = TypeVar("P", bound=Part)


@dataclass
class Course(Generic[P]):
    """What the demo does to its runs, and what it noted."""

    client: Client
    worker: Service
    key: Path
    """The demo's own approver."""
    board: Board
    runs: list[Watched] = field(default_factory=list)
    parts: dict[str, P] = field(default_factory=dict)
    """By workflow id."""
    killed_during: str | None = None
    """The attempt that was in flight when the worker was killed."""
    answered: set[str] = field(default_factory=set)
    each_s: float = PATIENCE_EACH_S
    """How long a ticket may take, all of them one after the other."""


def patience_for(timeouts: Iterable[timedelta]) -> float:
    """Seconds for one ticket, by the timeouts of the routes that it may take."""
    return max([PATIENCE_EACH_S, *(each.total_seconds() for each in timeouts)])


async def play(
    course: Course[P], workflow: Any, parts: Sequence[P], terms: Terms, *, kill: bool = True
) -> None:
    """Return when every run has ended; TimeoutError when they do not, ServiceError without a worker."""
    for each in parts:
        started = await start(course.client, workflow, each.argument, terms, task_queue=TASK_QUEUE)
        run = Watched(each.label, started.workflow_id, started.run_id)
        course.runs.append(run)
        course.parts[run.workflow_id] = each
    tasks = [
        asyncio.create_task(each)
        for each in (
            watch(course.client, course.runs, course.board),
            kill_once(course) if kill else outlive(course.worker),
            answer_all(course),
        )
    ]
    try:
        async with asyncio.timeout(PATIENCE_S + course.each_s * len(parts)):
            await first_failure_or(tasks[0], tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def first_failure_or(goal: asyncio.Task[None], tasks: Sequence[asyncio.Task[None]]) -> None:
    """Return when the goal is reached; raise what any of the tasks raises before that."""
    pending = set(tasks)
    while not goal.done():
        done, pending = await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    goal.result()


async def kill_once(course: Course[Any]) -> None:
    """Wait until a model is really at work and the first run has moved on, then kill and restart."""
    first_moves = len(course.runs) == 1
    while True:
        await asyncio.sleep(POLL_S)
        first_moves = first_moves or any(run.stage not in ("starting", Stage.READING) for run in course.runs)
        attempt = await in_flight(course) if first_moves else None
        state = course.worker.running()
        if attempt is not None and state is not None:
            break
    os.killpg(state.pid, signal.SIGKILL)
    course.killed_during = attempt
    course.board.say(f"killed the worker (SIGKILL) while the model answered attempt {attempt}", "bold red")
    await gone(course.worker)  # a killed process takes a moment
    await asyncio.to_thread(course.worker.ensure)
    course.board.say("started the worker again: the runs go on where they were", "bold green")
    await outlive(course.worker)


async def outlive(worker: Service) -> None:
    """Raise ServiceError when the worker ends: nothing goes on without it."""
    await gone(worker)
    raise ServiceError(f"the worker ended; its log is {worker.log}")


async def gone(service: Service) -> None:
    """Return when its process has ended."""
    while service.running() is not None:  # noqa: ASYNC110 (another process sets no event here)
        await asyncio.sleep(POLL_S / 3)


async def in_flight(course: Course[Any]) -> str | None:
    """A model attempt that has been running for a while, as the server knows it."""
    for run in course.runs:
        if run.over:
            continue
        handle = course.client.get_workflow_handle(run.workflow_id)
        described = await handle.describe()
        for pending in described.raw_description.pending_activities:
            began = pending.last_started_time.ToDatetime(UTC)
            deep_in = (datetime.now(UTC) - began).total_seconds() > DEEP_IN_S
            of_a_model = pending.activity_type.name in ("read_ticket", "draft_reply")
            started = pending.state == PendingActivityState.PENDING_ACTIVITY_STATE_STARTED
            if started and of_a_model and deep_in:
                return str(pending.activity_id)
    return None


async def answer_all(course: Course[Any]) -> None:
    """Be the person who is asked: approve what is right, deny what is not, visibly."""
    while True:
        await asyncio.sleep(POLL_S)
        for run in course.runs:
            if run.asks and not run.over and run.workflow_id not in course.answered:
                try:
                    await answer(course, run)
                except (CommandError, NotAnswered, RPCError):
                    continue  # the worker is being restarted, or a step is parked; asked again in a moment


async def answer(course: Course[Any], run: Watched) -> None:
    waiting = question_in(await status_by_query(course.client, run.workflow_id), run.workflow_id)
    verdict, what = course.parts[run.workflow_id].answered(waiting.details["request"])
    signed = signed_answer(course.key, action=waiting.action or "", verdict=verdict)
    by = await send_answer(course.client, run.workflow_id, signed)
    course.answered.add(run.workflow_id)
    said = "approved" if verdict is Verdict.APPROVE else "denied"
    course.board.say(f"{by} {said} {what} for {run.label}, signed", "bold magenta")
