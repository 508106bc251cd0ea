"""A backtest as one HTML page that needs nothing else: to attach to a pull request."""

from collections import Counter
from collections.abc import Iterable, Iterator
from html import escape

from contracts.values import plain
from operations.backtesting import Backtested

__all__ = ["page"]

HEAD = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Backtest</title>
<style>
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 72rem; padding: 0 1rem; }
table { border-collapse: collapse; width: 100%; }
td, th { border-bottom: 1px solid #8884; padding: .4rem .6rem; text-align: left; vertical-align: top; }
td { overflow-wrap: anywhere; }
.same { color: #18794e; } .other { color: #9a5b00; } .not { color: #b42318; }
:root { color-scheme: light dark; }
</style></head><body>
"""


COLUMNS = ("history", "verdict", "then", "now", "why", "US dollars")


def page(tested: Iterable[tuple[str, Backtested]], called: str = "") -> str:
    """What went another way stands first; `called` says which real calls were made, and their cost."""
    runs = sorted(tested, key=lambda each: each[1].parting is None)
    verdicts = Counter(each.verdict.value for _, each in runs)
    words = ", ".join(f"{number} {verdict}" for verdict, number in verdicts.items())
    rows = "\n".join(row(label, each) for label, each in runs)
    made = f"<p>{escape(called)}</p>\n" if called else ""
    columns = "".join(f"<th>{name}</th>" for name in COLUMNS)
    return (
        f"{HEAD}<h1>Backtest</h1>\n<p>{len(runs)} runs: {escape(words)}</p>\n{made}"
        f"<table><thead><tr>{columns}</tr></thead>\n<tbody>\n{rows}\n</tbody></table></body></html>\n"
    )


def row(label: str, each: Backtested) -> str:
    style = each.verdict.value.partition(" ")[0]
    return f"<tr class={style}>" + "".join(f"<td>{cell}</td>" for cell in cells(label, each)) + "</tr>"


def cells(label: str, each: Backtested) -> Iterator[str]:
    yield escape(label)
    yield escape(each.verdict.value)
    parting = each.parting
    yield escape(str(parting.then or "had ended")) if parting else ""
    yield escape(str(parting.now or "ends")) if parting else ""
    reasons = [*(parting.reasons if parting else ()), *([each.missing] if each.missing else [])]
    yield "<br>".join(map(escape, reasons))
    now = "not known" if each.now_usd is None else plain(each.now_usd)
    yield now if each.now_usd == each.then_usd else f"{plain(each.then_usd)} → {now}"
