"""What sums of a span of time prove. They name no request, so they prove little, and nothing is guessed.

The ledger knows when a run began and gave account, not when it made an attempt, so spans are joined until
each attempt was surely made within one. Then, of one model:

- As many tokens as are proven: whatever is unknown there cost nothing.
- More, and one attempt is unknown: the difference is its usage, when it fits under its hold.
- More, and several are unknown: only their sum is known. They are listed, and nothing is booked.
- Fewer requests or tokens than proven, or more than the holds: export and ledger contradict each other.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import accumulate

from activities.booked_attempts import BookedAttempt, Finding, Found, Proven
from activities.tenant_ledger import WHOLE
from activities.usage_buckets import Bucket, family
from contracts.receipts import AttemptEnd
from contracts.sheet import Price
from contracts.values import PER_MILLION, plain

__all__ = ["LATE", "Whole", "judged_sums"]

# The provider's clock differs from a worker's.
EARLY = timedelta(minutes=1)
# A call that was given up goes on at the provider for a while.
LATE = timedelta(minutes=15)
# Counts come late: what a file says of a span that has just ended may not be all.
COUNTED_AFTER = timedelta(days=1)
ZERO = Decimal(0)


@dataclass(frozen=True)
class Whole:
    """Runs of which the ledger has no attempts: open ones, and those of which no history is left."""

    since: datetime
    until: datetime | None
    """None while the run is open."""


@dataclass
class Span:
    """Buckets that follow each other, with the attempts that were surely made in them."""

    start: datetime
    end: datetime
    input_tokens: int = 0
    output_tokens: int = 0
    requests: int = 0
    attempts: list[BookedAttempt] = field(default_factory=list)
    cut: bool = False
    """Some of them may have been made where the export tells nothing."""

    @property
    def unknown(self) -> list[BookedAttempt]:
        return [each for each in self.attempts if each.is_unknown]

    @property
    def proven(self) -> list[BookedAttempt]:
        return [each for each in self.attempts if not each.is_unknown]

    @property
    def more_tokens(self) -> int:
        """Than are proven."""
        return self.input_tokens + self.output_tokens - sum(each.tokens for each in self.proven)

    @property
    def more_requests(self) -> int:
        """Than are proven to have cost something."""
        return self.requests - sum(each.tokens > 0 for each in self.proven)

    def is_touched_by(self, run: Whole) -> bool:
        """Whether it may have spent something here."""
        begins = run.since - EARLY < self.end
        return begins and (run.until is None or run.until + LATE > self.start)


Verdict = Proven | tuple[Finding, str]


def judged_sums(
    buckets: Sequence[Bucket],
    attempts: Iterable[BookedAttempt],
    runs: Sequence[Whole],
    written_at: datetime,
    project: str | None,
) -> tuple[list[Proven], list[Found]]:
    """What is proven now, and what proves nothing."""
    own: dict[str, list[BookedAttempt]] = {family(each.model): [] for part in buckets for each in part.sums}
    for attempt in attempts:
        if attempt.attempt_id != WHOLE and attempt.end is not AttemptEnd.RELEASED:
            own.setdefault(family(attempt.model), []).append(attempt)
    proven: list[Proven] = []
    found: list[Found] = []
    for model in sorted(own):
        for span in spans(buckets, own[model], model, project):
            vague = any(map(span.is_touched_by, runs))
            for verdict in judged(span, vague, written_at):
                if isinstance(verdict, Proven):
                    proven.append(verdict)
                else:
                    place = f"{span.start:%Y-%m-%d %H:%MZ} to {span.end:%Y-%m-%d %H:%MZ}, {model}"
                    found.append(Found(verdict[0], place, verdict[1]))
    return proven, found


def spans(
    buckets: Sequence[Bucket], attempts: Sequence[BookedAttempt], model: str, project: str | None
) -> list[Span]:
    """Joined where an attempt may have been made in either; those with nothing in them are left out."""
    starts, ends = [each.start for each in buckets], [each.end for each in buckets]
    placed: list[tuple[int, int, bool, BookedAttempt]] = []
    joins = [0] * (len(buckets) + 1)
    for attempt in attempts:
        since, until = attempt.opened_at - EARLY, attempt.booked_at + LATE
        first, last = bisect_right(ends, since), bisect_left(starts, until) - 1
        if first <= last:
            gap = any(ends[at] != starts[at + 1] for at in range(first, last))
            placed.append((first, last, gap or since < starts[first] or until > ends[last], attempt))
            joins[first] += 1
            joins[last] -= 1
    of: list[Span] = []
    for bucket, joined in zip(buckets, (0, *accumulate(joins)), strict=False):
        span = of[-1] if joined else Span(bucket.start, bucket.end)
        span.end = bucket.end
        for each in bucket.sums:
            if family(each.model) == model and project in (None, each.project):
                span.input_tokens += each.input_tokens
                span.output_tokens += each.output_tokens
                span.requests += each.requests
        of.append(span)
    for first, _, cut, attempt in placed:
        of[first].attempts.append(attempt)
        of[first].cut |= cut
    each_once = {id(span): span for span in of}.values()
    return [span for span in each_once if span.attempts or span.requests or span.more_tokens]


def judged(span: Span, vague: bool, written_at: datetime) -> Iterator[Verdict]:
    """`vague`: a run without attempts in the ledger may have spent something here."""
    unknown = span.unknown
    if (reason := unreadable(span, written_at)) is not None:
        if unknown:
            yield reason
        return
    more = span.more_tokens
    if more < 0 or span.more_requests < 0:
        yield (
            Finding.FEWER_THAN_PROVEN,
            f"{-more:,} tokens and {-span.more_requests:,} requests of what is proven are missing",
        )
        return
    free = sum(not each.tokens for each in span.proven)
    if more == 0 and span.more_requests <= free:
        yield from (Proven(each, 0, ZERO) for each in unknown)
        return
    if vague:
        if unknown:
            words = "runs that are open, or of which no history is left, may have spent some of it"
            yield Finding.OPEN_RUNS, f"{counted(span)}; {words}"
        return
    yield from divided(span, free)


def unreadable(span: Span, written_at: datetime) -> tuple[Finding, str] | None:
    """Why the sums cannot be compared at all."""
    if written_at < span.end + COUNTED_AFTER:
        return Finding.TOO_RECENT, "the file was written less than a day after this; export it again"
    if span.cut:
        words = "runs went on before or after what the file tells of; export a longer span of time"
        return Finding.AT_THE_EDGE, words
    return None


def divided(span: Span, free: int) -> Iterator[Verdict]:
    """More was used than is proven."""
    unknown, more = span.unknown, span.more_tokens
    if not unknown:
        yield Finding.MORE_THAN_KNOWN, f"{counted(span)}; the ledger has no attempt for it"
    elif more > sum(each.tokens for each in unknown) or not 0 < span.more_requests <= free + len(unknown):
        held = sum(each.tokens for each in unknown)
        words = f"{len(unknown)} unknown attempts were held at {held:,} tokens"
        yield Finding.ABOVE_HOLD, f"{counted(span)}; {words}"
    elif len(unknown) > 1:
        names = ", ".join(sorted(each.attempt_id for each in unknown))
        yield Finding.NOT_TOLD_APART, f"{counted(span)}, by any of {names}"
    else:
        yield usage_of(unknown[0], span)


def usage_of(attempt: BookedAttempt, span: Span) -> Verdict:
    """Of the only attempt that the difference can be."""
    usd = None if attempt.price is None else cost_of(span, attempt.price)
    if usd is None:
        words = "prices do not say which of the tokens were the model's input"
        return Finding.NO_PRICE, f"{counted(span)}; {words}"
    if usd < 0 or usd > attempt.usd:
        return Finding.ABOVE_HOLD, f"{counted(span)}: {plain(usd)} USD; {plain(attempt.usd)} were held"
    return Proven(attempt, span.more_tokens, usd)


def cost_of(span: Span, price: Price) -> Decimal | None:
    """The difference at the attempt's price; None where nobody can say how much of it was input."""
    if price.input == price.output:
        return price.of(span.more_tokens, 0)
    known = [input_of(each) for each in span.proven]
    if None in known:
        return None
    more_input = span.input_tokens - sum(each for each in known if each is not None)
    more_output = span.more_tokens - more_input
    if more_input < 0 or more_output < 0:
        return None
    return price.of(more_input, more_output)


def input_of(attempt: BookedAttempt) -> int | None:
    """How many of its tokens were input: the only number that makes its cost at its price."""
    if not attempt.tokens:
        return 0
    price = attempt.price
    if price is None or price.input == price.output:
        return None
    whole = (attempt.usd * PER_MILLION - price.output * attempt.tokens) / (price.input - price.output)
    return int(whole) if whole == whole.to_integral_value() and 0 <= whole <= attempt.tokens else None


def counted(span: Span) -> str:
    return f"{span.more_tokens:,} tokens in {span.more_requests:,} requests more than is proven"
