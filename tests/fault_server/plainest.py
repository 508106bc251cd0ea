"""The plainest reply that a task's schema takes, for tasks that the fault server has no rules for."""

from typing import Any

__all__ = ["plainest"]

PLAIN: dict[str, Any] = {"array": [], "boolean": False, "null": None}


def plainest(schema: dict[str, Any]) -> Any:
    """Of the right type; whether it is true, only a test's own script can say."""
    if "const" in schema:
        return schema["const"]
    if "enum" in schema:
        return schema["enum"][0]
    if "anyOf" in schema:
        return plainest(schema["anyOf"][-1])
    if schema["type"] == "object":
        return {name: plainest(each) for name, each in schema["properties"].items()}
    if schema["type"] == "string":
        return "x" * schema.get("minLength", 1)
    if schema["type"] in {"integer", "number"}:
        return schema.get("minimum", 0)
    return PLAIN[schema["type"]]
