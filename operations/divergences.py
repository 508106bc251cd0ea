"""A divergence in words: what is recorded, what the code does, and what to do about it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from google.protobuf.message import DecodeError
from temporalio.api.failure.v1 import ApplicationFailureInfo
from temporalio.bridge.proto.workflow_commands import WorkflowCommand

from contracts.receipts import TrailLink
from operations.commands import SUMMARY, Disagreement
from workflows.kernel.trail import HEADER

__all__ = ["OUT_OF_ORDER", "RAISED", "Divergence", "command_name", "divergence"]

OUT_OF_ORDER = (
    "open runs of this history break: keep the old order behind workflow.patched, deploy the change as a new "
    "worker version and let open runs end on the old one, or revert it"
)
RAISED = "open runs of this history stand still until it is mended: mend or revert it"
ROWS = (
    "rows changed and the version did not: raise the table's version; where the outcome differs, runs that "
    "have decided need workflow.patched"
)
NEW_VERSION = (
    "runs that have decided by the old version: keep their branch behind workflow.patched, or revert"
)
STAGES = "lists and open runs know the recorded stage: rename behind workflow.patched, or revert"
WORDS = "only words for people: no open run breaks; record the history anew"
TIMER = "open runs have begun this wait: take its length from the sheet, use workflow.patched, or revert"
CONTENT = (
    "Temporal would not notice, and nothing recorded is sent again; if open runs may differ here record the "
    "history anew, else take the number from the sheet, use workflow.patched, or revert"
)
# An amount is a list in the trail, and a payload's JSON may be anything.
Path = tuple[str | int, ...]


@dataclass(frozen=True)
class Divergence:
    """For a person."""

    subject: str
    recorded: str
    made: str
    advice: str


def divergence(found: Disagreement) -> Divergence:
    """What one field's difference means."""
    if found.command is None:
        return Divergence("", "", "the code does not do this", OUT_OF_ORDER)
    if found.field == "header.fields":
        return of_trail(link_in(found.recorded), link_in(found.made))
    if found.field == SUMMARY:
        return Divergence("the summary", shorten(text(found.recorded)), shorten(text(found.made)), WORDS)
    recorded, made = content(found.recorded), content(found.made)
    receipts = [receipt_in(each) for each in (recorded, made)]
    if all(receipts) and receipts[0] != receipts[1]:
        return of_trail(receipts[0], receipts[1])
    path, before, after = first_difference(recorded, made)
    where = found.field.removesuffix(".payloads") + path_text(path)
    advice = {"start_to_fire_timeout": TIMER, "search_attributes.indexed_fields": STAGES}
    return Divergence(where, shorten(before), shorten(after), advice.get(found.field, CONTENT))


def of_trail(recorded: Any, made: Any) -> Divergence:
    """The first entry of a link that differs, else the balance."""
    if recorded is None or made is None:
        return Divergence("the trail", entry_text(recorded), entry_text(made), CONTENT)
    before, after = recorded["entries"], made["entries"]
    for number in range(max(len(before), len(after))):
        old, new = (each[number] if number < len(each) else None for each in (before, after))
        if old != new:
            advice = trail_advice(old or {}, new or {})
            return Divergence(f"entry {number + 1} of its trail", entry_text(old), entry_text(new), advice)
    path, old, new = first_difference(recorded["balance"], made["balance"])
    if path:
        return Divergence(f"the balance{path_text(path)}", shorten(old), shorten(new), CONTENT)
    return Divergence("the chain of its trail", "", "another, by what came before it", CONTENT)


def trail_advice(old: Mapping[str, Any], new: Mapping[str, Any]) -> str:
    if "decision" in old and "decision" in new:
        return ROWS if old["version"] == new["version"] else NEW_VERSION
    return STAGES if "stage" in old and "stage" in new else CONTENT


def entry_text(entry: Any) -> str:
    """`decision remedy v1 row 8 (refund)`, `stage replying`; anything else as it stands."""
    if not isinstance(entry, Mapping) or not entry:
        return "nothing"
    if "decision" in entry:
        return f"decision {entry['decision']} v{entry['version']} row {entry['row']} ({entry['outcome']})"
    if "stage" in entry:
        return f"stage {entry['stage']}"
    words = " ".join(f"{name} {value}" for name, value in entry.items())
    return words if len(words) <= 160 else f"{words[:160]}…"


def command_name(command: WorkflowCommand) -> str:
    """`schedule_activity draft_reply (4.1-8850…)`, `start_timer 60s (draft_reply again …)`."""
    variant = str(command.WhichOneof("variant"))
    summary = text(command.user_metadata.summary.data)
    match variant:
        case "schedule_activity":
            made = command.schedule_activity
            return f"{variant} {made.activity_type} ({made.activity_id})"
        case "start_timer":
            length = command.start_timer.start_to_fire_timeout.ToJsonString()
            return f"{variant} of {length}" + (f" ({summary})" if summary else "")
        case "upsert_workflow_search_attributes":
            fields = command.upsert_workflow_search_attributes.search_attributes.indexed_fields
            return f"{variant} " + ", ".join(f"{name}={text(fields[name].data)}" for name in sorted(fields))
        case _:
            return variant


def link_in(headers: Mapping[str, Any]) -> Any:
    """The trail link of an activity's headers, as JSON."""
    found = headers.get(HEADER)
    return None if found is None else json.loads(found[1])


def receipt_in(value: Any) -> Any:
    """The trail link of a run's result, as JSON."""
    if isinstance(value, list) and value and isinstance(value[0], dict):
        receipt = value[0].get("receipt", value[0])
        if isinstance(receipt, dict) and "trail" in receipt:
            return TrailLink.model_validate(receipt["trail"]).model_dump(mode="json")
    return None


def content(value: Any) -> Any:
    """Payloads as what they say."""
    if isinstance(value, list):
        return [content(each) for each in value]
    if isinstance(value, tuple):
        return content(value[1])
    if isinstance(value, dict):
        return {key: content(each) for key, each in value.items()}
    if isinstance(value, bytes):
        try:
            return json.loads(value)
        except ValueError:
            return failure_in(value)
    return value


def failure_in(value: bytes) -> Any:
    try:
        info = ApplicationFailureInfo.FromString(value)
    except DecodeError:
        return value
    return [content((b"", each.data)) for each in info.details.payloads] or info.type


def first_difference(old: Any, new: Any, path: Path = ()) -> tuple[Path, Any, Any]:
    """Where two JSON values differ first, and what stands there; an empty path when they are the same."""
    if isinstance(old, dict) and isinstance(new, dict):
        for key in [*old, *(key for key in new if key not in old)]:
            if old.get(key) != new.get(key):
                return first_difference(old.get(key), new.get(key), (*path, key))
    elif isinstance(old, list) and isinstance(new, list):
        for at in range(max(len(old), len(new))):
            before, after = (each[at] if at < len(each) else None for each in (old, new))
            if before != after:
                return first_difference(before, after, (*path, at))
    return path, old, new


def path_text(path: Path) -> str:
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)


def text(data: bytes) -> str:
    try:
        found = json.loads(data or b'""')
    except ValueError:
        return repr(data)
    return str(found)


def shorten(value: Any) -> str:
    """A word as it is, words in quotes, anything else as JSON."""
    bare = isinstance(value, str) and value != "" and not any(each.isspace() for each in value)
    words = value if bare else json.dumps(value, default=str, ensure_ascii=False)
    return words if len(words) <= 160 else f"{words[:120]}… ({len(words)} characters)"
