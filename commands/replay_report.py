"""What `replay` found, for a person: a row for each history, and each divergence once."""

from collections import defaultdict
from collections.abc import Iterator, Sequence

from rich.console import Console
from rich.text import Text

from commands.tables import print_rows
from operations.coverage import Coverage
from operations.lines import Line, put, safe
from operations.replaying import Replayed
from operations.verification import Finding, Gate, Verification

__all__ = ["print_coverage", "print_replayed"]

GATES = {
    Gate.EVIDENCE: "its trail against its events: the file was changed, or is not what the run recorded",
    Gate.COMMANDS: "Temporal's commands and their order",
    Gate.CONTENT: "what commands carry, and the trail: Temporal's own replay passes this",
}


def print_replayed(console: Console, done: Sequence[Replayed]) -> None:
    """The table, the divergences, and how many hold."""
    rows = [
        (
            Text(safe(each.label)),
            Text(str(each.verification.events)),
            Text(str(each.verification.links)),
            Text(verdict_of(each.verification), style="green" if each.verification.holds else "red"),
        )
        for each in done
    ]
    print_rows(console, ("history", "events", "trail links", "verdict"), rows)
    wrong = [each for each in done if not each.verification.holds]
    for same in alike(wrong):
        for line in told(same):
            put(console, line)
    words = f"{len(done) - len(wrong)} of {len(done)} hold"
    console.print(Text(words, style="red" if wrong else "green"))


def verdict_of(verified: Verification) -> str:
    if verified.holds:
        return "holds"
    first, more = verified.findings[0], len(verified.findings) - 1
    return f"{first.event}: {first.what}" + (f" (and {more} more)" if more else "")


def alike(wrong: Sequence[Replayed]) -> Iterator[list[Replayed]]:
    """Those that part from the code at the same line in the same way, together."""
    found: dict[tuple[str, ...], list[Replayed]] = defaultdict(list)
    for each in wrong:
        first = each.verification.findings[0]
        kind = first.event.partition("(")[2]
        # What was never compared with code has nothing in common but its gate.
        own = first.event + each.label if first.gate is Gate.EVIDENCE else ""
        found[first.gate.value, each.verification.workflow, first.source, kind, first.advice, own].append(
            each
        )
    yield from found.values()


def told(same: Sequence[Replayed]) -> Iterator[Line]:
    """The first of them in full."""
    first, more = same[0], len(same) - 1
    finding: Finding = first.verification.findings[0]
    others = f", and {more} more in the same way" if more else ""
    yield 0, f"{first.verification.workflow or 'history'}: {first.label}{others}", "bold"
    entries = {
        "gate": GATES[finding.gate],
        "event": finding.event,
        "recorded": finding.recorded or finding.what,
        "the code": finding.made,
        "line": finding.source,
        "to do": finding.advice,
    }
    for name, words in entries.items():
        if words:
            yield 2, f"{name:<9} {words}", "cyan" if name == "line" else ""


def print_coverage(console: Console, covered: Sequence[Coverage]) -> None:
    """Counts, and what is missing by name."""
    rows = [
        (Text(each.workflow), Text(each.what), Text(f"{each.reached} of {each.declared}"), missing_of(each))
        for each in covered
    ]
    print_rows(console, ("workflow", "what", "reached", "not reached"), rows)


def missing_of(each: Coverage) -> Text:
    return Text("; ".join(each.missing), style="yellow")
