"""The one body that is sent for a model task, measured and digested before it leaves."""

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from pydantic import BaseModel

from activities.clean_text import clean_request
from activities.endpoints import Endpoint
from activities.prompts import draft_reply as draft_reply_prompt
from activities.prompts import read_section as read_section_prompt
from activities.prompts import read_ticket as read_ticket_prompt
from activities.prompts.messages import MARKUP, Message
from activities.reply_schema import strict, strict_schema
from contracts.attempts import ModelCall, Provenance, Repair
from contracts.extraction import read_again, read_section
from contracts.steps import ModelTask
from contracts.tickets import draft_reply, read_ticket

__all__ = ["PROMPTED", "ModelRequest", "Prompted", "model_request"]

# Servers wrap each message in markup of their own: a few tokens that no text shows.
MARKUP_BYTES = 16


@dataclass(frozen=True)
class Prompted:
    """A model task with its prompt."""

    task: ModelTask[Any, Any]
    prompt: Callable[[Any], list[Message]]
    form: Callable[[Any], dict[str, Any]] | None = None
    """The reply's schema where it depends on the request; else it is that of the reply's type."""


PROMPTED = (
    Prompted(read_ticket, read_ticket_prompt.prompt),
    Prompted(draft_reply, draft_reply_prompt.prompt),
    Prompted(read_section, read_section_prompt.prompt, read_section_prompt.form),
    Prompted(read_again, read_section_prompt.prompt, read_section_prompt.form),
)


@dataclass(frozen=True, kw_only=True)
class ModelRequest:
    """A request's body, its size as the hold counts it, and its digests."""

    body: dict[str, Any]
    input_bytes: int
    provenance: Provenance


def model_request(
    prompted: Prompted, request: BaseModel, call: ModelCall, endpoint: Endpoint
) -> ModelRequest:
    """Build the body for one attempt; pure."""
    messages = prompted.prompt(clean_request(request)) + repair_turns(call.repair)
    if prompted.form is None:
        schema = schema_of(prompted, endpoint.string_limits)
    else:
        schema = strict(prompted.form(request), string_limits=endpoint.string_limits)
    settings = {
        "model": call.model,
        "temperature": float(call.temperature),
        **({"top_p": float(call.top_p)} if call.top_p is not None else {}),
        **({"seed": call.seed} if call.seed is not None else {}),
        endpoint.output_limit: call.max_output_tokens,
    }
    body = {
        **settings,
        "messages": [message._asdict() for message in messages],
        "response_format": {
            "type": "json_schema",
            "json_schema": {"name": prompted.task.name, "strict": True, "schema": schema},
        },
    }
    if endpoint.stream:
        body |= {"stream": True, "stream_options": {"include_usage": True}}
    return ModelRequest(
        body=body,
        input_bytes=measured(messages) + len(canonical(schema)),
        provenance=Provenance(
            prompt=digest(body["messages"]), reply_schema=digest(schema), settings=digest(settings)
        ),
    )


@cache
def schema_of(prompted: Prompted, string_limits: bool) -> dict[str, Any]:
    """Built once: building it was a thirtieth of a worker's time."""
    return strict_schema(prompted.task.reply, string_limits=string_limits)


def repair_turns(repair: Repair | None) -> list[Message]:
    """The reply that was not valid, and what is wrong with it."""
    if repair is None:
        return []
    reply, error = (MARKUP.sub("(", text) for text in (repair.reply, repair.error))
    wrong = f"That reply is not valid: {error}\nAnswer again with the whole corrected JSON object."
    return [Message("assistant", reply), Message("user", wrong)]


def measured(messages: Sequence[Message]) -> int:
    return sum(len(message.content.encode()) + MARKUP_BYTES for message in messages)


def canonical(value: object) -> bytes:
    return json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()


def digest(value: object) -> str:
    return hashlib.sha256(canonical(value)).hexdigest()[:16]
