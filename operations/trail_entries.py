"""What the entries of a trail tell."""

from collections.abc import Callable
from typing import Any

from operations.story_items import ApprovalEnded, Decided, Item, LeftEarly, ParkingEnded, StageEntered

__all__ = ["meaning_of"]


def meaning_of(entry: dict[str, Any]) -> tuple[Callable[..., Item], dict[str, Any]] | None:
    """What a trail entry tells, and with which values; None for bookkeeping."""
    if "decision" in entry:
        told = {key: entry[key] for key in ("version", "row", "because", "outcome", "facts")}
        return Decided, {"table": entry["decision"], **told}
    if "stage" in entry:
        return StageEntered, {"stage": entry["stage"]}
    if "approval" in entry:
        return ApprovalEnded, {"action": entry["approval"], "outcome": entry["outcome"], "by": entry["by"]}
    if "parked" in entry:
        told = {"outcome": entry["outcome"], "by": entry.get("by")}
        return ParkingEnded, {"parked": entry["parked"], **told}
    if "refused" in entry:
        told = {"outcome": "refused", "reason": entry["reason"]}
        return ParkingEnded, {"parked": entry["refused"], **told}
    if "ending" in entry:
        return LeftEarly, {"ending": entry["ending"], "reason": entry["reason"]}
    return None
