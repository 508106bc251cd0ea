"""What the demo shows at its end."""

import json
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from rich.console import Console
from rich.text import Text

from commands.demo_proof import Proof
from commands.looking import print_verification
from commands.other_paths import other_paths
from commands.results import as_json, path_of
from commands.sample_tickets import Sample
from commands.tables import print_rows
from operations.decision_rows import tables_of
from operations.explaining import explain
from operations.lines import put
from operations.story import Story
from operations.wording import compact, dollars, tokens_text

__all__ = ["as_text", "print_demo"]


def print_demo(
    runs: Sequence[tuple[Sample, Story]],
    proof: Proof,
    killed_during: str | None,
    console: Console,
    workflows: Any,
) -> None:
    """Results, then what was proven, then one run explained."""
    console.print()
    print_rows(console, ("ticket", "path", "expected", "refund", "proven", "unknown", "time"), results(runs))
    for line in other_paths(runs):
        put(console, line)
    console.print()
    for line in proven(runs, proof, killed_during):
        put(console, line)
    if runs:
        shown = next((i for i, (_, told) in enumerate(runs) if lost(told)), 0)
        console.print()
        put(console, (0, f"one run explained: {runs[shown][0].label}", "bold underline"))
        explain(runs[shown][1], tables_of(list(workflows)), console)
        print_verification(proof.verified[shown], console)
    console.print()
    for problem in proof.problems:
        put(console, (0, f"FAILED: {problem}", "bold red"))


def lost(told: Story) -> bool:
    return bool(told.totals.unknown.calls)


def results(runs: Sequence[tuple[Sample, Story]]) -> list[tuple[Text, ...]]:
    rows: list[tuple[Text, ...]] = []
    for part, told in runs:
        path, totals = path_of(told), told.totals
        refund = (told.result or {}).get("refunded")
        rows.append(
            (
                Text(part.label.removesuffix(".eml")),
                Text(path, style="green" if path == part.path else "yellow"),
                Text("the same" if path == part.path else part.path),
                Text(dollars(Decimal(refund)) if refund else ""),
                Text(tokens_text(totals.proven_usd, totals.proven_tokens)),
                Text(f"{totals.unknown.tokens:,} tok" if lost(told) else "", style="red"),
                Text(compact(told.duration_s)),
            )
        )
    return rows


def proven(
    runs: Sequence[tuple[Sample, Story]], proof: Proof, killed_during: str | None
) -> list[tuple[int, str, str]]:
    lines = []
    if killed_during is not None:
        name = next((p.label for p, told in runs if killed_during in ids(told)), "a run")
        words = f"the worker was killed during attempt {killed_during} ({name}): its cost is unknown, "
        lines.append((0, words + "booked at its worst case, and the step was tried again", ""))
    if proof.matched is not None:
        found = proof.matched
        lines.append(
            (
                0,
                f"{found.requests} requests at the model server, {found.attempts} attempts in the ledgers: "
                + ("matched one to one" if not found.problems else "NOT matched")
                + (f"; {found.unsent} attempts sent nothing" if found.unsent else ""),
                "",
            )
        )
    else:
        lines.append(
            (0, "the provider's own request journal is not here, so requests are not matched", "dim")
        )
    for refund in proof.refunds:
        voided = ", voided" if refund.voided else ""
        lines.append(
            (0, f"payment service: {dollars(refund.usd)} back for {refund.order_number}, once{voided}", "")
        )
    holds = sum(each.holds for each in proof.verified)
    lines.append((0, f"{holds} of {len(proof.verified)} histories verified against the current code", ""))
    return lines


def ids(told: Story) -> set[str]:
    return {attempt.attempt_id for attempt in told.attempts}


def as_text(
    runs: Sequence[tuple[Sample, Story]], proof: Proof, killed_during: str | None, ui: str | None
) -> str:
    """The same as JSON."""
    tickets = [
        {**as_json(part.label, told), "path": path_of(told), "expected": part.path} for part, told in runs
    ]
    matched = proof.matched
    return json.dumps(
        {
            "ok": not proof.problems,
            "problems": proof.problems,
            "tickets": tickets,
            "killed_during": killed_during,
            "requests": None if matched is None else {"seen": matched.requests, "attempts": matched.attempts},
            "refunds": [{"order": each.order_number, "usd": str(each.usd)} for each in proof.refunds],
            "verified": [each.holds for each in proof.verified],
            "ui": ui,
        },
        indent=1,
    )
