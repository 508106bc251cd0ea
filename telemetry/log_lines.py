"""Happenings as log lines, and every line of the worker as text or as JSON."""

import json
import logging
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from temporalio.exceptions import ApplicationError

from contracts.happenings import Happening
from contracts.values import plain

__all__ = ["LOG", "JsonLines", "Lines", "formatter", "without_our_traces"]

LOG = "TENUTO_LOG"
"""`text` (the default), `json`, or `quiet`: text without the happenings."""

TEXT = "%(asctime)s %(levelname)s %(name)s: %(message)s"
WORDS = re.compile(r"(?<=[a-z])(?=[A-Z])")
# Said once more at the end of a run, for its span.
LEFT_OUT = frozenset({"moments"})


def formatter(env: Mapping[str, str]) -> logging.Formatter:
    """For the handlers of a program's root logger."""
    return JsonLines() if env.get(LOG, "").strip().lower() == "json" else logging.Formatter(TEXT)


def without_our_traces(record: logging.LogRecord) -> bool:
    """For handlers: a failure that an activity tells of is its words, and where it was raised is known."""
    error = record.exc_info[1] if record.exc_info else None
    if isinstance(error, ApplicationError):
        record.exc_info, record.exc_text = None, None
        record.msg, record.args = f"{record.getMessage()}: {error}", ()
    return True


class JsonLines(logging.Formatter):
    """One JSON object a line, whoever logs."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            **getattr(record, "tenuto", {}),
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False, default=str)


class Lines:
    """Writes a line for each happening to the logger `tenuto`."""

    def __init__(self) -> None:
        self._logger = logging.getLogger("tenuto")

    def observe(self, happening: Happening) -> None:
        if not self._logger.isEnabledFor(logging.INFO):
            return
        kind = WORDS.sub(" ", type(happening.what).__name__).lower()
        said, run = facts_of(happening), happening.run
        words = " ".join(f"{name}={value}" for name, value in said.items() if value is not None)
        fields = {
            "message": kind,
            "number": happening.number,
            "at": happening.at.isoformat(),
            "workflow": run.workflow,
            "workflow_id": run.workflow_id,
            "run_id": run.run_id,
            "tenant": run.tenant,
            **said,
        }
        self._logger.info("%s %s [%s]", kind, words, run.workflow_id, extra={"tenuto": fields})


def facts_of(happening: Happening) -> dict[str, str | int | bool | None]:
    """What there is to say, flat. An attempt's cost is said as it is booked."""
    what = happening.what
    said: dict[str, str | int | bool | None] = {}
    for name in type(what).model_fields:
        value = getattr(what, name)
        if name in LEFT_OUT:
            continue
        if name == "line":
            said |= {"attempt": value.attempt_id, "step": value.step, "hold_usd": plain(value.hold.usd)}
            said |= {"fault": value.fault.value if value.fault is not None else None}
        elif name == "balance":
            said |= {"settled_usd": plain(value.settled.usd), "unknown_usd": plain(value.unknown.usd)}
        elif name == "usage":
            if value is not None:
                said |= {"input_tokens": value.input_tokens, "output_tokens": value.output_tokens}
        else:
            said[name] = shown(value)
    for name in ("outcome", "booking", "usd"):
        if name not in said and (value := getattr(what, name, None)) is not None:
            said[name] = shown(value)
    return said


def shown(value: object) -> str | int | bool | None:
    if isinstance(value, Decimal):
        return plain(value)
    if isinstance(value, datetime):
        return value.isoformat()
    return value if isinstance(value, int | None) else str(value)
