"""A provider's requests held against the ledgers: every request is in exactly one ledger, exactly once."""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from operations.story_items import AttemptMade, Booked

__all__ = ["Matched", "Request", "match", "requests_in"]


@dataclass(frozen=True)
class Request:
    """One request as the model server saw it."""

    attempt_id: str
    state: str
    """`received` while it is under way or was cut off with the server, else `answered` or `abandoned`."""
    tokens: int | None
    """Input and output; None when the server did not say."""


@dataclass(frozen=True)
class Matched:
    """What came of the comparison."""

    requests: int
    attempts: int
    unsent: int
    """Attempts without a request: proven never to have been sent, or unknown."""
    problems: tuple[str, ...]


def requests_in(journal: Path, offset: int = 0) -> list[Request]:
    """The requests in a model server's journal from a byte offset on; none when there is no journal."""
    if not journal.exists():
        return []
    with journal.open("rb") as file:
        file.seek(offset)
        lines = [json.loads(line) for line in file if line.endswith(b"\n")]
    requests: dict[str, Request] = {}
    for line in lines:
        counts = (line.get("input_tokens"), line.get("output_tokens"))
        tokens = sum(counts) if all(type(count) is int for count in counts) else None
        requests[line["request"]] = Request(line["attempt"], line["state"], tokens)
    return list(requests.values())


def match(requests: Sequence[Request], attempts: Iterable[AttemptMade]) -> Matched:
    """Compare; `attempts` are those of a model, from every run that used the server."""
    ledger: dict[str, list[AttemptMade]] = {}
    for attempt in attempts:
        ledger.setdefault(attempt.attempt_id, []).append(attempt)
    seen = [request.attempt_id for request in requests]
    unsent = [each for name, lines in ledger.items() if name not in seen for each in lines]
    problems = [*unmatched(requests, ledger), *unpaid(unsent)]
    return Matched(len(requests), sum(map(len, ledger.values())), len(unsent), tuple(problems))


def unmatched(requests: Sequence[Request], ledger: dict[str, list[AttemptMade]]) -> Iterator[str]:
    """Requests that are in no ledger, in two, twice, or at another price than the server counted."""
    seen: set[str] = set()
    for request in requests:
        name, lines = request.attempt_id, ledger.get(request.attempt_id, [])
        if name in seen:
            yield f"attempt {name} was sent twice"
        seen.add(name)
        if len(lines) != 1:
            yield f"request {name or 'without a name'} is in {len(lines)} ledgers"
            continue
        billed = lines[0].tokens
        proven = lines[0].cost is Booked.PROVEN
        if proven and request.tokens is not None and billed != request.tokens:
            yield f"attempt {name} is booked at {billed} tokens; the server counted {request.tokens}"


def unpaid(unsent: Sequence[AttemptMade]) -> Iterator[str]:
    """Attempts that claim a proven cost, though no request of theirs arrived."""
    for attempt in unsent:
        if attempt.cost is Booked.PROVEN:
            yield f"attempt {attempt.attempt_id} is booked as paid, but no request of it arrived"
