"""What would the current code have done? One recorded run, driven again, and where its path parts.

The history is replayed first, for what only a replay can tell: what people were asked, and with what the
reads were made. Then the code is driven from its first task on, with the recording's answers.
"""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import StrEnum
from typing import Any

from temporalio.client import WorkflowHistory

from contracts.receipts import Balance
from contracts.sheet import Sheet
from operations.driving import Driven, drive
from operations.histories import HistoryError, decided, links, workflow_type
from operations.new_sheets import Changes, new_sheet
from operations.parting_reasons import decision_reasons
from operations.paths import (
    Mark,
    driven_entries,
    driven_names,
    path_of,
    recorded_entries,
    recorded_names,
)
from operations.real_calls import Made, RealCalls
from operations.recomputing import Recomputed, recompute
from operations.recorded_people import People
from operations.recordings import Recording
from operations.serving import CodeFails, Served
from workflows.kernel.trail import json_digest

__all__ = ["Backtested", "Parting", "Verdict", "backtest"]


class Verdict(StrEnum):
    """What came of one run."""

    SAME_PATH = "same path"
    OTHER_PATH = "other path"
    NOT_ANSWERABLE = "not answerable"


@dataclass(frozen=True)
class Parting:
    """Where two paths part, and why."""

    step: int
    """How many marks both have."""
    then: Mark | None
    """What the recorded run did; None when it had ended."""
    now: Mark | None
    """What the code does; None when it ends here."""
    reasons: tuple[str, ...] = ()
    """For a decision: the rows of both, with the values put in."""


@dataclass(frozen=True)
class Backtested:
    """What the current code would have done with one recorded run."""

    workflow_id: str
    run_id: str
    verdict: Verdict
    parting: Parting | None = None
    missing: str | None = None
    """What the recording cannot answer: why it is not answerable, or how far another path is known."""
    open: bool = False
    """It had not come to an end of its own when it was recorded."""
    then_usd: Decimal = Decimal(0)
    """Proven and unknown US dollars of the recorded run."""
    routes: tuple[str, ...] = ()
    """Along which it could have gone, as recorded or as another profile has them."""
    calls: tuple[Made, ...] = ()
    """The real ones that were made for it."""
    now_usd: Decimal | None = None
    """The same for the current code; None when its end is not known."""

    @property
    def difference(self) -> Decimal | None:
        """US dollars more than recorded; None when nobody can say."""
        return None if self.now_usd is None else self.now_usd - self.then_usd


async def backtest(
    history: WorkflowHistory,
    workflows: Sequence[Any],
    changes: Changes | None = None,
    *,
    assume_same_replies: bool = False,
    real: RealCalls | None = None,
) -> Backtested:
    """Backtest one history. It is never changed, and nothing is sent to anybody but a model, by `real`."""
    run_id = history.events[0].workflow_execution_started_event_attributes.original_execution_run_id
    plans = {each.plan.name: each.plan for each in workflows}
    try:
        past = decided(history)
        recording, entries = Recording(past), recorded_entries(past)
        plan = plans[workflow_type(past)]
    except HistoryError as error:
        return Backtested(history.workflow_id, run_id, Verdict.NOT_ANSWERABLE, missing=str(error))
    except KeyError as unknown:
        missing = f"no workflow {unknown} is registered"
        return Backtested(history.workflow_id, run_id, Verdict.NOT_ANSWERABLE, missing=missing)
    replayed = await recompute(past, workflows)
    if replayed.first is None or replayed.again is None:
        missing = f"the code cannot begin it: {replayed.failure}"
        return Backtested(history.workflow_id, run_id, Verdict.NOT_ANSWERABLE, missing=missing)
    sheet = new_sheet(recording.sheet, recording.terms, plan, changes or Changes())
    if not recording.has_ended:
        # What an open run has decided since its last attempt is in its state alone.
        entries += replayed.pending
    served = Served(recording, sheet, reads_of(replayed), assume_same_replies=assume_same_replies, real=real)
    before = len(real.made) if real is not None else 0
    people = People(recording, entries, replayed.asked.values())
    # An instance is made on an event loop, and takes over whatever thread it is activated on.
    driven = await asyncio.to_thread(drive, replayed.again(), replayed.first, recording, served, people)
    balances = [link.balance for _, link in links(past)]
    compared = Comparison(recording, entries, driven, sheet, plan)
    outcome = compared.outcome(run_id, balances[-1] if balances else Balance())
    return outcome if real is None else replace(outcome, calls=tuple(real.made[before:]))


def reads_of(replayed: Recomputed) -> list[tuple[str, str]]:
    """Step and request's digest of every local activity that the code began."""
    scheduled = [
        command.schedule_local_activity
        for command in replayed.commands
        if command.HasField("schedule_local_activity")
    ]
    return [(each.activity_type, json_digest(*each.arguments)) for each in scheduled]


class Comparison:
    """A recorded run beside what the code did."""

    def __init__(
        self,
        recording: Recording,
        entries: Sequence[dict[str, Any]],
        driven: Driven,
        sheet: Sheet,
        plan: Any,
    ) -> None:
        self._recording = recording
        self._driven = driven
        self._sheet = sheet
        self._tables = {table.name: table for table in plan.tables}
        self._then = path_of(entries, recorded_names(recording))
        told = [*driven_entries(driven.commands), *driven.pending]
        self._now = path_of(told, driven_names(driven.commands))

    def outcome(self, run_id: str, balance: Balance) -> Backtested:
        """The verdict."""
        driven, parting = self._driven, self._parting()
        lacks = driven.stopped is not None and not self._came_as_far()
        missing = str(driven.stopped) if lacks else None
        verdict = Verdict.SAME_PATH
        if parting is not None:
            verdict = Verdict.OTHER_PATH
        elif missing is not None:
            verdict = Verdict.NOT_ANSWERABLE
        ended = driven.ended and driven.status is not None
        return Backtested(
            self._recording.history.workflow_id,
            run_id,
            verdict,
            parting,
            missing,
            open=not self._recording.has_ended,
            then_usd=spent(balance),
            routes=tuple(route.name for route in self._sheet.routes),
            now_usd=spent(driven.status.balance) if ended and driven.status is not None else None,
        )

    def _came_as_far(self) -> bool:
        """Whether nothing is missing but what an open run has yet to do."""
        if isinstance(self._driven.stopped, CodeFails):
            return False
        known = [mark.same for mark in self._now[: len(self._then)]]
        return not self._recording.has_ended and known == [mark.same for mark in self._then]

    def _parting(self) -> Parting | None:
        """The first place where one path is not the other; None where what is known of them is the same."""
        for step, (then, now) in enumerate(zip(self._then, self._now, strict=False)):
            if then.same != now.same:
                return Parting(step, then, now, tuple(self._reasons(then, now)))
        shared = min(len(self._then), len(self._now))
        then_next = self._then[shared] if shared < len(self._then) else None
        now_next = self._now[shared] if shared < len(self._now) else self._unanswered()
        if then_next is None and (not self._recording.has_ended or now_next is None):
            return None  # the recording is of an open run, or both have ended
        if now_next is None and not self._driven.ended:
            return None
        if then_next is not None and now_next is not None and then_next.same[:2] == now_next.same[:2]:
            return None  # the same, but the recording cannot answer it
        return Parting(shared, then_next, now_next)

    def _unanswered(self) -> Mark | None:
        """What the code was about to do when the recording had no answer."""
        stopped = self._driven.stopped
        if stopped is None or isinstance(stopped, CodeFails):
            return None
        return Mark(stopped.kind, stopped.step)

    def _reasons(self, then: Mark, now: Mark) -> Iterator[str]:
        if then.kind == now.kind == "decides" and then.name == now.name:
            yield from decision_reasons(
                self._tables.get(then.name),
                (then.entry or {}, self._recording.sheet.thresholds),
                (now.entry or {}, self._sheet.thresholds),
            )


def spent(balance: Balance) -> Decimal:
    return balance.settled.usd + balance.unknown.usd
