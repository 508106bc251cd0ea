"""Whether a model would be asked today what it was asked when its reply was recorded."""

from itertools import product
from typing import get_args

from pydantic import ValidationError

from activities.endpoints import Endpoint, OutputLimit
from activities.model_requests import PROMPTED, model_request
from contracts.attempts import ModelCall, Provenance

__all__ = ["MODEL_TASKS", "changed_since", "unreadable"]

MODEL_TASKS = {prompted.task.name: prompted for prompted in PROMPTED}

# A recording does not say in which dialect its provider was spoken to: any that fits will do.
DIALECTS = [
    Endpoint(
        address="",
        api_key=None,
        key_name=None,
        loopback=True,
        stream=False,
        output_limit=output_limit,
        string_limits=string_limits,
    )
    for string_limits, output_limit in product((True, False), get_args(OutputLimit))
]
DIGESTS = {"prompt": "prompt", "reply_schema": "schema of the reply", "settings": "settings"}


def changed_since(step: str, request: bytes, call: ModelCall, recorded: Provenance) -> str | None:
    """What the current code would send differently: the prompt, the reply's schema, the settings.

    None when it would send the same.
    """
    prompted = MODEL_TASKS[step]
    try:
        asked = prompted.task.request.model_validate_json(request)
    except ValidationError:
        return "the request's type"
    found = dict.fromkeys(DIGESTS, False)
    for dialect in DIALECTS:
        now = model_request(prompted, asked, call, dialect).provenance
        for name in DIGESTS:
            found[name] |= getattr(now, name) == getattr(recorded, name)
        if all(found.values()):
            return None
    return "the " + " and the ".join(DIGESTS[name] for name, same in found.items() if not same)


def unreadable(step: str, reply: bytes) -> str | None:
    """Why a recorded reply is none of the type that the step has now; None when it is."""
    task = MODEL_TASKS[step].task
    try:
        task.result.model_validate_json(reply)
    except ValidationError as error:
        wrong = error.errors(include_url=False, include_input=False)[0]
        return f"{'.'.join(map(str, wrong['loc']))}: {wrong['msg']}"
    return None
