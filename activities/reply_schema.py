"""The JSON schema of a reply, in the form that strict structured outputs take."""

from typing import Any

from pydantic import BaseModel

__all__ = ["strict", "strict_schema"]

# Words that explain; a model's output is not bound by them.
PROSE = frozenset({"title", "description", "default", "examples"})
STRING_LIMITS = frozenset({"maxLength", "minLength"})


def strict_schema(reply: type[BaseModel], *, string_limits: bool) -> dict[str, Any]:
    """The reply's schema with nothing referenced, every property required and no other one allowed.

    `string_limits=False` leaves the lengths of strings out, for services whose strict mode refuses them.
    A reply type that contains itself cannot be written so, and raises RecursionError.
    """
    return strict(reply.model_json_schema(), string_limits=string_limits)


def strict(whole: dict[str, Any], *, string_limits: bool) -> dict[str, Any]:
    """A JSON schema of an object, likewise."""
    dropped = PROSE if string_limits else PROSE | STRING_LIMITS
    inlined = inline(whole, whole.get("$defs", {}), dropped)
    if not isinstance(inlined, dict):
        raise TypeError("an object's schema is needed")
    return inlined


def inline(node: Any, defs: dict[str, Any], dropped: frozenset[str]) -> Any:
    if isinstance(node, list):
        return [inline(item, defs, dropped) for item in node]
    if not isinstance(node, dict):
        return node
    if "$ref" in node:
        return inline(defs[node["$ref"].removeprefix("#/$defs/")], defs, dropped)
    strict = {
        key: inline(value, defs, dropped)
        for key, value in node.items()
        if key not in dropped and key not in {"$defs", "properties"}
    }
    if "properties" in node:
        # Not a schema but a mapping of names: a property may well be called "title".
        strict["properties"] = {
            name: inline(value, defs, dropped) for name, value in node["properties"].items()
        }
        strict["required"] = list(node["properties"])
        strict["additionalProperties"] = False
    return strict
