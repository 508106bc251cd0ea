"""A finished run as a file of the corpus: small, described, with nothing of the machine it ran on."""

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from temporalio.client import WorkflowHistory

from operations.bundles import Bundle, written
from operations.code_version import code_version
from operations.histories import HistoryError, load_text
from operations.story import story
from operations.verification import verify

__all__ = ["corpus_file"]

GOES_ON = frozenset({"running", "not started"})
# Of a sticky queue, with an id of the worker's own; and a task's, which repeats the run's.
QUEUE_OF_TASK = "workflowTaskScheduledEventAttributes"


async def corpus_file(
    history: WorkflowHistory, description: str, workflows: Sequence[Any], machine: Iterable[Path] = ()
) -> str:
    """The file's text, verified as it will be read. `machine` are folders whose names are not kept.

    Raises HistoryError for a run that goes on, and when what is left does not verify.
    """
    told = story(history)
    if told.state in GOES_ON:
        raise HistoryError(f"{history.workflow_id}: {told.state}: only a run that has ended is recorded")
    text = history.to_json()
    for folder in sorted(map(str, machine), key=len, reverse=True):
        text = text.replace(folder, ".")
    events = json.loads(text)["events"]
    for event in events:
        event.get(QUEUE_OF_TASK, {}).pop("taskQueue", None)
    kept = load_text(json.dumps({"events": events}), history.workflow_id)
    made = written(Bundle(kept, description, code_version()), brief=True)
    verified = await verify(load_text(made, history.workflow_id), list(workflows))
    if not verified.holds:
        first = verified.findings[0]
        raise HistoryError(
            f"{history.workflow_id}: the current code does not do what it did: {first.event}: {first.what}"
        )
    return made
