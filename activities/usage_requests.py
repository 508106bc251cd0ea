"""What a line for each request proves: the attempt of that id cost what the line says."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from decimal import Decimal

from activities.booked_attempts import BookedAttempt, Finding, Found, Proven
from activities.usage_buckets import family
from activities.usage_files import Billed
from contracts.receipts import AttemptEnd
from contracts.values import plain

__all__ = ["judged_requests"]


def judged_requests(
    requests: Sequence[Billed], attempts: Iterable[BookedAttempt]
) -> tuple[list[Proven], int, list[Found]]:
    """What is proven now, how many lines only say what was proven before, and what proves nothing."""
    known: dict[str, list[BookedAttempt]] = defaultdict(list)
    for attempt in attempts:
        known[attempt.attempt_id].append(attempt)
    proven: list[Proven] = []
    found: list[Found] = []
    again = 0
    for billed in requests:
        match judged(billed, known[billed.attempt_id]):
            case Proven() as proof:
                proven.append(proof)
            case None:
                again += 1
            case finding, words:
                found.append(Found(finding, f"line {billed.line}", f"attempt {billed.attempt_id} {words}"))
    return proven, again, found


def judged(billed: Billed, known: Sequence[BookedAttempt]) -> Proven | tuple[Finding, str] | None:
    """None for what was proven before."""
    if not known:
        return Finding.NOT_IN_LEDGER, "is not booked; its run may still be open"
    if len(known) > 1:
        return Finding.NOT_TOLD_APART, f"is booked on {len(known)} leases"
    (attempt,) = known
    if family(billed.model) != family(attempt.model):
        return Finding.OTHER_MODEL, f"asked {attempt.model}, the file says {billed.model}"
    if attempt.end is AttemptEnd.RELEASED:
        return Finding.NEVER_BEGAN, "is proven never to have begun"
    cost = usd_of(billed, attempt)
    if not attempt.is_unknown:
        if billed.tokens == attempt.tokens and billed.usd in (None, attempt.usd):
            return None
        return Finding.DIFFERS, (
            f"is proven at {attempt.tokens:,} tokens, {plain(attempt.usd)} USD; the file says "
            f"{billed.tokens:,} tokens" + ("" if cost is None else f", {plain(cost)} USD")
        )
    if cost is None:
        return Finding.NO_PRICE, "was booked without a price; a column `usd` would prove its cost"
    if billed.tokens > attempt.tokens or cost > attempt.usd:
        return Finding.ABOVE_HOLD, (
            f"was held at {attempt.tokens:,} tokens, {plain(attempt.usd)} USD; the file says "
            f"{billed.tokens:,} tokens, {plain(cost)} USD"
        )
    return Proven(attempt, billed.tokens, cost)


def usd_of(billed: Billed, attempt: BookedAttempt) -> Decimal | None:
    """The provider's own word, else its tokens at the price of the run's sheet."""
    if billed.usd is not None:
        return billed.usd
    if not billed.tokens:
        return Decimal(0)
    return attempt.price.of(billed.input_tokens, billed.output_tokens) if attempt.price else None
