"""A story as text for a person, line by line, as wide as the terminal is."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from rich.console import Console

from contracts.receipts import LeaseState
from operations.decision_rows import decision_lines
from operations.lines import Line, put
from operations.section_pages import section_pages
from operations.side_by_side import SideBySide, put_together
from operations.side_lines import side_lines
from operations.story import Story
from operations.story_items import (
    ApprovalEnded,
    AttemptMade,
    Booked,
    CancelAsked,
    Decided,
    Item,
    LeaseNoted,
    LeftEarly,
    ParkingEnded,
    PersonAnswered,
    PersonRepaired,
    ReadMade,
    SignalIgnored,
    StageEntered,
    Waited,
)
from operations.wording import amount_text, clock, compact, counted, dollars, duration
from workflows.kernel.case import DEADLINE
from workflows.kernel.decisions import Table

__all__ = [
    "Tables",
    "age",
    "attempt_name",
    "cost_text",
    "explain",
    "item_lines",
    "shortened",
    "told_by_itself",
]

Tables = Mapping[str, Table[Any, Any]]
STATE_STYLES = {"completed": "bold green", "running": "bold cyan", "not started": "bold yellow"}


def explain(told: Story, tables: Tables, console: Console, *, now: datetime | None = None) -> None:
    """Print it. `tables` are the current code's; a decision of another version is shown as recorded.

    `now` is for a run that goes on; a history in a file ends with its last event.
    """
    for line in heading(told, now):
        put(console, line)
    console.print()
    for item in put_together(item for item in told.items if not told_by_itself(item)):
        if isinstance(item, SideBySide):
            lines = side_lines(item, section_pages(told.items, item.parts))
            print_item(lines, console, since(item.items[0], told))
            continue
        later = " [about to be taken in]" if item.beyond else ""
        print_item(item_lines(item, told, tables), console, since(item, told), later)
    if told.pending:
        put(console, (0, "not in the history's trail yet; as the current code decides:", "bold yellow"))
    for item in told.pending:
        print_item(item_lines(item, told, tables), console)
    console.print()
    for line in ending(told):
        put(console, line)


def since(item: Item, told: Story) -> str:
    return f"+{compact((item.at - told.started_at).total_seconds())}"


def told_by_itself(item: Item) -> bool:
    """A deadline that nothing came of: every run has one, and the heading names it."""
    return isinstance(item, Waited) and item.what == DEADLINE and item.state != "fired"


def print_item(lines: Iterator[Line], console: Console, when: str = "", later: str = "") -> None:
    (_, words, style), *rest = lines
    put(console, (0, f"{words}{later}", style), head=f"{when:<10} ")
    for line in rest:
        put(console, line)


def heading(told: Story, now: datetime | None = None) -> Iterator[Line]:
    yield 0, f"{told.workflow_id}   run {told.run_id}", "bold"
    yield 2, age(told, now), STATE_STYLES.get(told.state, "bold red")
    if told.terms is not None:
        terms = told.terms
        yield (
            2,
            f"tenant {terms.tenant}, requested by {terms.requested_by}, profile {terms.profile}, "
            f"deadline {duration(terms.deadline.total_seconds())}",
            "",
        )
        yield 2, f"may use at most {amount_text(terms.cap)}", ""
    for number, route in enumerate(told.routes):
        price = route.price
        free = not price.input and not price.output
        rate = "free" if free else f"{dollars(price.input)} in, {dollars(price.output)} out a million tokens"
        yield 2, f"{'model' if number == 0 else 'then'} {route.model} ({route.name}): {rate}", ""


def age(told: Story, now: datetime | None) -> str:
    """How long it took; of a run that goes on, how long by now, or by its last recorded event."""
    since, took = clock(told.started_at), duration(told.duration_s)
    if told.ended_at is not None:
        return f"{told.state} after {took}   {since} to {clock(told.ended_at)}"
    if now is None:
        return f"{told.state} at its last recorded event, {took} after its start   {since}"
    return f"{told.state} for {duration((now - told.started_at).total_seconds())}   since {since}"


def item_lines(item: Item, told: Story, tables: Tables) -> Iterator[Line]:
    match item:
        case StageEntered():
            yield 0, f"stage {item.stage}", "bold blue"
        case AttemptMade():
            yield from attempt_lines(item)
        case ReadMade():
            yield 0, f"{item.step}, because {item.why}", ""
            if item.fault is not None:
                yield 11, f"failed ({item.fault}): {item.reason}", "red"
            else:
                yield 11, f"found {shortened(item.reply)}", "dim"
        case Decided():
            yield from decision_lines(item, told.thresholds, tables.get(item.table))
        case Waited():
            over = "" if item.waited_s is None else f" after {duration(item.waited_s)}"
            style = "dim" if item.state == "cancelled" else ""
            yield 0, f"wait of at most {duration(item.wanted_s)}: {item.what}: {item.state}{over}", style
        case LeaseNoted():
            yield lease_line(item, told)
        case _:
            yield people_line(item)


def lease_line(item: LeaseNoted, told: Story) -> Line:
    tenant = told.terms.tenant if told.terms is not None else "its tenant"
    match item.state:
        case LeaseState.OPEN:
            left = f"{dollars(item.free)} of it are free" if item.free is not None else "which has no cap"
            return 0, f"leased what it may cost from the money of {tenant}, {left}", ""
        case LeaseState.DENIED:
            return 0, f"no lease: {item.reason}", "bold yellow"
        case LeaseState.CLOSED:
            back = f": {dollars(item.returned)} went back to {tenant}" if item.returned is not None else ""
            return 0, f"lease closed{back}", ""
        case LeaseState.LEFT_OPEN:
            return 0, f"the lease is closed later, from this history: {item.reason}", "yellow"


def people_line(item: Item) -> Line:
    """What came from outside, and what it led to."""
    match item:
        case PersonAnswered():
            return 0, f"{item.by or 'somebody'} answered: {item.verdict or 'unreadable'}", "bold magenta"
        case ApprovalEnded():
            by = f" by {item.by}" if item.by else ""
            return 0, f"approval of {item.action}: {item.outcome}{by}", "magenta"
        case PersonRepaired():
            because = f", because {item.because}" if item.because else ""
            return (
                0,
                f"{item.by or 'somebody'} sent a repair: {item.do or 'unreadable'}{because}",
                "bold magenta",
            )
        case ParkingEnded():
            by = f" by {item.by}" if item.by else ""
            reason = f": {item.reason}" if item.reason else ""
            return 0, f"repair of attempt {item.parked}: {item.outcome}{by}{reason}", "magenta"
        case CancelAsked():
            reason = f": {item.reason}" if item.reason else ""
            return 0, f"{item.by or 'somebody'} asked the run to end{reason}", "yellow"
        case SignalIgnored():
            return 0, f"a signal {item.name!r} was ignored", "yellow"
        case LeftEarly():
            return 0, f"left the story ({item.ending}): {item.reason}", "bold yellow"
        case _:
            raise AssertionError(f"{item.kind} has lines of its own")


def attempt_name(item: AttemptMade) -> str:
    """`read_ticket`, and from the second on `read_ticket, attempt 2`."""
    number = item.attempt_id.partition("-")[0].partition(".")[2]
    return f"{item.step}, attempt {number}" if number not in {"", "1"} else item.step


def attempt_lines(item: AttemptMade) -> Iterator[Line]:
    yield 0, f"{attempt_name(item)}, because {item.why}", ""
    via = f"{item.route} ({item.model})" if item.route else f"once: {item.key}"
    times = f"queued {duration(item.queued_s)}" if item.queued_s is not None else "waits for a worker"
    if item.ran_s is not None:
        times += f", ran {duration(item.ran_s)}"
    style = {"succeeded": "green", "queued": "cyan", "running": "cyan"}.get(item.outcome, "red")
    noted = "" if item.taken_in else " [about to be taken in]"
    fault = f" ({item.fault}): {item.reason}" if item.fault else ""
    yield 11, f"{item.outcome}{fault}{noted}; {cost_text(item)}", style
    yield 11, f"{via}; {times}; attempt {item.attempt_id}", "dim"
    if item.reply is not None:
        yield 11, f"gave {shortened(item.reply)}", "dim"


def cost_text(item: AttemptMade) -> str:
    """What is known of its cost; for an effect, of whether it happened."""
    if item.route is None:
        return "nobody can say whether it happened" if item.cost is Booked.UNKNOWN else "no model, no cost"
    match item.cost:
        case Booked.PROVEN:
            return f"{dollars(item.usd)} proven, {item.tokens:,} tokens" if item.usd is not None else "proven"
        case Booked.NONE:
            return "proven to cost nothing"
        case Booked.UNKNOWN:
            return f"cost unknown, booked at its worst case of {amount_text(item.hold)}"
        case Booked.HELD:
            return f"{amount_text(item.hold)} held"


def ending(told: Story) -> Iterator[Line]:
    if told.result is not None:
        shown = {key: value for key, value in told.result.items() if value is not None}
        yield 0, "result  " + ", ".join(f"{key}: {shortened(value)}" for key, value in shown.items()), "bold"
    if told.reason is not None:
        yield 0, f"reason  {told.reason}", "red"
    for what in told.about_to:
        yield 0, f"about to {what}", "cyan"
    totals = told.totals
    yield 0, f"cost    {dollars(totals.proven_usd)} proven, {totals.proven_tokens:,} tokens", ""
    if totals.held.calls:
        yield 8, f"{amount_text(totals.held)} held for attempts under way", "cyan"
    if totals.unknown.calls:
        yield 8, f"{amount_text(totals.unknown)} unknown: attempts whose cost nobody can say", "red"
    yield (
        8,
        f"{counted(totals.steps, 'step')}, {counted(totals.attempts, 'attempt')}, "
        f"{totals.model_attempts} of them of a model",
        "",
    )


def shortened(value: Any) -> str:
    """A recorded value in one line."""
    if isinstance(value, dict):
        text = ", ".join(f"{key}: {shortened(content)}" for key, content in value.items())
    else:
        text = "none" if value is None else " ".join(str(value).split())
    return text if len(text) <= 240 else f"{text[:239]}…"
