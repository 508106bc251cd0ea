"""Run in a changed checkout: what both gates say to one history, as JSON."""

import asyncio
import json
import sys
from pathlib import Path

from temporalio.client import WorkflowHistory

from commands.quiet import quiet
from operations.histories import event_name, load
from operations.verification import finding_as_json, verify
from process import end
from workflows.resolve_ticket import ResolveTicket


def main(file: str, until: str) -> int:
    """The history is cut before the first event of the kind `until`, if one is named."""
    quiet()
    history = load(Path(file))
    events = list(history.events)
    if until:
        cut = next(at for at, event in enumerate(events) if f"({until})" in event_name(event))
        history = WorkflowHistory(history.workflow_id, events[:cut])
    verified = asyncio.run(verify(history, [ResolveTicket]))
    sys.stdout.write(json.dumps([finding_as_json(finding) for finding in verified.findings]))
    return 0


if __name__ == "__main__":
    end(main(*sys.argv[1:]))
