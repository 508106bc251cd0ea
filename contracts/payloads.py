"""The upkeep of large values and documents, which are kept outside of histories."""

from datetime import timedelta

from contracts.steps import Read, StepPolicy
from contracts.values import Value

__all__ = ["PayloadsRemoved", "RemovePayloads", "remove_payloads"]


class RemovePayloads(Value):
    """Remove what no kept history refers to."""

    grace: timedelta
    """What was touched within this time stays, and so does what a run could need that was started up to this
    long after it."""


class PayloadsRemoved(Value):
    """What became of the values."""

    removed: int = 0
    kept: int = 0
    shared: bool = False
    """Several namespaces keep theirs in one folder, so nothing of it was removed."""


remove_payloads = Read(
    name="remove_payloads",
    request=RemovePayloads,
    reply=PayloadsRemoved,
    local=False,
    # One that is cut off has removed what it removed; the next does the rest.
    policy=StepPolicy(attempt_timeout=timedelta(minutes=30), attempts=3, heartbeat=timedelta(minutes=1)),
)
