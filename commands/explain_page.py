"""`explain --html`: a run's story as a page to look at and to send."""

import re
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from temporalio.client import Client

from commands.sources import Found
from commands.writing import write
from operations.decision_rows import tables_of
from operations.histories import fetch
from operations.stays import beginnings
from operations.story import Story, Totals, story, sum_of
from operations.story_pages import Surroundings, story_page
from operations.verification import Verification
from operations.verification_lines import verification_lines

__all__ = ["BESIDE", "write_story_page"]

# Given without a name, the page is named after the run.
BESIDE = Path()


async def write_story_page(
    path: Path, found: Found, told: Story, workflows: Sequence[Any], verified: Verification | None
) -> None:
    """Raises CommandError for a place that cannot be written."""
    runs, together = (0, None) if found.client is None else await all_runs(found.client, told)
    beside = Surroundings(
        tables=tables_of(list(workflows)),
        beginning=beginnings(list(workflows)).get(told.workflow, "(the beginning)"),
        now=datetime.now(UTC) if found.client is not None else None,
        runs=runs,
        together=together,
        redacted=found.redacted,
        verdict=tuple(words for _, words, _ in verification_lines(verified)) if verified else (),
        holds=verified is None or verified.holds,
    )
    target = path if path != BESIDE else Path(f"{name_of(told.workflow_id)}.html")
    write(target, story_page(told, beside))
    sys.stderr.write(f"wrote {target}\n")


def name_of(workflow_id: str) -> str:
    """The id's last part, as far as it makes a file name anywhere."""
    return re.sub(r"[^A-Za-z0-9_-]+", "-", workflow_id.rpartition("/")[2])[:80].strip("-") or "run"


async def all_runs(client: Client, told: Story) -> tuple[int, Totals | None]:
    """How many runs the workflow id had, and what they cost together; nothing where nobody can ask."""
    if "'" in told.workflow_id:
        return 0, None
    stories = {told.run_id: told}
    async for each in client.list_workflows(f"WorkflowId = '{told.workflow_id}'"):
        if each.run_id not in stories:
            stories[each.run_id] = story(await fetch(client, each.id, each.run_id))
    return len(stories), sum_of(stories.values())
