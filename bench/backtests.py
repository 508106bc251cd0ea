"""Recorded runs a second: replayed, verified, and backtested with the same path and with another."""

import time
from collections.abc import Awaitable, Callable
from decimal import Decimal
from typing import Any

from temporalio.client import WorkflowHistory

from bench.figures import Section, Spread, Table, ratios
from embedded.stack import CHECKOUT
from operations.backtesting import Verdict, backtest
from operations.histories import load
from operations.new_sheets import Changes
from operations.recomputing import recompute
from operations.verification import verify
from workflows.resolve_ticket import ResolveTicket

__all__ = ["measure"]

WORKFLOWS = [ResolveTicket]
MOVED = Changes(thresholds={"approval_above_usd": Decimal(1)})
WAYS: dict[str, Callable[[WorkflowHistory], Awaitable[Any]]] = {
    "replayed": lambda history: recompute(history, WORKFLOWS),
    "verified": lambda history: verify(history, WORKFLOWS),
    "backtested, nothing changed": lambda history: backtest(history, WORKFLOWS),
    "backtested, a threshold moved": lambda history: backtest(history, WORKFLOWS, MOVED),
}


async def measure(*, quick: bool) -> Section:
    """The recorded corpus, each way in turn."""
    rounds = 2 if quick else 10
    histories = [load(file) for file in sorted((CHECKOUT / "tests" / "histories").glob("*.json"))]
    measured: dict[str, list[float]] = {name: [] for name in WAYS}
    for number in range(rounds + 1):
        for name, way in WAYS.items():
            began = time.perf_counter()
            for history in histories:
                await way(history)
            if number:  # the first round only fills the caches
                measured[name].append(len(histories) / (time.perf_counter() - began))
    other = [await backtest(history, WORKFLOWS, MOVED) for history in histories]
    parted = sum(each.verdict is Verdict.OTHER_PATH for each in other)
    spreads = {name: Spread(values) for name, values in measured.items()}
    rows = [[name, each.text(), ratios(each, spreads["replayed"]).text(2)] for name, each in spreads.items()]
    return Section(
        "backtest",
        f"The {len(histories)} recorded runs of tests/histories one after the other in one process, "
        f"{rounds} turns each.",
        [Table(["runs", "a second", "/ replayed"], rows)],
        notes=[f"with the threshold moved, {parted} of {len(histories)} go another path"],
        figures=measured,
    )
