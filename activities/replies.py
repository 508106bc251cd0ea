"""What the model wrote, as the type that was asked for, or what is wrong with it."""

import json
from typing import NoReturn, TypeVar

from pydantic import BaseModel, ValidationError

from activities.clean_text import clean, clean_tree
from contracts.steps import ModelTask

__all__ = ["InvalidReply", "validated"]

Request = TypeVar("Request", bound=BaseModel)
Reply = TypeVar("Reply", bound=BaseModel)

# A result of more than 64 KB would weigh on every history; no reply comes near.
MAX_REPLY_BYTES = 48_000
MOST_COMPLAINTS = 8


class InvalidReply(Exception):
    """The reply is not what was asked for; the message is written for the model."""


def validated(task: ModelTask[Request, Reply], request: Request, content: str) -> Reply:
    """The reply in a text. Raises InvalidReply."""
    if len(content.encode()) > MAX_REPLY_BYTES:
        raise InvalidReply(f"the reply is longer than {MAX_REPLY_BYTES} bytes")
    try:
        # Through a cleaned tree, since an escape ("\ud800") passes for text until something has to store it.
        tree = clean_tree(json.loads(content, parse_constant=no_number))
        reply = task.reply.model_validate_json(json.dumps(tree))
    except ValidationError as error:
        raise InvalidReply(complaints(error)) from None
    except (ValueError, RecursionError) as error:
        raise InvalidReply(f"the reply is not one JSON object: {error}") from None
    wrong = task.check(request, reply)
    if wrong is not None:
        raise InvalidReply(clean(wrong))
    return reply


def no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def complaints(error: ValidationError) -> str:
    """Each field with what is wrong with it, without the value: it is in the reply that is shown beside."""
    lines = [
        f"{'.'.join(str(part) for part in item['loc']) or 'reply'}: {item['msg']}"
        for item in error.errors(include_url=False, include_input=False)[:MOST_COMPLAINTS]
    ]
    return clean("; ".join(lines))
