"""Tells whoever listens what happens in a run: once, never in replay, and nothing when nobody does."""

from collections.abc import Callable
from datetime import datetime

from temporalio import workflow

from contracts.happenings import (
    OBSERVE,
    ApprovalEnded,
    DecisionMade,
    Happening,
    Moment,
    Observer,
    RunName,
    StageEntered,
    WaitBegun,
    WaitEnded,
    What,
)
from contracts.terms import Terms

__all__ = ["Teller", "moment"]


def moment() -> datetime:
    """The workflow's time, to be told and never to decide: in replay it may differ from what it was."""
    return workflow.now()  # noqa: TID251 - see Run.tick


class Teller:
    """Of one run. Nothing that it does can be seen in a command: runs are the same with and without it."""

    def __init__(self, terms: Terms) -> None:
        self._info = info = workflow.info()
        self._run = RunName(
            workflow=info.workflow_type,
            workflow_id=info.workflow_id,
            run_id=info.run_id,
            tenant=terms.tenant,
            profile=terms.profile,
        )
        self._observe: Observer | None = workflow.extern_functions().get(OBSERVE)
        self._number = 0
        self.moments: list[Moment] = []
        """For the end of the run, which may come on another worker than they did; so kept in replay too."""

    def __call__(self, what: Callable[[], What]) -> None:
        """Tell what the function returns; it is not even called when nobody listens."""
        if self._observe is None or not self._alive():
            return
        happening = Happening(run=self._run, number=self._number, at=moment(), what=what())
        self._number += 1
        match happening.what:
            case StageEntered() | DecisionMade() | WaitBegun() | WaitEnded() | ApprovalEnded() as told:
                self.moments.append(Moment(at=happening.at, what=told))
        # The SDK counts a run that is being evicted as one in replay.
        if not workflow.unsafe.is_replaying():
            self._observe(happening)

    def _alive(self) -> bool:
        """Whether this run is what runs. A stopped worker's coroutines are closed anywhere, later."""
        try:
            return workflow.in_workflow() and workflow.info() is self._info
        except AttributeError:
            # Closed while another run is being made on this thread, of which nothing is known yet.
            return False
