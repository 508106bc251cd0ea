"""Read runs as rows for a data warehouse: a line of JSON for each attempt and decision, and for the totals.

    python -m examples.read_story resolve-ticket/acme/3f2a9c1e5b7d8a60 >rows.jsonl
    python -m examples.read_story tests/histories/*.json

A run is named by its workflow id on the server, or by a .json file that `starter.py export` wrote. The cost
of an attempt is `proven`, `none`, `unknown` (booked at its `hold`) or `held`; amounts are decimal strings in
US dollars. What customers and models wrote stays out.
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from connection import connect
from operations.histories import fetch, load
from operations.story import Story, story
from operations.story_items import AttemptMade, Decided
from process import run


def rows_of(told: Story) -> Iterator[dict[str, Any]]:
    which = {"workflow_id": told.workflow_id, "run_id": told.run_id}
    for item in told.items:
        if isinstance(item, AttemptMade):
            yield which | item.model_dump(mode="json", exclude={"request", "reply"})
        elif isinstance(item, Decided):
            yield which | item.model_dump(mode="json")
    tenant = told.terms.tenant if told.terms else None
    yield (
        which
        | {"kind": "totals", "tenant": tenant, "state": told.state}
        | told.totals.model_dump(mode="json")
    )


async def main(names: list[str]) -> None:
    for name in names:
        history = load(Path(name)) if name.endswith(".json") else await fetch(await connect(), name)
        for row in rows_of(story(history)):
            print(json.dumps(row))


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    run(main(sys.argv[1:]))
