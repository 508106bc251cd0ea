"""A run's status as text: the same for one that a worker told and one that was recomputed from a history."""

from collections.abc import Iterator
from datetime import UTC, datetime

from rich.console import Console

from contracts.receipts import AttemptEnd, LeaseLine, LeaseState, Status, Waiting
from contracts.values import plain
from operations.lines import Line, put
from operations.queueing import QUEUED
from operations.requests_shown import compact_lines
from operations.wording import amount_text, clock, counted, dollars, duration

__all__ = ["print_status"]

STEP_STYLES = {"done": "green", "failed": "red", "running": "cyan", "waiting": "yellow", QUEUED: "yellow"}


def print_status(status: Status, console: Console, *, now: datetime | None = None) -> None:
    """Print where the run is, what it waits for, and its money. `now` is for the times that are left."""
    for line in lines(status, now or datetime.now(UTC)):
        put(console, line)


def lines(status: Status, now: datetime) -> Iterator[Line]:
    yield 0, f"stage {status.stage}", "bold blue"
    whose = f"{status.workflow} for {status.tenant}, requested by {status.requested_by}"
    yield 2, f"{whose}, profile {status.profile}", ""
    yield 2, f"started {clock(status.started_at)}, deadline {within(status.deadline_at, now)}", ""
    for waiting in status.waiting:
        yield from waiting_lines(waiting, now)
    for step in status.steps:
        tries = f" (attempt {step.attempts})" if step.attempts > 1 else ""
        state, slot = step.state, ""
        if step.state == QUEUED:
            state += f" {duration((now - step.since).total_seconds())}"
            slot = f" (waits for {slot_of(step.number, status)})"
        yield 2, f"{state}: {step.name}{tries}{slot}, because {step.why}", STEP_STYLES.get(step.state, "")
    for decision in status.decisions:
        yield (
            2,
            f"decided {decision.table} v{decision.version}: {decision.outcome}, because {decision.because}",
            "",
        )
    if status.ending is not None:
        yield 2, f"left the story ({status.ending.kind.value}): {status.ending.reason}", "bold yellow"
    yield from money(status)
    for notice in status.notices:
        yield 2, f"notice: {notice}", "yellow"


def slot_of(step: int, status: Status) -> str:
    """Who would take its attempt: a model has as many slots as its profile says, the rest needs a worker."""
    mine = [line for line in status.attempts if line.attempt_id.startswith(f"{step}.")]
    return f"a free slot of {status.profile}" if mine and mine[-1].hold.calls else "a worker"


def waiting_lines(waiting: Waiting, now: datetime) -> Iterator[Line]:
    yield 2, f"waits for {waiting.what}", "bold yellow"
    yield 4, f"until {within(waiting.until, now)}; otherwise {waiting.otherwise}", "yellow"
    request = waiting.details.get("request")
    if isinstance(request, dict):
        yield from compact_lines(request, 4)
    if waiting.action is not None:
        yield 4, f"action {waiting.action}", "dim"
    if waiting.parked is not None:
        yield 4, f"{waiting.details['reason']}; {waiting.details['because']}", ""
        yield 4, f"repair with: {', '.join(waiting.details['options'])} (attempt {waiting.parked})", "dim"


def money(status: Status) -> Iterator[Line]:
    balance = status.balance
    yield 2, f"cost    {dollars(balance.settled.usd)} proven, {balance.settled.tokens:,} tokens", ""
    lost = sum(line.end is AttemptEnd.UNKNOWN for line in status.attempts)
    if lost:
        booked = (
            f"{amount_text(balance.unknown)} unknown in {counted(lost, 'attempt')}, booked at the worst case"
        )
        yield 10, booked, "red"
    if balance.held.calls or balance.held.usd:
        yield 10, f"{amount_text(balance.held)} held for what is under way", "cyan"
    kept = f"; {amount_text(status.escrow)} kept for the way out" if status.escrow.steps else ""
    yield 10, f"{amount_text(status.free)} free of a cap of {amount_text(status.cap)}{kept}", ""
    if status.lease is not None:
        yield 10, lease_text(status.lease, status.tenant), ""
    if balance.overrun:
        yield (
            10,
            f"overrun: a provider billed above its own maximum (${plain(balance.settled.usd)} in all)",
            "bold red",
        )


def lease_text(lease: LeaseLine, tenant: str) -> str:
    match lease.state:
        case LeaseState.OPEN:
            return f"{dollars(lease.usd)} leased from the money of {tenant}"
        case LeaseState.DENIED:
            return f"no lease of {dollars(lease.usd)}: {lease.reason}"
        case LeaseState.CLOSED:
            return f"the lease of {dollars(lease.usd)} is closed"
        case LeaseState.LEFT_OPEN:
            return f"the lease of {dollars(lease.usd)} is closed later, from the history"


def within(moment: datetime, now: datetime) -> str:
    left = (moment - now).total_seconds()
    return f"{clock(moment)} ({f'in {duration(left)}' if left > 0 else 'over'})"
