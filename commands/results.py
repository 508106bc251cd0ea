"""What came of runs: a row for each, from its history."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from rich.console import Console
from rich.text import Text

from commands.tables import print_rows
from operations.lines import put, safe
from operations.story import Story
from operations.wording import compact, dollars, tokens_text

__all__ = ["as_json", "model_s_of", "path_of", "print_results", "tokens_of"]

OF_TICKETS = ("order", "refund")


def print_results(stories: Sequence[tuple[str, Story]], console: Console) -> None:
    """A table: path, cost and time of each run, with order and refund where there are any."""
    rows: list[tuple[Text, ...]] = []
    for label, told in stories:
        result, totals = told.result or {}, told.totals
        lost = totals.unknown
        rows.append(
            (
                Text(safe(label)),
                Text(path_of(told), style="" if told.state in {"completed", "running"} else "red"),
                Text(safe(str(result.get("order_number") or ""))),
                Text(dollars(Decimal(result["refunded"])) if result.get("refunded") else ""),
                Text(tokens_text(totals.proven_usd, totals.proven_tokens)),
                Text(tokens_text(lost.usd, lost.tokens) if lost.calls else "", style="red"),
                Text(compact(told.duration_s)),
            )
        )
    columns = ("input", "path", "order", "refund", "proven", "unknown", "time")
    kept = [at for at, name in enumerate(columns) if name not in OF_TICKETS or any(row[at] for row in rows)]
    print_rows(console, [columns[at] for at in kept], [[row[at] for at in kept] for row in rows])
    for label, told in stories:
        if told.reason is not None:
            put(console, (0, f"{label}: {told.reason}", "red"))


def path_of(told: Story) -> str:
    """How it ended: the workflow's own word for it, with why it left its story early if it did."""
    result = told.result or {}
    ending = result.get("ending")
    path = str(result.get("path", told.state))
    return f"{path} ({ending['kind']})" if isinstance(ending, dict) else path


def model_s_of(told: Story) -> float:
    """How long models worked for it; waiting for one is not counted."""
    return sum(each.ran_s or 0.0 for each in told.attempts if each.route is not None)


def tokens_of(told: Story) -> int:
    """Proven and unknown."""
    return told.totals.proven_tokens + told.totals.unknown.tokens


def as_json(label: str, told: Story) -> dict[str, Any]:
    """The same for a program; amounts are decimal strings in US dollars."""
    totals = told.totals.model_dump(mode="json")
    return {
        "input": label,
        "workflow_id": told.workflow_id,
        "run_id": told.run_id,
        "state": told.state,
        "result": told.result,
        "reason": told.reason,
        "totals": totals,
        "duration_s": round(told.duration_s, 3),
    }
