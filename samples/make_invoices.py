"""The sample invoices, for `python -m samples.make_invoices`.

Writes `samples/invoices/` and, beside it, what is true of each, `samples/invoices.jsonl`. Deterministic:
the same bytes for the same seed. `--long PAGES FILE` writes one document of that many pages instead.
"""

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from samples.invoice_cases import HELD_OUT, Case, cases
from samples.invoice_layouts import draw
from samples.long_bill import long_document

__all__ = ["SEED", "Made", "made", "main"]

SEED = 7
FOLDER = Path(__file__).parent / "invoices"
WRONG = frozenset({"wrong_total", "wrong_line"})


@dataclass(frozen=True)
class Made:
    """A file and its line of the truth."""

    case: Case
    content: bytes
    truth: dict[str, Any]


def made(seed: int = SEED) -> Iterator[Made]:
    """Every sample invoice."""
    for case in cases(seed):
        content, pages = draw(case)
        broken = case.group == "broken"
        truth = {
            "file": case.file,
            "group": case.group,
            "layout": case.layout,
            "held_out": case.layout in HELD_OUT,
            "locale": case.locale.name,
            "worded_dates": case.worded_dates,
            "pages": pages,
            "adds_up": case.group not in WRONG,
            "hidden": case.locale.orders if case.group == "hidden_orders" else None,
            "invoice": None if broken else case.invoice.model_dump(mode="json"),
        }
        # Cut in its first page: what is left is no page any more.
        yield Made(case, content[: len(content) // 4] if broken else content, truth)


def main(arguments: Sequence[str]) -> int:
    """Exit status 0."""
    parser = argparse.ArgumentParser(prog="python -m samples.make_invoices", description=__doc__)
    parser.add_argument("--long", nargs=2, metavar=("PAGES", "FILE"))
    chosen = parser.parse_args(arguments)
    if chosen.long:
        Path(chosen.long[1]).write_bytes(long_document(int(chosen.long[0])))
        return 0
    FOLDER.mkdir(exist_ok=True)
    lines = []
    for each in made():
        (FOLDER / each.case.file).write_bytes(each.content)
        lines.append(json.dumps(each.truth, ensure_ascii=False))
    FOLDER.with_suffix(".jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
