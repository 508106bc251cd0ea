"""Text that can be sent, stored and shown: no lone surrogates, no control characters, no secrets."""

import re
from typing import TypeVar

from pydantic import BaseModel

from activities.failures import one_line

__all__ = ["clean", "clean_request", "clean_tree", "reason"]

Request = TypeVar("Request", bound=BaseModel)

# Everything in C0 and C1 but tab and newline. Providers and databases refuse NUL; terminals obey the rest.
CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
SURROGATE = re.compile("[\ud800-\udfff]")
KEY_LIKE = re.compile(
    r"(?i)\b(?:bearer\s+\S+|(?:sk|pk|rk|gsk|xai)[-_][\w*.-]{6,}|eyJ[\w-]{8,}\.[\w-]+\.?[\w-]*)"
)
# A provider's whole page is no reason; redacting it would take long, too.
READ_OF_A_REASON = 4_000


def clean(text: str) -> str:
    """The text without control characters; line ends are newlines; a lone surrogate becomes U+FFFD."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    return SURROGATE.sub("\ufffd", CONTROL.sub("", lines))


def clean_tree(value: object) -> object:
    """A JSON value with every string in it cleaned, keys too. Raises RecursionError for a very deep one."""
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, list):
        return [clean_tree(item) for item in value]
    if isinstance(value, dict):
        return {clean(str(key)): clean_tree(item) for key, item in value.items()}
    return value


def clean_request(request: Request) -> Request:
    """The same request with every string in it cleaned.

    Cleaning may shorten a text below its type's least length, so it is not validated again.
    """
    changed = {
        name: clean(value) if isinstance(value, str) else clean_request(value)
        for name, value in request
        if type(value) is str or isinstance(value, BaseModel)
    }
    return request.model_copy(update=changed)


def reason(text: str, secrets: tuple[str, ...] = ()) -> str:
    """One line of at most 1,000 characters for a person, with keys blotted out."""
    text = text[:READ_OF_A_REASON]
    for secret in secrets:
        text = text.replace(secret, "[key]")
    return one_line(KEY_LIKE.sub("[key]", clean(text)))
