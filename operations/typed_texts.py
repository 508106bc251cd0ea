"""Which strings of a value are free text, by the types of the contracts: each `str` and nothing narrower."""

import types
from collections.abc import Callable, Iterator, Mapping
from enum import Enum
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, TypeAdapter, ValidationError

from contracts.attempts import Provenance
from contracts.documents import ConvertedDocument, Document, StoredText
from contracts.repairs import Repair
from contracts.terms import Terms

__all__ = ["replaced", "words_in"]

# Names of configuration, and digests: without them a run is neither found nor followed.
KEPT: dict[type[BaseModel], frozenset[str]] = {
    Terms: frozenset({"tenant", "profile"}),
    Provenance: frozenset(Provenance.model_fields),
    Repair: frozenset({"parked"}),
    Document: frozenset({"digest"}),
    StoredText: frozenset({"digest"}),
    ConvertedDocument: frozenset({"document", "converter"}),
}


def replaced(type_: Any, value: Any, put: Callable[[str], str], words: frozenset[str] = frozenset()) -> Any:
    """The JSON value with every free text put otherwise; what no type describes is text but for `words`."""
    origin = get_origin(type_)
    if origin is Annotated:
        return replaced(get_args(type_)[0], value, put, words)
    if value is None or origin is Literal:
        return value
    if origin in (Union, types.UnionType):
        return replaced(member_for(get_args(type_), value), value, put, words)
    if isinstance(type_, type) and issubclass(type_, BaseModel) and isinstance(value, dict):
        kept = KEPT.get(type_, frozenset())
        hints = {name: field.annotation for name, field in type_.model_fields.items() if name not in kept}
        return {
            key: replaced(hints[key], content, put, words) if key in hints else content
            for key, content in value.items()
        }
    if isinstance(value, list):
        inner = get_args(type_)
        return [replaced(inner[0] if inner else Any, each, put, words) for each in value]
    if isinstance(value, dict):
        inner = get_args(type_)
        return {
            key: replaced(inner[1] if len(inner) > 1 else Any, each, put, words)
            for key, each in value.items()
        }
    if isinstance(value, str) and (type_ is str or (type_ is Any and value not in words)):
        return put(value)
    return value


def member_for(members: tuple[Any, ...], value: Any) -> Any:
    """The one of a union's types that the value is of."""
    for member in members:
        if member is type(None):
            continue
        try:
            TypeAdapter(member).validate_python(value, strict=False)
        except ValidationError:
            continue
        return member
    return Any


def words_in(type_: Any, seen: set[Any] | None = None) -> Iterator[str]:
    """Every member of an Enum that a value of this type may hold: words of the code, and nobody's text."""
    seen = set() if seen is None else seen
    if type_ in seen:
        return
    seen.add(type_)
    if isinstance(type_, type) and issubclass(type_, Enum):
        yield from (str(member.value) for member in type_)
    elif isinstance(type_, type) and issubclass(type_, BaseModel):
        for field in type_.model_fields.values():
            yield from words_in(field.annotation, seen)
    else:
        for inner in get_args(type_):
            if not isinstance(inner, (str, Mapping)):
                yield from words_in(inner, seen)
