"""Answers that must not count: what each has instead of a right one's action, verdict and proof."""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from activities.approvers import new_key
from contracts.approvals import APPROVAL_AUDIENCE

__all__ = ["FORGERIES", "Forgery", "right_answer", "signed"]

Json = dict[str, Any]
Forgery = Callable[[Path, str], Json]
"""From the approvers' folder and the action that waits to the parts of the answer that are wrong."""

LAST_YEAR = datetime.now(UTC) - timedelta(days=365)


def signed(approvers: Path, action: str, *, key: str = "ada", kid: str = "ada", **claims: Any) -> str:
    """Ada's own approval, except for what is given; None leaves a claim out."""
    now = datetime.now(UTC)
    told = {
        "sub": "ada",
        "aud": APPROVAL_AUDIENCE,
        "action": action,
        "verdict": "approve",
        "iat": now,
        "exp": now + timedelta(minutes=5),
        **claims,
    }
    private = load_pem_private_key((approvers / f"{key}.key").read_bytes(), None)
    assert isinstance(private, Ed25519PrivateKey)
    kept = {name: value for name, value in told.items() if value is not None}
    return jwt.encode(kept, private, "EdDSA", headers={"kid": kid})


def right_answer(approvers: Path, action: str) -> Json:
    """What ada would send."""
    return {"action": action, "verdict": "approve", "proof": signed(approvers, action)}


def unsigned(action: str, algorithm: str, secret: bytes = b"") -> str:
    """A proof that no private key was needed for, as its header says."""
    now = int(datetime.now(UTC).timestamp())
    header = {"alg": algorithm, "typ": "JWT", "kid": "ada"}
    claims = {"sub": "ada", "aud": APPROVAL_AUDIENCE, "action": action, "verdict": "approve"}
    text = f"{encoded(json.dumps(header))}.{encoded(json.dumps({**claims, 'iat': now, 'exp': now + 300}))}"
    mac = hmac.new(secret, text.encode(), hashlib.sha256).digest() if secret else b""
    return f"{text}.{encoded(mac)}"


def encoded(part: str | bytes) -> str:
    content = part.encode() if isinstance(part, str) else part
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def altered(action: str) -> str:
    return action[:-1] + ("1" if action.endswith("0") else "0")


def by_a_stranger(approvers: Path, action: str) -> Json:
    new_key(approvers.parent / "elsewhere", "eve")
    return {"proof": signed(approvers, action, key="../elsewhere/eve", kid="eve", sub="eve")}


def by_a_key_of_the_same_name(approvers: Path, action: str) -> Json:
    new_key(approvers.parent / "elsewhere", "ada")
    return {"proof": signed(approvers, action, key="../elsewhere/ada")}


def by_another_approver_as_ada(approvers: Path, action: str) -> Json:
    new_key(approvers, "tom")
    return {"proof": signed(approvers, action, key="tom")}


def by_another_approver_for_ada(approvers: Path, action: str) -> Json:
    new_key(approvers, "tom")
    return {"proof": signed(approvers, action, key="tom", kid="tom")}


def by_the_requester(approvers: Path, action: str) -> Json:
    new_key(approvers, "bob")
    return {"proof": signed(approvers, action, key="bob", kid="bob", sub="bob")}


def by_one_who_may_no_longer(approvers: Path, action: str) -> Json:
    key = new_key(approvers, "tom")
    (approvers / "tom.pub").unlink()
    return {"proof": signed(approvers, action, key=key.stem, kid="tom", sub="tom")}


FORGERIES: dict[str, tuple[Forgery, str]] = {
    "an empty proof": (lambda keys, action: {"proof": ""}, r"not an answer: proof: .*at least 1 character"),
    "no proof": (lambda keys, action: {"proof": None}, r"not an answer: proof: .*valid string"),
    "a word as proof": (lambda keys, action: {"proof": "please"}, "not a valid proof"),
    "an expired proof": (
        lambda keys, action: {"proof": signed(keys, action, iat=LAST_YEAR, exp=datetime.now(UTC))},
        "not a valid proof: Signature has expired",
    ),
    "a proof without an expiry": (
        lambda keys, action: {"proof": signed(keys, action, exp=None)},
        'not a valid proof: .*"exp" claim',
    ),
    "a proof that expires at infinity": (
        lambda keys, action: {"proof": signed(keys, action, exp=float("inf"))},
        "not a (valid )?proof",
    ),
    "a proof of the future": (
        lambda keys, action: {"proof": signed(keys, action, iat=datetime.now(UTC) + timedelta(hours=1))},
        "not a valid proof: .*not yet valid",
    ),
    "a proof of another action": (
        lambda keys, action: {"proof": signed(keys, altered(action))},
        "signed for another action or verdict",
    ),
    "an answer to another action": (
        lambda keys, action: {"action": altered(action), "proof": signed(keys, altered(action))},
        "names another action than the one that waits",
    ),
    "an altered action": (
        lambda keys, action: {"action": altered(action)},
        "names another action than the one that waits",
    ),
    "an altered verdict": (
        lambda keys, action: {"proof": signed(keys, action, verdict="deny")},
        "signed for another action or verdict",
    ),
    "a token for another service": (
        lambda keys, action: {"proof": signed(keys, action, aud="another-service")},
        "not a valid proof: Audience",
    ),
    "algorithm none": (lambda keys, action: {"proof": unsigned(action, "none")}, "not a valid proof: .*alg"),
    "the public key as a secret": (
        lambda keys, action: {"proof": unsigned(action, "HS256", (keys / "ada.pub").read_bytes())},
        "not a valid proof: .*alg",
    ),
    "an unknown approver": (by_a_stranger, "unknown approver 'eve'"),
    "a former approver": (by_one_who_may_no_longer, "unknown approver 'tom'"),
    "another key of the same name": (by_a_key_of_the_same_name, "Signature verification failed"),
    "another approver's key": (by_another_approver_as_ada, "Signature verification failed"),
    "another approver's name": (by_another_approver_for_ada, "signed with another approver's key"),
    "self-approval": (by_the_requester, "bob requested this run and may not approve its actions"),
}
