"""Received spans as a tree of text, for people."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

__all__ = ["ReceivedEvent", "ReceivedSpan", "tree"]

# What a line shows, and how; the rest is a question for a tracing tool.
SHOWN = {
    "tenuto.step.why": "because {}",
    "tenuto.attempt.id": "{}",
    "tenuto.attempt.outcome": "{}",
    "tenuto.cost.usd": "${}",
    "tenuto.cost.booking": "{}",
    "gen_ai.usage.input_tokens": "{} in",
    "gen_ai.usage.output_tokens": "{} out",
    "tenuto.run.settled.usd": "proven ${}",
    "tenuto.run.unknown.usd": "unknown ${}",
    "tenuto.ending": "ending {}",
    "tenuto.stage": "{}",
    "tenuto.decision.table": "{}:",
    "tenuto.decision.outcome": "{}",
    "tenuto.decision.because": "because {}",
    "tenuto.wait": "{}",
    "tenuto.approval.action": "of {}",
    "tenuto.approval.outcome": "{}",
    "error.type": "error {}",
}


@dataclass(frozen=True)
class ReceivedEvent:
    """What happened at one moment of a span."""

    name: str
    at_ns: int
    attributes: dict[str, Any]


@dataclass(frozen=True)
class ReceivedSpan:
    """A span as it came over the wire."""

    trace_id: str
    span_id: str
    parent_id: str
    name: str
    start_ns: int
    end_ns: int
    attributes: dict[str, Any]
    failed: bool
    events: tuple[ReceivedEvent, ...] = ()


def tree(spans: Sequence[ReceivedSpan]) -> str:
    """One trace, each span below its parent, in the order of their beginnings; events by their time."""
    once = {span.span_id: span for span in spans}
    roots = [span for span in once.values() if span.parent_id not in once]
    lines: list[str] = []
    for root in ordered(roots):
        lines += drawn(root, list(once.values()), "", "")
    return "\n".join(lines)


def ordered(spans: Sequence[ReceivedSpan]) -> list[ReceivedSpan]:
    return sorted(spans, key=lambda span: (span.start_ns, -span.end_ns))


def drawn(span: ReceivedSpan, spans: Sequence[ReceivedSpan], first: str, rest: str) -> Iterator[str]:
    took = (span.end_ns - span.start_ns) / 1e6
    yield f"{first}{span.name}  {took:.0f} ms  {words(span.attributes)}".rstrip()
    below: list[tuple[int, int, ReceivedSpan | ReceivedEvent]] = [
        (event.at_ns, number, event) for number, event in enumerate(span.events)
    ]
    children = ordered([each for each in spans if each.parent_id == span.span_id])
    below += [(child.start_ns, len(span.events) + number, child) for number, child in enumerate(children)]
    below.sort(key=lambda each: each[:2])
    for number, (_, _, each) in enumerate(below):
        branch, line = ("└─ ", "   ") if number == len(below) - 1 else ("├─ ", "│  ")
        if isinstance(each, ReceivedEvent):
            yield f"{rest}{branch}· {each.name} {words(each.attributes)}".rstrip()
        else:
            yield from drawn(each, spans, rest + branch, rest + line)


def words(attributes: dict[str, Any]) -> str:
    return " ".join(form.format(attributes[name]) for name, form in SHOWN.items() if name in attributes)
