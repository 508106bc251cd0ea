"""Why runs took another path than a careful reader would: their calls failed, or the model misread them."""

from collections.abc import Iterator, Sequence

from commands.results import path_of
from commands.sample_tickets import Sample
from contracts.attempts import Fault
from operations.lines import Line
from operations.story import Story

__all__ = ["calls_failed", "other_paths"]

# The model answered, and what it said was of no use; every other fault is the call's own.
ANSWERED = {Fault.INVALID_REPLY, Fault.CUT_SHORT, Fault.FILTERED}


def other_paths(runs: Sequence[tuple[Sample, Story]]) -> Iterator[Line]:
    """A line for each cause, below it the next step where there is one; nothing when all went right."""
    others = [(part, told) for part, told in runs if path_of(told) != part.path]
    failed = [(part, told) for part, told in others if calls_failed(told)]
    early = [each for each in others if each not in failed and left_early(each[1])]
    misread = [each for each in others if each not in failed and each not in early]
    if failed:
        words = "because model calls timed out, failed or were not over"
        yield 0, f"{len(failed)} of {len(runs)} took another path {words}: {names(failed)}", "yellow"
        yield 2, "a slower machine needs a larger `timeout` of the route in models.toml", "yellow"
        yield from attempts_of(failed[0][1])
    if early:
        words = "took their way out for a cause that is no model's"
        yield 0, f"{len(early)} of {len(runs)} {words}: {names(early)}", "yellow"
        yield from attempts_of(early[0][1])
    if misread:
        words = "took another path than a careful reader would: the model misread them"
        yield 0, f"{len(misread)} of {len(runs)} {words}", "yellow"


def calls_failed(told: Story) -> bool:
    """Whether a step of a model never got an answer, or did not before the demo's own time was up."""
    last = {each.attempt_id.partition(".")[0]: each for each in told.attempts if each.route is not None}
    if told.state == "running" and any(each.outcome in {"queued", "running"} for each in last.values()):
        return True
    return any(each.outcome != "succeeded" and each.fault not in ANSWERED for each in last.values())


def left_early(told: Story) -> bool:
    """Whether it did not come to its own end, though every model answered something."""
    ending = (told.result or {}).get("ending")
    if not isinstance(ending, dict):
        return told.state != "completed"
    return ending.get("fault") not in ANSWERED


def names(runs: Sequence[tuple[Sample, Story]]) -> str:
    return ", ".join(part.label.removesuffix(".eml") for part, _ in runs)


def attempts_of(told: Story) -> Iterator[Line]:
    yield 2, "each attempt, its fault and its time, while `dev` or `demo --keep` runs:", "yellow"
    yield 4, f"python starter.py explain {told.workflow_id}", "yellow"
