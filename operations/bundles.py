"""Bundles: one run in one JSON file, with all that is needed to explain, verify and replay it elsewhere.

A bundle is the history's own JSON with its payloads decoded. Beside `events` stand the run's id and workflow,
the code that it was written with, its sheet, one line that says what happened, and how it is redacted.
"""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from temporalio.client import WorkflowHistory

from operations.evidence import local_activity_id
from operations.histories import HistoryError, load, workflow_type
from operations.payload_text import decoded

__all__ = ["FORMAT", "SEALED", "UNSEALED", "Bundle", "read_bundle", "written"]

FORMAT = 1
SEALED = "texts are placeholders; its digests are made anew, so it verifies as the redacted run"
UNSEALED = "texts are placeholders; its digests are of the originals, so it cannot be verified"


@dataclass(frozen=True)
class Bundle:
    """A history with what is said about it."""

    history: WorkflowHistory
    description: str = ""
    code: dict[str, str | bool] = field(default_factory=dict)
    """What wrote the bundle: see code_version."""
    redacted: str = ""
    """How, for a person; empty when everything is as it was."""


def written(bundle: Bundle, *, brief: bool = False) -> str:
    """The file's text. A brief one leaves out what says only which machine and process took part."""
    events = bundle.history.to_json_dict()["events"]
    content: dict[str, Any] = {
        "bundle": FORMAT,
        "workflow_id": bundle.history.workflow_id,
        "workflow": workflow_type(bundle.history),
        "code": bundle.code,
        "redacted": bundle.redacted,
        "sheet": sheet_in(bundle.history),
        "events": decoded(without(events, MACHINE if brief else TRACES)),
    }
    if bundle.description:
        content = {"description": bundle.description, **content}
    if brief:
        del content["sheet"]  # as its event has it
    return json.dumps(content, indent=1, ensure_ascii=False) + "\n"


# A stack trace names files of the machine that made it.
TRACES = frozenset({"stackTrace"})
MACHINE = TRACES | {
    "identity",
    "requestId",
    "taskId",
    "workerVersion",
    "meteringMetadata",
    "historySizeBytes",
}


def without(value: Any, names: frozenset[str]) -> Any:
    """JSON of events without these fields; payloads are still encoded, so nothing that they say is lost."""
    if isinstance(value, dict):
        return {key: without(content, names) for key, content in value.items() if key not in names}
    return [without(item, names) for item in value] if isinstance(value, list) else value


def sheet_in(history: WorkflowHistory) -> Any:
    """The numbers that the run was held to; None while it has not recorded them."""
    for event in history.events:
        if event.HasField("marker_recorded_event_attributes") and local_activity_id(event) == "sheet":
            payloads = event.marker_recorded_event_attributes.details["result"].payloads
            return json.loads(payloads[0].data) if payloads else None
    return None


def read_bundle(path: Path) -> Bundle:
    """A bundle, or a plain history as one about which nothing is said. Raises HistoryError."""
    history = load(path)
    content = json.loads(path.read_text(encoding="utf-8"))
    if "bundle" not in content:
        return Bundle(history)
    if content["bundle"] != FORMAT:
        raise HistoryError(f"{path}: a bundle of format {content['bundle']!r}; this code reads {FORMAT}")
    return Bundle(
        history,
        str(content.get("description", "")),
        dict(content.get("code") or {}),
        str(content.get("redacted", "")),
    )
