"""What an evaluation of documents shows: fields by layout, what became of each, and the second pass."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, astuple
from functools import reduce
from typing import Any

from rich.console import Console
from rich.text import Text

from commands.document_scores import DocumentScore, Outcome
from commands.record_scores import Share
from commands.results import as_json
from commands.sample_documents import INVOICE
from commands.second_pass import SecondPass
from commands.tables import print_rows
from operations.lines import put
from operations.wording import counted

__all__ = ["as_text", "print_documents"]

FIELDS = tuple(each.name for each in INVOICE.fields)
MEASURES = (*FIELDS, "all fields", "rows whole", "cells of rows", "records whole")
# A run that did not end is a problem, and no column.
SHOWN = tuple(each for each in Outcome if each is not Outcome.UNFINISHED)
OUTCOMES = ("layout", "documents", *SHOWN, "tokens", "model minutes")


def print_documents(
    scores: Sequence[DocumentScore], again: SecondPass, problems: Sequence[str], console: Console
) -> None:
    """Two tables, each document that is shown and was misread, and what must not happen."""
    parts = dict(columns(scores))
    console.print()
    rows = [
        (Text(name), *(Text(share_text(measured(part, name))) for part in parts.values()))
        for name in MEASURES
    ]
    print_rows(console, ("right of", *parts), rows)
    console.print()
    print_rows(console, OUTCOMES, [outcome_row(*each) for each in {**parts, "all": scores}.items()])
    console.print()
    for each in scores:
        if wrong := missed(each):
            put(console, (0, wrong, "yellow"))
    for line in summary_lines(scores, again):
        put(console, (0, line, ""))
    for problem in problems:
        put(console, (0, f"FAILED: {problem}", "bold red"))


def columns(scores: Sequence[DocumentScore]) -> Iterator[tuple[str, list[DocumentScore]]]:
    """The layouts that prompts are written for and all of them together, then the same of those held out."""
    for together, held_out in (("shown", False), ("held out", True)):
        part = [each for each in scores if each.sample.held_out is held_out]
        for layout in dict.fromkeys(each.sample.layout for each in part):
            yield layout, [each for each in part if each.sample.layout == layout]
        if part:
            yield together, part


def measured(scores: Sequence[DocumentScore], name: str) -> Share:
    """A row of the first table, over documents that can be read."""
    read = [each.read for each in scores if each.read is not None]
    match name:
        case "all fields":
            shares = [each.header for each in read]
        case "rows whole":
            shares = [each.rows for each in read]
        case "cells of rows":
            shares = [each.cells for each in read]
        case "records whole":
            shares = [Share(each.exact, 1) for each in read]
        case _:
            shares = [Share(each.fields[name], 1) for each in read if name in each.fields]
    return reduce(Share.__add__, shares, Share())


def share_text(share: Share) -> str:
    return f"{share.right}/{share.total}" if share.total else ""


def outcome_row(name: str, scores: Sequence[DocumentScore]) -> tuple[Text, ...]:
    numbers = summary(scores)
    counts = [str(numbers[key(outcome)] or "") for outcome in SHOWN]
    work = [f"{numbers['tokens']:,}", f"{numbers['model_s'] / 60:.1f}"]
    return tuple(map(Text, (name, str(len(scores)), *counts, *work)))


def missed(score: DocumentScore) -> str:
    """What was read wrong; of one held out only that something was."""
    if score.read is None or score.read.exact:
        return ""
    words = f"{score.sample.label} ({score.sample.group}): {score.outcome.value}"
    return f"{words} (held out)" if score.sample.held_out else f"{words}; read {', '.join(score.misread())}"


def summary_lines(scores: Sequence[DocumentScore], again: SecondPass) -> Iterator[str]:
    numbers = summary(scores)
    documents = counted(len(scores), "document")
    yield (
        f"{numbers['written_without_review']} of {documents} were written without review, "
        f"{numbers['untrue_without_review']} of them with a value that is not true"
    )
    yield (
        f"{numbers['unverifiable']} cannot be verified; "
        f"{numbers['unverifiable_without_review']} of them were written without review"
    )
    joined = f", {again.joined} joined" if again.joined else ""
    yield (
        f"the same {counted(again.asked, 'document')} again: {again.from_completed_work} answered from "
        f"completed work{joined}, {counted(again.model_requests, 'model request')}, "
        f"{counted(again.new_rows, 'new row')}"
    )


def summary(scores: Sequence[DocumentScore]) -> dict[str, Any]:
    """The numbers of some documents."""
    unverified = [each for each in scores if each.sample.needs_review is not None]
    unseen = [each for each in scores if each.outcome is Outcome.WRITTEN]
    return {
        "documents": len(scores),
        **{key(outcome): sum(each.outcome is outcome for each in scores) for outcome in Outcome},
        "untrue_without_review": sum(each.row_is_untrue for each in unseen),
        "unverifiable": len(unverified),
        "unverifiable_without_review": sum(each in unseen for each in unverified),
        "tokens": sum(each.tokens for each in scores),
        "model_s": round(sum(each.model_s for each in scores), 1),
    }


def key(outcome: Outcome) -> str:
    return outcome.value.replace(" ", "_")


def as_text(scores: Sequence[DocumentScore], again: SecondPass, problems: Sequence[str], profile: str) -> str:
    """The same as JSON; a share is `[right, total]`."""
    parts = dict(columns(scores))
    groups = dict.fromkeys(each.sample.group for each in scores)
    return json.dumps(
        {
            "ok": not problems,
            "problems": list(problems),
            "profile": profile,
            "all": summary(scores),
            "layouts": {name: summary(part) for name, part in parts.items()},
            "groups": {
                group: summary([each for each in scores if each.sample.group == group]) for group in groups
            },
            "fields": {
                name: {column: astuple(measured(part, name)) for column, part in parts.items()}
                for name in MEASURES
            },
            "again": asdict(again),
            "documents": [document(each) for each in scores],
        },
        indent=1,
    )


def document(score: DocumentScore) -> dict[str, Any]:
    """One document; what was read of one that is held out is left out."""
    sample = score.sample
    told = as_json(sample.label, score.told)
    if sample.held_out:
        told["result"] = None
    return {
        **told,
        "group": sample.group,
        "layout": sample.layout,
        "held_out": sample.held_out,
        "outcome": score.outcome.value,
        "exact": score.read is not None and score.read.exact,
        "misread": [] if sample.held_out else score.misread(),
    }
