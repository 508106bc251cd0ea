"""The state of one run: one object, from which status, ledger and trail are read."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any

from temporalio import workflow
from temporalio.common import SearchAttributeKey, SearchAttributeUpdate

from contracts.happenings import DecisionMade, StageEntered, Wait, WaitBegun, WaitEnded
from contracts.receipts import DecisionLine, Ending, LeaseLine, Status, StepLine, Waiting
from contracts.sheet import Sheet
from contracts.terms import Terms
from contracts.values import plain
from workflows.kernel.decisions import Decision, Facts, Outcome, Table
from workflows.kernel.endings import Cancelled, DeadlineReached
from workflows.kernel.ledger import Ledger
from workflows.kernel.plan import Plan
from workflows.kernel.telling import Teller
from workflows.kernel.trail import Trail

__all__ = ["PARKED", "SPENT", "STAGE", "Run"]

STAGE = SearchAttributeKey.for_keyword("TenutoStage")
PARKED = SearchAttributeKey.for_keyword("TenutoParked")
"""Of a run that waits for a repair, the step and its fault: `send_reply timed_out`. What has the same words
has, as a rule, the same cause."""
SPENT = SearchAttributeKey.for_float("TenutoSpentUsd")
"""Proven and unknown US dollars, for lists and alerts; a float, so never for accounts."""


class Run:
    """Opened once, when its sheet is known."""

    def __init__(self, plan: Plan, terms: Terms, sheet: Sheet) -> None:
        self.plan = plan
        self.terms = terms
        self.sheet = sheet
        self.ledger = Ledger(terms.cap, sheet.escrow.amount)
        self.trail = Trail()
        self.tell = Teller(terms)
        self.started_at = workflow.info().workflow_start_time
        self.opened_at = max(self.started_at, sheet.resolved_at)
        self.deadline_at = self.started_at + terms.deadline
        self.now = self.opened_at
        self.closing: Ending | None = None
        self.leaving = False
        self.stage: StrEnum = next(iter(plan.stages))
        self.steps: list[StepLine] = []
        self.occurred: Counter[str] = Counter()
        """How often each step was begun."""
        self.gathered: Counter[str] = Counter()
        """How often each task was gathered."""
        self.asked: Counter[str] = Counter()
        """How often a person was asked about each effect."""
        self.decisions: list[DecisionLine] = []
        self.waits: list[Waiting] = []
        self.ending: Ending | None = None
        self.lease: LeaseLine | None = None
        self.notices: list[str] = []
        self._shown: tuple[StrEnum, Decimal, str | None] = (self.stage, Decimal(0), None)

    @property
    def leaves_at(self) -> datetime:
        """When the story must have ended: the deadline, less the time kept for the way out."""
        return self.deadline_at - self.sheet.escrow.time

    @property
    def story_time(self) -> timedelta:
        """How long the story may take from when the run was opened. From recorded numbers alone."""
        return max(timedelta(0), self.leaves_at - self.opened_at)

    def tick(self) -> None:
        """Read the clock for people to see, never to decide.

        In replay `workflow.now()` may differ from what it was: when a local activity spans two workflow
        tasks, the server's replay takes them for one. So nothing that the run does depends on it.
        """
        self.now = workflow.now()  # noqa: TID251 - the one place

    @property
    def must_leave(self) -> bool:
        """Whether the story has to end: cancelled, or out of time. The way out is never told to."""
        return not self.leaving and (self.closing is not None or workflow.cancellation_reason() is not None)

    def check_open(self) -> None:
        """Raise when nothing more may be begun."""
        if self.must_leave:
            raise DeadlineReached(self.closing.reason) if self.closing is not None else Cancelled()

    def enter(self, stage: StrEnum) -> None:
        """Change the stage along a declared transition."""
        self.plan.check_transition(self.stage, stage)
        self.stage = stage
        self.trail.add({"stage": stage.value})
        self.tell(lambda: StageEntered(stage=stage.value))

    @property
    def spent_usd(self) -> Decimal:
        """What is proven, and the worst case of what nobody can say."""
        return self.ledger.settled.usd + self.ledger.unknown.usd

    def show(self) -> None:
        """Leave details, stage and spend where operators look.

        Called before anything that takes time and at the end. A stage that passes within one workflow task
        is seen by nobody, so it costs no event; the trail has it.
        """
        self.describe()
        stage, usd, parked = self._shown
        parks = next(
            (f"{wait.details['step']} {wait.details['fault']}" for wait in self.waits if wait.parked), None
        )
        changes: list[SearchAttributeUpdate[Any]] = []
        if self.stage is not stage:
            changes.append(STAGE.value_set(self.stage.value))
        if self.spent_usd != usd:
            changes.append(SPENT.value_set(float(self.spent_usd)))
        if parks != parked:
            changes.append(PARKED.value_unset() if parks is None else PARKED.value_set(parks))
        if changes:
            self._shown = (self.stage, self.spent_usd, parks)
            workflow.upsert_search_attributes(changes)

    def decide(self, table: Table[Facts, Outcome], facts: Facts) -> Decision[Outcome]:
        """Decide by table, and record it."""
        decision = table.decide(facts, self.sheet.thresholds)
        self.trail.add(decision.entry())
        self.decisions.append(
            DecisionLine(
                table=decision.table,
                version=decision.version,
                because=decision.because,
                outcome=decision.outcome.value,
            )
        )
        self.tell(
            lambda: DecisionMade(
                table=decision.table,
                version=decision.version,
                row=decision.row,
                because=decision.because,
                outcome=decision.outcome.value,
            )
        )
        return decision

    def begin_step(self, name: str, why: str) -> int:
        """Count a step against the cap and return its index."""
        self.check_open()
        self.occurred[name] += 1
        self.plan.check_steps(self.occurred)
        self.ledger.count_step(name)
        self.steps.append(
            StepLine(
                number=len(self.steps) + 1,
                name=name,
                why=why,
                state="running",
                attempts=0,
                since=self.now,
            )
        )
        return len(self.steps) - 1

    def mark(self, step: int, **changes: Any) -> None:
        """Change a step's line."""
        self.steps[step] = self.steps[step].model_copy(update={**changes, "since": self.now})

    @contextmanager
    def waiting(self, waiting: Waiting) -> Iterator[None]:
        """Show what the run waits for while it does."""
        self.waits.append(waiting)
        self.show()
        what = kind_of(waiting)
        self.tell(lambda: WaitBegun(what=what, until=waiting.until))
        try:
            yield
        finally:
            self.waits.remove(waiting)
            self.tell(lambda: WaitEnded(what=what))

    def describe(self) -> None:
        """Tell an operator in the Temporal UI, as a short list."""
        lines = [f"- stage: **{self.stage.value}**"]
        alike = Counter((step.state, step.name, step.why) for step in self.steps if step.state != "done")
        lines += [
            f"- {state}: {f'{number} of ' if number > 1 else ''}{name}, because {why}"
            for (state, name, why), number in alike.items()
        ]
        lines += [
            f"- waits for {wait.what} until {wait.until:%Y-%m-%d %H:%M:%SZ}, else {wait.otherwise}"
            for wait in self.waits
        ]
        lines += [
            f"- decided {line.table}: {line.outcome}, because {line.because}"
            for line in self.decisions
            if line.table in {table.name for table in self.plan.tables}
        ]
        ledger = self.ledger
        lines.append(
            f"- US dollars: {plain(ledger.settled.usd)} proven, {plain(ledger.unknown.usd)} unknown, "
            f"at most {plain(ledger.cap.usd)}"
        )
        workflow.set_current_details("\n".join(lines))

    def status(self) -> Status:
        """Everything a person asks for."""
        info = workflow.info()
        return Status(
            workflow=info.workflow_type,
            stage=self.stage.value,
            tenant=self.terms.tenant,
            requested_by=self.terms.requested_by,
            profile=self.terms.profile,
            started_at=self.started_at,
            deadline_at=self.deadline_at,
            cap=self.ledger.cap,
            escrow=self.ledger.escrow,
            balance=self.ledger.balance(),
            free=self.ledger.free,
            lease=self.lease,
            steps=self.steps,
            attempts=self.ledger.lines,
            decisions=self.decisions,
            waiting=self.waits,
            ending=self.ending,
            notices=self.notices,
        )


def kind_of(waiting: Waiting) -> Wait:
    if waiting.parked is not None:
        return Wait.REPAIR
    return Wait.APPROVAL if waiting.action is not None else Wait.RETRY
