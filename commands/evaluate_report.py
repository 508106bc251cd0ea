"""What an evaluation shows: a row for each group, the shown tickets and those held out kept apart."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from rich.console import Console
from rich.text import Text

from commands.results import as_json, model_s_of, path_of, tokens_of
from commands.sample_tickets import Sample
from commands.tables import print_rows
from operations.lines import put
from operations.story import Story

__all__ = ["Score", "as_text", "print_scores"]


COLUMNS = ("group", "shown", "held out", "wrong refunds", "tokens", "model minutes")


@dataclass(frozen=True)
class Score:
    """What came of one ticket."""

    sample: Sample
    told: Story
    wrong_refunds: int

    @property
    def right(self) -> bool:
        """Whether it ended as a careful reader would have it, by its own story and not by its way out."""
        return path_of(self.told) == self.sample.path

    @property
    def model_s(self) -> float:
        """How long the model worked for it; waiting for the model is not counted."""
        return model_s_of(self.told)

    @property
    def tokens(self) -> int:
        """Proven and unknown."""
        return tokens_of(self.told)

    @property
    def reading(self) -> dict[str, Any]:
        """What the model read in the end; empty when no reading was accepted."""
        replies = [each.reply for each in self.told.attempts if each.step == "read_ticket" and each.reply]
        return replies[-1] if replies and isinstance(replies[-1], dict) else {}


def print_scores(scores: Sequence[Score], problems: Sequence[str], console: Console) -> None:
    """The table, then each ticket that took another path, then what must not happen."""
    console.print()
    groups = sorted({each.sample.group for each in scores})
    rows = [row(group, [each for each in scores if each.sample.group == group]) for group in groups]
    print_rows(console, COLUMNS, [*rows, row("all", scores)])
    console.print()
    for each in scores:
        if not each.right:
            put(console, (0, missed(each), "yellow"))
    for problem in problems:
        put(console, (0, f"FAILED: {problem}", "bold red"))


def row(name: str, scores: Sequence[Score]) -> tuple[Text, ...]:
    numbers = summary(scores)
    wrong = numbers["wrong_refunds"]
    return (
        Text(name),
        Text(share(numbers["shown"])),
        Text(share(numbers["held_out"])),
        Text(str(wrong), style="bold red" if wrong else ""),
        Text(f"{numbers['tokens']:,}"),
        Text(f"{numbers['model_s'] / 60:.1f}"),
    )


def share(part: dict[str, int]) -> str:
    return f"{part['right']} / {part['total']}" if part["total"] else ""


def summary(scores: Sequence[Score]) -> dict[str, Any]:
    """The numbers of a row."""
    parts = {}
    for name, held_out in (("shown", False), ("held_out", True)):
        part = [each for each in scores if each.sample.held_out is held_out]
        parts[name] = {"right": sum(each.right for each in part), "total": len(part)}
    return {
        **parts,
        "wrong_refunds": sum(each.wrong_refunds for each in scores),
        "tokens": sum(each.tokens for each in scores),
        "model_s": round(sum(each.model_s for each in scores), 1),
    }


def missed(score: Score) -> str:
    """Where a ticket went instead and what was misread; of one held out only where it went."""
    words = f"{score.sample.label}: {path_of(score.told)}, should be {score.sample.path}"
    if score.sample.held_out:
        return f"{words} (held out)"
    truth = score.sample.reading.model_dump(mode="json", exclude={"summary"})
    read = {name: score.reading.get(name) for name in truth}
    wrong = [f"{name} {read[name]} for {truth[name]}" for name in truth if read[name] != truth[name]]
    return f"{words}; read {', '.join(wrong)}" if wrong else words


def as_text(scores: Sequence[Score], problems: Sequence[str], profile: str) -> str:
    """The same as JSON."""
    groups = sorted({each.sample.group for each in scores})
    return json.dumps(
        {
            "ok": not problems,
            "problems": list(problems),
            "profile": profile,
            "all": summary(scores),
            "groups": {
                group: summary([each for each in scores if each.sample.group == group]) for group in groups
            },
            "tickets": [
                {
                    **as_json(each.sample.label, each.told),
                    "group": each.sample.group,
                    "held_out": each.sample.held_out,
                    "path": path_of(each.told),
                    "expected": each.sample.path,
                    "wrong_refunds": each.wrong_refunds,
                }
                for each in scores
            ],
        },
        indent=1,
    )
