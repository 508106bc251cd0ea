"""Who may approve: Ed25519 keys in a folder, and the proofs signed with them.

`NAME.pub` is the public key of the approver NAME; deleting the file ends what NAME may do. `NAME.key` belongs
on NAME's own machine.
"""

import os
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import jwt
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)
from pydantic import ValidationError

from activities.failures import one_line
from contracts.approvals import APPROVAL_AUDIENCE, Answer, Verdict

__all__ = ["Approvers", "ProofError", "new_key", "sign", "signed_answer"]

ALGORITHM = "EdDSA"
REQUIRED = ["sub", "aud", "action", "verdict", "exp", "iat"]

# A proof is for now: one that is found later opens nothing.
PROOF_LASTS = timedelta(minutes=5)

# A name is a file name, so nothing in it may lead to another folder.
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@+-]{0,119}")


class ProofError(ValueError):
    """The proof proves nothing; one line says why."""


def new_key(folder: Path, name: str) -> Path:
    """Make a key pair for an approver; returns the private key's path. `ValueError`: bad name, key exists."""
    if not NAME.fullmatch(name):
        raise ValueError(f"not a name for an approver: {name!r}")
    folder.mkdir(parents=True, exist_ok=True)
    private, public = folder / f"{name}.key", folder / f"{name}.pub"
    if public.exists():
        raise ValueError(f"{public} exists; delete it first to end what its key may do")
    key = Ed25519PrivateKey.generate()
    try:
        descriptor = os.open(private, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError as error:
        raise ValueError(f"{private} exists and is not replaced") from error
    with os.fdopen(descriptor, "wb") as file:
        file.write(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    public.write_bytes(key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    return private


def sign(private_key_path: Path, *, action: str, verdict: Verdict, expires: datetime) -> str:
    """A proof that the key's owner, whom the file is named for, says `verdict` to exactly this action."""
    key = load_pem_private_key(private_key_path.read_bytes(), password=None)
    if not isinstance(key, Ed25519PrivateKey):
        raise ValueError(f"{private_key_path} is not an Ed25519 key")
    name = private_key_path.name.removesuffix(".key")
    claims = {
        "sub": name,
        "aud": APPROVAL_AUDIENCE,
        "action": action,
        "verdict": verdict.value,
        "iat": datetime.now(UTC),
        "exp": expires,
    }
    return jwt.encode(claims, key, algorithm=ALGORITHM, headers={"kid": name})


def signed_answer(private_key_path: Path, *, action: str, verdict: Verdict) -> Answer:
    """An answer signed for now, to be sent at once. `ValueError`, one line: no key, or no action's digest."""
    try:
        expires = datetime.now(UTC) + PROOF_LASTS
        proof = sign(private_key_path, action=action, verdict=verdict, expires=expires)
    except (OSError, ValueError, TypeError) as error:
        reason = one_line(f"{private_key_path}: not an approver's private key ({error})", 300)
        raise ValueError(reason) from error
    try:
        return Answer(action=action, verdict=verdict, proof=proof)
    except ValidationError as error:
        raise ValueError(one_line(f"not the digest of an action: {action!r}", 200)) from error


class Approvers:
    """The approvers whose public keys are in a folder; it is read again when it changes."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._seen: dict[str, tuple[int, int]] | None = None
        self._keys: Mapping[str, Ed25519PublicKey] = {}

    def verify(self, proof: str) -> dict[str, Any]:
        """The claims of a valid proof: sub, aud, action, verdict, exp, iat. Anything else is a `ProofError`.

        Whether the action is the one in question, and whether `sub` may answer it, is for the caller to say.
        """
        try:
            name = self._claimed_name(proof)
            key = self._current_keys().get(name)
            if key is None:
                raise ProofError(one_line(f"unknown approver {name!r}", 200))
            claims: dict[str, Any] = jwt.decode(
                proof, key, algorithms=[ALGORITHM], audience=APPROVAL_AUDIENCE, options={"require": REQUIRED}
            )
        except ProofError:
            raise
        except jwt.InvalidTokenError as error:
            raise ProofError(one_line(f"not a valid proof: {error}", 200)) from error
        except (jwt.PyJWTError, ValueError, RecursionError) as error:
            raise ProofError("not a proof: it cannot be read") from error
        return checked(claims, name)

    def names(self) -> list[str]:
        """Who may approve now."""
        return sorted(self._current_keys())

    def _claimed_name(self, proof: str) -> str:
        """Whose key to try: `kid`, or `sub` without one. Believed only once the signature is checked."""
        name = jwt.get_unverified_header(proof).get("kid")
        if name is None:
            name = jwt.decode(proof, options={"verify_signature": False}).get("sub")
        if not isinstance(name, str):
            raise ProofError("the proof names no approver")
        return name

    def _current_keys(self) -> Mapping[str, Ed25519PublicKey]:
        seen = self._listing()
        if seen != self._seen:
            names = [file.removesuffix(".pub") for file in seen]
            keys = {name: self._key(name) for name in names if NAME.fullmatch(name)}
            self._keys = {name: key for name, key in keys.items() if key is not None}
            self._seen = seen
        return self._keys

    def _listing(self) -> dict[str, tuple[int, int]]:
        """The public keys' files, each with its time of change and number."""
        try:
            with os.scandir(self._folder) as entries:
                files = [entry for entry in entries if entry.name.endswith(".pub") and entry.is_file()]
                return {file.name: (file.stat().st_mtime_ns, file.stat().st_ino) for file in files}
        except FileNotFoundError:
            return {}

    def _key(self, name: str) -> Ed25519PublicKey | None:
        """The public key of that name; None when its file holds none, which makes nobody an approver."""
        try:
            key = load_pem_public_key((self._folder / f"{name}.pub").read_bytes())
        except (OSError, ValueError, UnsupportedAlgorithm):
            return None
        return key if isinstance(key, Ed25519PublicKey) else None


def checked(claims: dict[str, Any], name: str) -> dict[str, Any]:
    """The claims, if they are of the right types and signed by whom they name."""
    if claims["sub"] != name:
        raise ProofError("the proof was signed with another approver's key")
    if not isinstance(claims["action"], str) or claims["verdict"] not in list(Verdict):
        raise ProofError("action or verdict are not of the right form")
    return claims
