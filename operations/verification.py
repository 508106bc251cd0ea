"""Prove a recorded run again: its trail agrees with its events, and the code does what is recorded.

Two halves. What was taken in (input, results, failures, answers) is held against the digests in the trail,
from the history alone. What was done (commands with inputs, timeouts, timers, search attributes, trail,
result) is recomputed by the real workflow code and compared. Either half names the event that disagrees.
This proves consistency, not who wrote it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum

from temporalio.api.enums.v1 import EventType
from temporalio.api.history.v1 import HistoryEvent
from temporalio.client import WorkflowHistory

from contracts.receipts import TrailLink
from operations.commands import Disagreement, disagreements, first_out_of_order
from operations.divergences import OUT_OF_ORDER, RAISED, command_name, divergence
from operations.evidence import Evidence
from operations.histories import HistoryError, decided, event_name, links, workflow_type
from operations.recomputing import Recompute, Recomputed, recomputing
from workflows.kernel.trail import chain

__all__ = ["Finding", "Gate", "Verification", "finding_as_json", "verified", "verify", "verify_by"]

# What names the evidence of an entry that has a digest.
TOOK_IN = frozenset({"attempt", "read", "lease"})


class Gate(StrEnum):
    """What a history has to pass."""

    EVIDENCE = "evidence"
    """Its trail speaks of what its events hold: needs no code."""
    COMMANDS = "commands"
    """The code issues the recorded commands in their order: Temporal's own replay."""
    CONTENT = "content"
    """Each command carries what is recorded: inputs, timeouts, timers, search attributes, trail, result."""


@dataclass(frozen=True)
class Finding:
    """One disagreement, for a person."""

    event: str
    """As the Temporal UI names it: `event 11 (ActivityTaskCompleted)`."""
    what: str
    gate: Gate = Gate.EVIDENCE
    recorded: str = ""
    made: str = ""
    """What the code does instead."""
    source: str = ""
    """The line of the workflow that does it: `workflows/resolve_ticket.py:202`."""
    advice: str = ""


@dataclass(frozen=True)
class Verification:
    """What verifying a history found, first things first."""

    workflow_id: str
    events: int
    links: int
    findings: list[Finding]
    workflow: str = ""

    @property
    def holds(self) -> bool:
        return not self.findings

    def passes(self, gate: Gate) -> bool:
        """What no gate before it has stopped, it has let through as far as the history could be followed."""
        return all(finding.gate is not gate for finding in self.findings)


def finding_as_json(finding: Finding) -> dict[str, str]:
    """For a program; what is not known is left out."""
    return {name: str(value) for name, value in asdict(finding).items() if value}


async def verify(history: WorkflowHistory, workflows: Sequence[type]) -> Verification:
    """Check a history against its own trail, then against the current code."""
    async with recomputing(workflows) as recompute:
        return await verify_by(history, recompute)


async def verify_by(history: WorkflowHistory, recompute: Recompute) -> Verification:
    """The same, with what recomputes one history after the other."""
    return (await verified(history, recompute))[0]


async def verified(
    history: WorkflowHistory, recompute: Recompute
) -> tuple[Verification, Sequence[TrailLink]]:
    """The same, with the trail that was read for it; empty when it cannot be."""
    past = decided(history)
    name, events = workflow_type(past), len(past.events)
    recorded: list[tuple[HistoryEvent, TrailLink]] = []
    try:
        recorded = list(links(past))
        findings = list(check_trail(past, recorded))
    except HistoryError as error:
        event, _, what = str(error).partition(": ")
        failed = Verification(past.workflow_id, events, 0, [Finding(event, what)], name)
        return failed, [link for _, link in recorded]
    if not findings:
        findings = compared(past, await recompute(past))
    verification = Verification(past.workflow_id, events, len(recorded), findings, name)
    return verification, [link for _, link in recorded]


def compared(past: WorkflowHistory, recomputed: Recomputed) -> list[Finding]:
    """Where the code goes another way, and before that what it does otherwise on the same way."""
    found: list[tuple[int, Finding]] = []
    stop, last = stopped(past, recomputed), past.events[-1].event_id
    for each in disagreements(past, recomputed.commands):
        if stop is None or each.event.event_id < stop[0]:
            found.append((each.event.event_id, content_finding(each, recomputed)))
    if stop is not None:
        found.append((min(stop[0], last), stop[1]))
    return [finding for _, finding in found]


def content_finding(found: Disagreement, recomputed: Recomputed) -> Finding:
    told = divergence(found)
    what = f"{told.subject} is recorded as {told.recorded}; the code makes it {told.made}"
    source = source_of(found.command, recomputed)
    return Finding(
        event_name(found.event),
        what if told.subject else told.made,
        Gate.CONTENT,
        f"{told.subject}: {told.recorded}".removeprefix(": "),
        told.made,
        source,
        told.advice,
    )


def stopped(past: WorkflowHistory, recomputed: Recomputed) -> tuple[int, Finding] | None:
    """Where Temporal's own replay ends before the history does; None when it follows to the end."""
    if recomputed.failure is None:
        return None
    if recomputed.raised:
        what, source = f"the code raises: {recomputed.raised}", str(recomputed.raised_at or "")
        event = unmade(past, recomputed)
        return event.event_id, Finding(
            event_name(event), what, Gate.COMMANDS, event_text(event), what, source, RAISED
        )
    place = first_out_of_order(past, recomputed.commands)
    if place is None:
        event, what = past.events[-1], f"the code cannot follow: {recomputed.failure}"
        return event.event_id, Finding(event_name(event), what, Gate.COMMANDS, advice=OUT_OF_ORDER)
    event, command = place
    made = "nothing" if command is None else command_name(recomputed.commands[command])
    what = f"recorded is {event_text(event)}; the code does {made}"
    source = source_of(command, recomputed)
    return event.event_id, Finding(
        event_name(event), what, Gate.COMMANDS, event_text(event), made, source, OUT_OF_ORDER
    )


def unmade(past: WorkflowHistory, recomputed: Recomputed) -> HistoryEvent:
    """The first event whose command the code did not come to."""
    place = first_out_of_order(past, recomputed.commands)
    return place[0] if place is not None else past.events[-1]


def source_of(command: int | None, recomputed: Recomputed) -> str:
    """The line that issued a command, or after which it was issued; of a missing one, the last there was."""
    sources = recomputed.sources
    own = sources[command] if command is not None and command < len(sources) else None
    if own is not None:
        return str(own)
    before = [each for each in sources[:command] if each is not None]
    return f"after {before[-1]}" if before else ""


def event_text(event: HistoryEvent) -> str:
    """An event as the command that made it: `ActivityTaskScheduled draft_reply`."""
    kind = event_name(event).partition("(")[2].rstrip(")")
    match event.event_type:
        case EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED:
            return f"{kind} {event.activity_task_scheduled_event_attributes.activity_type.name}"
        case EventType.EVENT_TYPE_TIMER_STARTED:
            length = event.timer_started_event_attributes.start_to_fire_timeout.ToJsonString()
            return f"{kind} of {length}"
        case _:
            return kind


def check_trail(
    history: WorkflowHistory, recorded: Sequence[tuple[HistoryEvent, TrailLink]]
) -> Iterator[Finding]:
    """The chain holds, and every digest in it is the digest of what the history holds."""
    before, never_sent = "", chains_never_sent(recorded)
    for event, link in recorded:
        while link.chain != chain(before, link.entries, link.balance) and before in never_sent:
            before = never_sent.pop(before)
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


def chains_never_sent(recorded: Sequence[tuple[HistoryEvent, TrailLink]]) -> dict[str, str]:
    """Of the links whose command was never sent, though another was chained to them, by the chain before."""
    entries = (entry for _, link in recorded for entry in link.entries if "never_sent" in entry)
    return {str(entry.get("before")): str(entry["chain"]) for entry in entries if "chain" in entry}


def digests(entry: dict[str, object]) -> Iterator[tuple[str, object]]:
    """What an entry says was taken in: the name of the evidence, and its digest."""
    if "input" in entry:
        yield "input", entry["input"]
        yield "sheet", entry["sheet"]
    elif "approval" in entry and entry["digest"] is not None:
        yield "answer", entry["digest"]
    elif "update" in entry:
        yield f"repair {entry['update']}", entry["digest"]
    elif "digest" in entry and not TOOK_IN.isdisjoint(entry):
        yield str(next(entry[name] for name in entry if name in TOOK_IN)), entry["digest"]
