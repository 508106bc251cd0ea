"""Many steps side by side as a table: one line each, and each failure in words."""

from collections import Counter
from collections.abc import Iterator, Mapping
from decimal import Decimal

from operations.lines import Line
from operations.side_by_side import Part, SideBySide
from operations.story_items import AttemptMade, Booked, Decided, Waited
from operations.wording import amount_text, counted, duration, tokens_text

__all__ = ["COLUMNS", "failure_lines", "heading", "part_row", "side_lines"]

COLUMNS = ("step", "pages", "attempts", "ran", "cost", "outcome")
INDENT = 11
GAP = "  "


def side_lines(together: SideBySide, pages: Mapping[str, str]) -> Iterator[Line]:
    """The heading, a row for each step, every failure, and what was decided upon them."""
    parts = together.parts
    yield 0, heading(together), ""
    columns = COLUMNS if pages else tuple(name for name in COLUMNS if name != "pages")
    rows = [dict(zip(COLUMNS, part_row(each, pages), strict=True)) for each in parts]
    widths = {name: max(len(name), *(len(row[name]) for row in rows)) for name in columns}
    yield INDENT, in_columns({name: name for name in columns}, widths), "dim"
    for part, row in zip(parts, rows, strict=True):
        yield INDENT, in_columns(row, widths), "red" if failed(part.last) else ""
    yield from failure_lines(together)


def in_columns(row: Mapping[str, str], widths: Mapping[str, int]) -> str:
    return GAP.join(row[name].ljust(width) for name, width in widths.items()).rstrip()


def heading(together: SideBySide) -> str:
    """`read_section, 8 side by side, because it says what is in these pages`."""
    first = together.attempts[0]
    return f"{first.step}, {len(together.parts)} side by side, because {first.why}"


def part_row(part: Part, pages: Mapping[str, str]) -> tuple[str, ...]:
    """Its cells, as COLUMNS names them."""
    last, ran = part.last, sum(each.ran_s or 0.0 for each in part.attempts)
    fault = f" ({last.fault})" if last.fault else ""
    came = f"{last.outcome}{fault}"
    return (
        part.number,
        pages.get(part.number, ""),
        str(len(part.attempts)),
        duration(ran),
        ", ".join(costs_of(part)),
        came if last.taken_in else f"{came} [about to be taken in]",
    )


def costs_of(part: Part) -> Iterator[str]:
    """Proven, held and unknown, never merged."""
    usd = sum((each.usd or Decimal(0) for each in part.attempts), start=Decimal(0))
    tokens = sum(each.tokens or 0 for each in part.attempts)
    unknown = sum(each.cost is Booked.UNKNOWN for each in part.attempts)
    held = sum(each.cost is Booked.HELD for each in part.attempts)
    if tokens or not (unknown or held):
        yield tokens_text(usd, tokens)
    if held:
        yield f"{held} held"
    if unknown:
        yield f"{unknown} unknown"


def failure_lines(together: SideBySide) -> Iterator[Line]:
    """Each failed attempt in words; decisions and waits of the same kind once, with their number."""
    for each in together.attempts:
        if failed(each):
            fault = f" ({each.fault})" if each.fault else ""
            lost = f"; its cost is unknown, booked at {amount_text(each.hold)}" if is_lost(each) else ""
            words = f"attempt {each.attempt_id} {each.outcome}{fault}: {each.reason or 'no more is known'}"
            yield INDENT, words + lost, "red"
    kinds = Counter(map(kind_of, together.items))
    for kind, number in kinds.items():
        if kind:
            yield INDENT, kind if number == 1 else f"{kind}; {counted(number, 'time')}", "dim"


def failed(attempt: AttemptMade) -> bool:
    return attempt.outcome not in {"succeeded", "queued", "running"}


def is_lost(attempt: AttemptMade) -> bool:
    return attempt.cost is Booked.UNKNOWN


def kind_of(item: object) -> str:
    match item:
        case Decided():
            return f"decided {item.table} v{item.version}: {item.outcome}, because {item.because}"
        case Waited():
            return f"wait: {item.what}: {item.state}"
        case _:
            return ""
