"""The ways in which a story ends early. Workflow code raises nothing else: any other exception would
retry the workflow task for ever."""

from temporalio.exceptions import ApplicationError

from contracts.attempts import Failure, Fault
from contracts.receipts import Ending, EndingKind

__all__ = ["BudgetSpent", "Cancelled", "DeadlineReached", "LeaseDenied", "StepFailed", "StoryEnded"]


class StoryEnded(ApplicationError):
    """The story cannot go on; the workflow's way out is next."""

    def __init__(self, ending: Ending) -> None:
        super().__init__(ending.reason, ending, type=ending.kind.value, non_retryable=True)
        self.ending = ending


class StepFailed(StoryEnded):
    """A step finally failed. A workflow may catch it where it has another way."""

    def __init__(self, step: str, failure: Failure, because: str) -> None:
        super().__init__(
            Ending(
                kind=EndingKind.STEP_FAILED,
                reason=f"{step} failed ({failure.fault.value}): {failure.reason}; {because}"[:1_000],
                step=step,
                fault=failure.fault,
            )
        )
        self.fault: Fault = failure.fault


class BudgetSpent(StoryEnded):
    """The worst case of the next attempt does not fit into what is free."""

    def __init__(self, reason: str) -> None:
        super().__init__(Ending(kind=EndingKind.BUDGET_SPENT, reason=reason))


class DeadlineReached(StoryEnded):
    """What is left before the deadline is kept for the way out."""

    def __init__(self, reason: str) -> None:
        super().__init__(Ending(kind=EndingKind.DEADLINE_REACHED, reason=reason))


class Cancelled(StoryEnded):
    """Somebody cancelled the run."""

    def __init__(self) -> None:
        super().__init__(Ending(kind=EndingKind.CANCELLED, reason="the run was cancelled"))


class LeaseDenied(StoryEnded):
    """The tenant has no money for the run now, or its ledger cannot be asked."""

    def __init__(self, reason: str) -> None:
        super().__init__(Ending(kind=EndingKind.LEASE_DENIED, reason=reason))
