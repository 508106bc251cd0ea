"""Where a trail entry belongs: behind the event that it follows from, not where it was carried."""

from dataclasses import dataclass, field
from typing import Any

from temporalio.api.history.v1 import HistoryEvent

from operations.attempt_accounts import Account, json_of
from operations.histories import attributes_of

__all__ = ["TrailPlaces", "summary_of"]


def summary_of(event: HistoryEvent) -> str:
    """What the workflow said about a command of its own; empty for none."""
    return str(json_of([event.user_metadata.summary])[0] or "")


@dataclass
class TrailPlaces:
    """The events of one history that entries follow from, collected in their order."""

    tasks: list[HistoryEvent] = field(default_factory=list)
    """Completed workflow tasks."""
    accounts: dict[str, Account] = field(default_factory=dict)
    """By attempt id."""
    reads: dict[str, HistoryEvent] = field(default_factory=dict)
    """The markers of reads, by read id."""
    answers: list[HistoryEvent] = field(default_factory=list)
    repairs: dict[str, HistoryEvent] = field(default_factory=dict)
    """By the id of the Update."""
    timers: dict[int, tuple[HistoryEvent, HistoryEvent | None]] = field(default_factory=dict)
    """By the id of the event that started each: that event, and the one that ended it."""
    cancelled: HistoryEvent | None = None

    def place_of(self, entry: dict[str, Any]) -> int:
        """The id of the event behind which it was written; 0 where it follows from the entry before it.

        To be asked for each entry once, in the order of the trail.
        """
        if "attempt" in entry:
            account = self.accounts.get(str(entry["attempt"]))
            return self.task_after(account.ended) if account else 0
        if "read" in entry and str(entry["read"]) in self.reads:
            return self.reads[str(entry["read"])].event_id
        if "approval" in entry and entry.get("digest") and self.answers:
            return self.answers.pop(0).event_id
        if "approval" in entry:
            # Nobody answered: the question's timer fired, or the run was cancelled while it waited.
            about = f"approval of {entry['approval']} "
            mine = [over for begun, over in self.timers.values() if summary_of(begun).startswith(about)]
            return max((self.task_after(over) for over in mine), default=0)
        if "update" in entry and str(entry["update"]) in self.repairs:
            return self.repairs[str(entry["update"])].event_id
        if "parked" in entry:
            mine = [
                over for begun, over in self.timers.values() if summary_of(begun).startswith("repair of ")
            ]
            return max((self.task_after(over) for over in mine), default=0)
        return self.task_after(self.cancelled) if entry.get("ending") == "cancelled" else 0

    def task_after(self, event: HistoryEvent | None) -> int:
        """The completed workflow task that took the event in; 0 when none did yet."""
        if event is None:
            return 0
        later = (task for task in self.tasks if attributes_of(task).started_event_id > event.event_id)
        return next((task.event_id for task in later), 0)
