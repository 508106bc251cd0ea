"""What a person signs."""

from enum import StrEnum

from pydantic import Field

from contracts.values import Value

__all__ = ["APPROVAL_AUDIENCE", "Answer", "Verdict"]

APPROVAL_AUDIENCE = "tenuto-approval"
"""The `aud` of a proof: a token issued for anything else approves nothing."""


class Verdict(StrEnum):
    """What a person may say to an action."""

    APPROVE = "approve"
    DENY = "deny"


class Answer(Value):
    """An answer to one exact action, with a proof of who gave it."""

    action: str = Field(min_length=16, max_length=64, pattern=r"^[0-9a-f]+$")
    """Digest of the action, its worst-case cost, the policy's version and its expiry."""
    verdict: Verdict
    proof: str = Field(min_length=1, max_length=4_000)
    """A JWT signed with EdDSA: `sub` (the approver), `aud`, `action`, `verdict`, `exp`."""
