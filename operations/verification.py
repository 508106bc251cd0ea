"""Prove a recorded run again: its trail agrees with its events, and the code does what is recorded.

Two halves. What was taken in (input, results, failures, answers) is held against the digests in the trail,
from the history alone. What was done (commands with inputs, timeouts, timers, search attributes, trail,
result) is recomputed by the real workflow code and compared. Either half names the event that disagrees.
This proves consistency, not who wrote it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from temporalio.api.history.v1 import HistoryEvent
from temporalio.client import WorkflowHistory

from contracts.receipts import TrailLink
from operations.commands import disagreements
from operations.evidence import Evidence
from operations.histories import HistoryError, decided, event_name, links
from operations.recomputing import recompute
from workflows.kernel.trail import chain

__all__ = ["Finding", "Verification", "verify"]


@dataclass(frozen=True)
class Finding:
    """One disagreement, for a person."""

    event: str
    """As the Temporal UI names it: `event 11 (ActivityTaskCompleted)`."""
    what: str


@dataclass(frozen=True)
class Verification:
    """What verifying a history found."""

    workflow_id: str
    events: int
    links: int
    findings: list[Finding]

    @property
    def holds(self) -> bool:
        return not self.findings


async def verify(history: WorkflowHistory, workflows: Sequence[type]) -> Verification:
    """Check a history against its own trail, then against the current code."""
    past = decided(history)
    try:
        recorded = list(links(past))
        findings = list(check_trail(past, recorded))
    except HistoryError as error:
        event, _, what = str(error).partition(": ")
        return Verification(past.workflow_id, len(past.events), 0, [Finding(event, what)])
    if not findings:
        recomputed = await recompute(past, workflows)
        findings = [
            Finding(event_name(event), what) for event, what in disagreements(past, recomputed.commands)
        ]
        if recomputed.failure is not None and not findings:
            findings = [Finding(event_name(past.events[-1]), f"the code cannot follow: {recomputed.failure}")]
    return Verification(past.workflow_id, len(past.events), len(recorded), findings)


def check_trail(
    history: WorkflowHistory, recorded: Sequence[tuple[HistoryEvent, TrailLink]]
) -> Iterator[Finding]:
    """The chain holds, and every digest in it is the digest of what the history holds."""
    before = ""
    for event, link in recorded:
        if link.chain != chain(before, link.entries, link.balance):
            yield Finding(
                event_name(event), "the trail's chain is broken: an entry or total is not what it was"
            )
            return
        before = link.chain
    evidence = Evidence(history)
    for carrier, link in recorded:
        for entry in link.entries:
            for name, expected in digests(entry):
                found = evidence.find(name)
                if found is None:
                    yield Finding(
                        event_name(carrier), f"its trail speaks of {name}, which the history does not hold"
                    )
                elif found.digest != expected:
                    yield Finding(
                        event_name(found.event), "its content is not what the trail says the run was given"
                    )


def digests(entry: dict[str, object]) -> Iterator[tuple[str, object]]:
    """What an entry says was taken in: the name of the evidence, and its digest."""
    if "input" in entry:
        yield "input", entry["input"]
        yield "sheet", entry["sheet"]
    elif "approval" in entry and entry["digest"] is not None:
        yield "answer", entry["digest"]
    elif "update" in entry:
        yield f"repair {entry['update']}", entry["digest"]
    elif "digest" in entry and ("attempt" in entry or "read" in entry):
        yield str(entry.get("attempt") or entry.get("read")), entry["digest"]
