"""The changes, each with the recorded run that meets it and what either gate has to say."""

from dataclasses import dataclass

from operations.divergences import CONTENT, NEW_VERSION, OUT_OF_ORDER, RAISED, ROWS, STAGES, TIMER, WORDS
from tests.checkouts import Edit

__all__ = ["CHANGES", "Change", "Expected"]


@dataclass(frozen=True)
class Expected:
    """A divergence."""

    event: str
    """The kind of the event that it names."""
    says: str
    """What stands in its words."""
    line: str
    """What stands at the line that it names, or on the two after it."""
    advice: str


@dataclass(frozen=True)
class Change:
    """Edits that somebody might make, and what a recorded run says to them."""

    name: str
    history: str
    edits: tuple[Edit, ...]
    commands: Expected | None = None
    """Temporal's gate; None when it lets the change pass."""
    content: Expected | None = None
    """Ours, before the other has stopped."""
    until: str = ""
    """The kind of event before which the run is still open; empty for the whole run."""


WORKFLOW = "workflows/resolve_ticket.py"
TABLE = "workflows/tickets/remedies.py"
TASKS = "contracts/tickets.py"
ISSUE = 'await self.case.step(issue_refund, self.refund, why="the remedy is a refund")\n'
THEN_ANSWER = "        return await self.answer(Path.REFUNDED, reading, order)\n"
ACTIVITY, TIMER_STARTED = "ActivityTaskScheduled", "TimerStarted"
ATTRIBUTES = "UpsertWorkflowSearchAttributes"

CHANGES = (
    Change(
        "two steps in another order",
        "refunded-at-once",
        (
            Edit(
                WORKFLOW,
                ISSUE + THEN_ANSWER,
                "told = await self.answer(Path.REFUNDED, reading, order)\n        "
                + ISSUE
                + "        return told\n",
            ),
        ),
        commands=Expected(
            ACTIVITY, "schedule_activity draft_reply", "draft = await self.case.step(", OUT_OF_ORDER
        ),
        content=Expected(
            ATTRIBUTES, "refunding; the code makes it replying", "draft = await self.case.step(", STAGES
        ),
    ),
    Change(
        "a step less",
        "refunded-at-once",
        (Edit(WORKFLOW, ISSUE, "\n"),),
        commands=Expected(
            ACTIVITY, "schedule_activity draft_reply", "draft = await self.case.step(", OUT_OF_ORDER
        ),
        content=Expected(ATTRIBUTES, "TenutoStage", "draft = await self.case.step(", STAGES),
    ),
    Change(
        "a sleep more",
        "refunded-at-once",
        (Edit(WORKFLOW, ISSUE, "await workflow.sleep(60)\n        " + ISSUE),),
        commands=Expected(ATTRIBUTES, "start_timer of 60s", "await workflow.sleep(60)", OUT_OF_ORDER),
    ),
    Change(
        "a longer wait",
        "refunded-after-approval",
        (Edit(WORKFLOW, "hours=float(self.case", "hours=2 * float(self.case"),),
        content=Expected(
            TIMER_STARTED, "86400s; the code makes it 172800s", "await self.case.approval(", TIMER
        ),
    ),
    Change(
        "an activity with another name",
        "refunded-at-once",
        (Edit(TASKS, 'name="draft_reply"', 'name="word_reply"'),),
        commands=Expected(ACTIVITY, "the code raises: 'word_reply'", "return await self.case.run(", RAISED),
    ),
    Change(
        "another branch",
        "replied-too-late",
        (Edit(WORKFLOW, "self.answer(Path.TOO_LATE, reading, order)", 'self.hand_over("too late")'),),
        commands=Expected(ACTIVITY, "schedule_activity hand_to_desk", "await self.case.step(", OUT_OF_ORDER),
        content=Expected(ATTRIBUTES, "handing_over", "await self.case.step(", STAGES),
    ),
    Change(
        "another branch with the same commands",
        "replied-too-late",
        (Edit(WORKFLOW, "self.answer(Path.TOO_LATE,", "self.answer(Path.ALREADY_REFUNDED,"),),
        content=Expected(
            ACTIVITY,
            "input[0].remedy is recorded as too_late; the code makes it already_refunded",
            "draft = await self.case.step(",
            CONTENT,
        ),
    ),
    Change(
        "the server may retry an attempt",
        "refunded-at-once",
        (
            Edit(
                "workflows/kernel/scheduling.py",
                "RetryPolicy(maximum_attempts=1)",
                "RetryPolicy(maximum_attempts=3)",
            ),
        ),
        content=Expected(
            ACTIVITY, "maximum_attempts is recorded as 1; the code makes it 3", "reading = await", CONTENT
        ),
    ),
    Change(
        "a step has more attempts",
        "refunded-in-spite-of-faults",
        (Edit(TASKS, "attempts=4, heartbeat", "attempts=6, heartbeat"),),
    ),
    Change(
        "a stage with another name",
        "replied-too-late",
        (Edit(WORKFLOW, 'REPLYING = "replying"', 'REPLYING = "answering"'),),
        content=Expected(
            ATTRIBUTES, "replying; the code makes it answering", "draft = await self.case.step(", STAGES
        ),
    ),
    Change(
        "a new row in a table",
        "refunded-at-once",
        (
            Edit(
                TABLE,
                '        Row("it was refunded before"',
                '        Row("nobody refunds so much", Remedy.HAND_OVER, facts.total > Decimal(9_000)),\n'
                '        Row("it was refunded before"',
            ),
        ),
        content=Expected(
            ACTIVITY,
            "decision remedy v1 row 8 (refund); the code makes it decision remedy v1 row 9 (refund)",
            "self.case.step(issue_refund",
            ROWS,
        ),
    ),
    Change(
        "a table with a new version",
        "refunded-at-once",
        (Edit(TABLE, '    name="remedy",\n    version=1,', '    name="remedy",\n    version=2,'),),
        content=Expected(
            ACTIVITY, "the code makes it decision remedy v2 row 8", "self.case.step(issue_refund", NEW_VERSION
        ),
    ),
    Change(
        "a larger reply while a run is parked",
        "parked-and-repaired",
        (Edit(TASKS, "max_output_tokens=256", "max_output_tokens=512"),),
        until="WorkflowExecutionUpdateAccepted",
    ),
    Change(
        "another prompt",
        "refunded-at-once",
        (Edit("activities/prompts/draft_reply.py", "at most six sentences", "at most three sentences"),),
    ),
    Change(
        "other words for why a step is made",
        "refunded-at-once",
        (Edit(WORKFLOW, 'why="the reply is written"', 'why="the customer waits"'),),
        content=Expected(ACTIVITY, 'the code makes it "because the customer waits', "case.step(", WORDS),
    ),
    Change(
        "a refactoring",
        "refunded-at-once",
        (
            Edit(WORKFLOW, "self.refund.amount if self.refund else None", "paid_by(self.refund)"),
            Edit(
                WORKFLOW,
                "@workflow.defn(name=PLAN.name)\n",
                "def paid_by(refund: IssueRefund | None) -> Decimal | None:\n"
                "    return refund.amount if refund else None\n\n\n@workflow.defn(name=PLAN.name)\n",
            ),
        ),
    ),
)
