"""What a prompt is made of, and how a stranger's text is put into one."""

import json
import re
from typing import Literal, NamedTuple

from pydantic import BaseModel

__all__ = ["Message", "assistant", "quoted", "system", "user"]

# Chat markup ("<|im_start|>") would be read as the end of a turn by servers that tokenize it in content.
MARKUP = re.compile(r"<(?=\|)")


class Message(NamedTuple):
    """One turn of a prompt."""

    role: Literal["system", "user", "assistant"]
    content: str


def system(content: str) -> Message:
    """What the model is told before anything else."""
    return Message("system", content)


def user(content: str) -> Message:
    """What the model is asked."""
    return Message("user", content)


def assistant(reply: BaseModel) -> Message:
    """What the model should have answered to the turn before."""
    # With spaces, since a small model that has written `":"` as one token is in a string and cannot say null.
    return Message("assistant", json.dumps(reply.model_dump(mode="json"), ensure_ascii=False))


def quoted(tag: str, text: str) -> str:
    """The text between `<tag>` and `</tag>`, unable to close the tag, open another, or begin a new turn.

    Every replacement is as long as what it replaces, so that a quoted text adds only its two tags.
    """
    own_tags = re.compile(rf"<(?=\s*/?\s*{tag})", re.IGNORECASE)
    return f"<{tag}>\n{own_tags.sub('(', MARKUP.sub('(', text))}\n</{tag}>"
