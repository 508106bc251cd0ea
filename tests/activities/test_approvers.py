"""Proofs of who approved: only a known approver's own key, for this, and not for ever."""

import base64
import hashlib
import hmac
import json
import re
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from hypothesis import given
from hypothesis import strategies as st

from activities.approvers import Approvers, ProofError, new_key, sign
from contracts.approvals import APPROVAL_AUDIENCE, Verdict

ACTION = "0123456789abcdef0123456789abcdef"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    new_key(tmp_path / "keys", "maria")
    new_key(tmp_path / "keys", "tom")
    return tmp_path / "keys"


def soon() -> datetime:
    return datetime.now(UTC) + timedelta(minutes=5)


def claims(**changes: Any) -> dict[str, Any]:
    """Maria's claims, changed; None leaves one out."""
    all_claims = {
        "sub": "maria",
        "aud": APPROVAL_AUDIENCE,
        "action": ACTION,
        "verdict": "approve",
        "iat": datetime.now(UTC),
        "exp": soon(),
        **changes,
    }
    return {name: value for name, value in all_claims.items() if value is not None}


def key_of(folder: Path, name: str) -> Ed25519PrivateKey:
    key = load_pem_private_key((folder / f"{name}.key").read_bytes(), None)
    assert isinstance(key, Ed25519PrivateKey)
    return key


def test_a_signed_answer_says_who_said_what_to_which_action(folder: Path) -> None:
    proof = sign(folder / "maria.key", action=ACTION, verdict=Verdict.DENY, expires=soon())

    proven = Approvers(folder).verify(proof)

    assert (proven["sub"], proven["action"], proven["verdict"]) == ("maria", ACTION, "deny")
    assert proven["aud"] == APPROVAL_AUDIENCE
    assert proven["iat"] <= proven["exp"]
    assert len(proof) < 4_000


def test_a_private_key_is_for_its_owner_alone_and_never_replaced(folder: Path) -> None:
    assert stat.S_IMODE((folder / "maria.key").stat().st_mode) == 0o600
    with pytest.raises(ValueError, match=r"maria\.pub exists"):
        new_key(folder, "maria")
    (folder / "maria.pub").unlink()
    with pytest.raises(ValueError, match=r"maria\.key exists"):
        new_key(folder, "maria")


@pytest.mark.parametrize("name", ["", "../eve", "a/b", ".hidden", "a\0b", "x" * 121, "eve\n"])
def test_a_name_that_is_no_file_name_gets_no_key(tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match="not a name"):
        new_key(tmp_path, name)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["maria@shop.example", "m.rossi", "M-1_a+b"])
def test_a_name_may_be_a_mail_address(tmp_path: Path, name: str) -> None:
    key = new_key(tmp_path, name)
    proof = sign(key, action=ACTION, verdict=Verdict.APPROVE, expires=soon())

    assert Approvers(tmp_path).verify(proof)["sub"] == name


def refused(folder: Path, proof: str, reason: str) -> bool:
    """For this reason, in one line."""
    with pytest.raises(ProofError) as caught:
        Approvers(folder).verify(proof)
    said = str(caught.value)
    return re.search(reason, said) is not None and "\n" not in said


def test_an_unknown_approver_is_refused(folder: Path, tmp_path: Path) -> None:
    stranger = new_key(tmp_path / "other", "eve")
    assert refused(
        folder,
        sign(stranger, action=ACTION, verdict=Verdict.APPROVE, expires=soon()),
        "unknown approver 'eve'",
    )


def test_another_key_under_a_known_name_is_refused(folder: Path, tmp_path: Path) -> None:
    forged = new_key(tmp_path / "other", "maria")
    assert refused(
        folder, sign(forged, action=ACTION, verdict=Verdict.APPROVE, expires=soon()), "Signature verification"
    )


def test_an_approver_cannot_speak_for_another(folder: Path) -> None:
    tom = key_of(folder, "tom")
    assert refused(
        folder, jwt.encode(claims(), tom, "EdDSA", headers={"kid": "tom"}), "another approver's key"
    )
    assert refused(
        folder, jwt.encode(claims(), tom, "EdDSA", headers={"kid": "maria"}), "Signature verification"
    )
    assert refused(folder, jwt.encode(claims(), tom, "EdDSA"), "Signature verification")


def test_a_proof_without_a_key_id_is_tried_with_its_subjects_key(folder: Path) -> None:
    proof = jwt.encode(claims(), key_of(folder, "maria"), "EdDSA")
    assert Approvers(folder).verify(proof)["sub"] == "maria"


def test_an_unsigned_proof_is_refused(folder: Path) -> None:
    unsigned = jwt.encode(claims(), None, "none", headers={"kid": "maria"})  # type: ignore[arg-type]
    assert refused(folder, unsigned, "alg")


def test_the_public_key_used_as_a_shared_secret_is_refused(folder: Path) -> None:
    def part(value: object) -> str:
        return base64.urlsafe_b64encode(json.dumps(value, default=str).encode()).rstrip(b"=").decode()

    signed = (
        f"{part({'alg': 'HS256', 'typ': 'JWT', 'kid': 'maria'})}.{part(claims(iat=1, exp=9_999_999_999))}"
    )
    mac = hmac.new((folder / "maria.pub").read_bytes(), signed.encode(), hashlib.sha256).digest()
    assert refused(folder, f"{signed}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}", "alg")


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"exp": datetime.now(UTC) - timedelta(seconds=1)}, "expired"),
        ({"iat": datetime.now(UTC) + timedelta(hours=1)}, "not yet valid"),
        ({"aud": "another-service"}, "[Aa]udience"),
        ({"aud": None}, "aud"),
        ({"sub": None}, "sub"),
        ({"exp": None}, "exp"),
        ({"iat": None}, "iat"),
        ({"action": None}, "action"),
        ({"verdict": None}, "verdict"),
        ({"verdict": "maybe"}, "not of the right form"),
        ({"verdict": {}}, "not of the right form"),
        ({"action": 7}, "not of the right form"),
    ],
)
def test_a_proof_that_is_expired_or_for_something_else_or_incomplete_is_refused(
    folder: Path, changes: dict[str, Any], reason: str
) -> None:
    proof = jwt.encode(claims(**changes), key_of(folder, "maria"), "EdDSA", headers={"kid": "maria"})
    assert refused(folder, proof, reason)


@pytest.mark.parametrize("kid", ["../keys/maria", "/etc/passwd", "maria.pub", "maria\0", ""])
def test_a_key_id_leads_to_no_other_file(folder: Path, kid: str) -> None:
    assert refused(
        folder,
        jwt.encode(claims(), key_of(folder, "maria"), "EdDSA", headers={"kid": kid}),
        "unknown approver",
    )


@pytest.mark.parametrize(
    "garbage",
    ["", "x", "a.b.c", "....", "é.é.é", base64.urlsafe_b64encode(b"[" * 2_500).decode() + ".e30.x"],
)
def test_garbage_is_refused_in_one_line(folder: Path, garbage: str) -> None:
    assert refused(folder, garbage, "not a")


@given(st.text(max_size=200))
def test_no_text_gets_anything_but_a_refusal(text: str) -> None:
    with pytest.raises(ProofError):
        Approvers(Path("no-such-folder")).verify(text)


def test_a_changed_proof_is_refused(folder: Path) -> None:
    header, body, signature = sign(
        folder / "maria.key", action=ACTION, verdict=Verdict.DENY, expires=soon()
    ).split(".")
    changed = json.loads(base64.urlsafe_b64decode(body + "==")) | {"verdict": "approve"}
    forged = base64.urlsafe_b64encode(json.dumps(changed).encode()).rstrip(b"=").decode()
    assert refused(folder, f"{header}.{forged}.{signature}", "Signature verification")


def test_approvers_come_and_go_with_their_files(folder: Path) -> None:
    approvers = Approvers(folder)
    proof = sign(folder / "maria.key", action=ACTION, verdict=Verdict.APPROVE, expires=soon())
    assert approvers.verify(proof)

    (folder / "maria.pub").unlink()
    with pytest.raises(ProofError, match="unknown approver"):
        approvers.verify(proof)

    key = new_key(folder, "nina")
    assert (
        approvers.verify(sign(key, action=ACTION, verdict=Verdict.APPROVE, expires=soon()))["sub"] == "nina"
    )


def test_a_file_that_holds_no_key_makes_nobody_an_approver(folder: Path) -> None:
    (folder / "maria.pub").write_text("-----BEGIN PUBLIC KEY-----\nnonsense\n-----END PUBLIC KEY-----\n")
    assert refused(
        folder,
        sign(folder / "maria.key", action=ACTION, verdict=Verdict.APPROVE, expires=soon()),
        "unknown approver",
    )
