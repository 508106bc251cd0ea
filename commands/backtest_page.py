"""A backtest as one HTML page that needs nothing else: to attach to a pull request."""

from collections import Counter
from collections.abc import Iterable, Iterator

from contracts.values import plain
from operations.backtesting import Backtested
from operations.pages import page as whole
from operations.pages import table, tag
from operations.wording import counted

__all__ = ["page"]

STYLE = """\
.same td:nth-child(2) { color: var(--good); }
.other td:nth-child(2) { color: var(--open); font-weight: 600; }
.not td:nth-child(2) { color: var(--bad); font-weight: 600; }
td { white-space: pre-line; }
td:nth-child(5) { min-width: 11rem; }
"""
COLUMNS = ("history", "verdict", "then", "now", "why", "US dollars")


def page(tested: Iterable[tuple[str, Backtested]], called: str = "") -> str:
    """What went another way stands first; `called` says which real calls were made, and their cost."""
    runs = sorted(tested, key=lambda each: each[1].parting is None)
    verdicts = Counter(each.verdict.value for _, each in runs)
    words = ", ".join(f"{number} {verdict}" for verdict, number in verdicts.items())
    rows = [tuple(cells(label, each)) for label, each in runs]
    classes = [each.verdict.value.partition(" ")[0] for _, each in runs]
    header = [tag("h1", "Backtest"), tag("p", f"{counted(len(runs), 'run')}: {words}")]
    if called:
        header.append(tag("p", called))
    body = [tag("header", *header), tag("main", table(COLUMNS, rows, classes=classes))]
    return whole("Backtest", body, style=STYLE)


def cells(label: str, each: Backtested) -> Iterator[str]:
    yield label
    yield each.verdict.value
    parting = each.parting
    yield str(parting.then or "had ended") if parting else ""
    yield str(parting.now or "ends") if parting else ""
    reasons = [*(parting.reasons if parting else ()), *([each.missing] if each.missing else [])]
    yield "\n".join(reasons)
    now = "not known" if each.now_usd is None else plain(each.now_usd)
    yield now if each.now_usd == each.then_usd else f"{plain(each.then_usd)} → {now}"
