"""What may be started first: each registered workflow with a sample input of its own."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from embedded.stack import CHECKOUT

__all__ = ["TICKET", "first_runs"]

TICKET = "samples/tickets/01-broken-mugs.eml"
# Whatever is not read from JSON. `new` writes samples/NAME.json.
SAMPLES = {"resolve-ticket": TICKET, "extract-records": "samples/invoices/01-letter-en-US.pdf"}


def first_runs(workflows: Sequence[Any], checkout: Path = CHECKOUT) -> Iterator[str]:
    """A command for each, in the worker's order; `INPUT` where no sample is there."""
    for each in workflows:
        name = each.plan.name
        sample = SAMPLES.get(name, f"samples/{name}.json")
        yield f"python starter.py run {name} {sample if (checkout / sample).exists() else 'INPUT'}"
