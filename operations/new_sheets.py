"""The sheet that a recorded run would get today: its recording's, with the current code's numbers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from contracts.sheet import Price, Route, Sheet
from contracts.terms import Terms

__all__ = ["Changes", "new_sheet"]


@dataclass(frozen=True)
class Changes:
    """What is to be different, beside the code."""

    thresholds: Mapping[str, Decimal] = field(default_factory=dict)
    prices: Mapping[str, Price] = field(default_factory=dict)
    """By route."""
    routes: Sequence[Route] = ()
    """Instead of the recorded ones, those of another profile."""


def new_sheet(recorded: Sheet, terms: Terms, plan: Any, changes: Changes) -> Sheet:
    """Steps, escrow and thresholds are the code's. Routes, and what effects offer, are configuration: as
    recorded, so that a backtest says the same on every machine. Names that nobody knows change nothing."""
    request = plan.sheet_request(terms.profile)
    routes = tuple(changes.routes) or recorded.routes
    steps = {
        name: numbers.model_copy(update={"offers": recorded.steps[name].offers})
        if numbers.offers is not None and name in recorded.steps
        else numbers
        for name, numbers in request.steps.items()
    }
    return recorded.model_copy(
        update={
            "routes": tuple(
                route.model_copy(update={"price": changes.prices.get(route.name, route.price)})
                for route in routes
            ),
            "steps": steps,
            "escrow": request.escrow,
            "thresholds": {
                name: changes.thresholds.get(name, number) for name, number in request.thresholds.items()
            },
        }
    )
