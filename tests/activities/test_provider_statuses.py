"""Every error status and redirect of a provider, over real HTTP: the fault's class and what it cost."""

from pathlib import Path
from typing import Any

import pytest

from contracts.attempts import Cost, Fault
from tests.activities.provider import check, provider
from tests.fault_server import Behaviour, faults
from tests.fault_server.faults import status


def error(code: object = None, kind: object = None, message: object = "scripted") -> dict[str, Any]:
    return {"error": {"message": message, "type": kind, "param": None, "code": code}}


RATE: list[Behaviour] = [
    status(429),
    status(429, error("rate_limit_exceeded", "requests")),
    status(429, error("rate_limit_exceeded", "tokens", "Limit 200000 TPM, try again in 20s")),
    status(429, b""),
    status(429, b"slow down"),
    status(429, b"<html>Too Many Requests</html>", [("Content-Type", "text/html")]),
    status(429, []),
    status(429, b"null"),
    status(429, {"error": "too many"}),
    status(429, {"error": {"code": 429, "type": None, "message": None}}),
    status(429, {"error": {"code": ["insufficient_quota"]}}),
    status(429, error(), [("Retry-After", "5")]),
]
QUOTA: list[Behaviour] = [
    status(429, error("insufficient_quota", "insufficient_quota")),
    status(429, error("insufficient_quota")),
    status(429, error(None, "insufficient_quota")),
    status(429, error("credit_balance_exhausted")),
    status(429, error("project_spend_limit_exceeded")),
    status(429, error("organization_spend_limit_exceeded")),
    status(429, error("user_spend_limit_exceeded")),
    status(429, error("organization_usage_limit_exceeded")),
    status(429, error("billing_hard_limit_reached")),
    status(429, {"code": "insufficient_quota", "message": "flat"}),
    status(402, error()),
    status(403, error("insufficient_quota")),
]
OVERLOADED: list[Behaviour] = [
    status(code, answer, headers)
    for code in (503, 529)
    for answer, headers in (
        (None, None),
        (b"", None),
        (error("overloaded_error", "overloaded_error"), None),
        (b"<html>unavailable</html>", [("Content-Type", "text/html")]),
        (error("model_loading"), [("Retry-After", "3")]),
        (b"[" * 100_000, None),
    )
]
SERVER_ERROR: list[Behaviour] = [
    status(code, answer)
    for code in (500, 502, 504, 520)
    for answer in (None, b"", b"<html>Bad Gateway</html>", error("insufficient_quota", "server_error"))
]
UNAUTHORISED: list[Behaviour] = [
    status(code, answer)
    for code in (401, 403)
    for answer in (
        None,
        b"",
        error("invalid_api_key", message="Incorrect API key provided: sk-scripted-0123456789"),
        error("unsupported_country_region_territory"),
        error(None, "permission_denied", "Bearer sk-scripted-0123456789 is not allowed"),
    )
]
NO_MODEL: list[Behaviour] = [
    status(404),
    status(404, b""),
    status(404, error("model_not_found")),
    status(404, error(None, "not_found_error")),
    status(404, {"detail": "Not Found"}),
    status(404, b"404 page not found"),
    status(404, b"<html></html>", [("Content-Type", "text/html")]),
    status(404, {"error": "model 'x' not found"}),
    status(403, error("model_not_found")),
    status(400, error("model_not_found")),
]
TOO_LONG: list[Behaviour] = [
    status(400, error("context_length_exceeded", "invalid_request_error")),
    status(400, error("context_length_exceeded")),
    status(400, error(None, "exceed_context_size_error", "the request exceeds the available context size")),
    status(400, error(400, "exceed_context_size_error")),
    status(400, error(None, "invalid_request_error", "This model's maximum context length is 8192 tokens.")),
    status(400, error(400, "BadRequestError", "maximum context length is 4096")),
    status(400, {"message": "This model's maximum context length is 1 token", "code": 400}),
    status(400, error(None, None, "Context length exceeded")),
    status(400, {"error": {"code": "context_length_exceeded"}}),
    status(413, error("context_length_exceeded")),
    status(422, error("context_length_exceeded")),
]
REJECTED: list[Behaviour] = [
    status(code, answer)
    for code in (400, 405, 413, 415, 422, 431)
    for answer in (None, b"", error("invalid_value", "invalid_request_error", "Unknown parameter"), b"nope")
]
MAYBE_BEGUN: list[tuple[Behaviour, Fault]] = [
    (status(408), Fault.TIMED_OUT),
    (status(499), Fault.TIMED_OUT),
    (status(409), Fault.REJECTED),
]


@pytest.mark.parametrize("behaviour", RATE)
async def test_a_rate_limit_costs_nothing(tmp_path: Path, behaviour: Behaviour) -> None:
    await check(tmp_path, behaviour, Fault.RATE_LIMITED, Cost.NONE)


@pytest.mark.parametrize("behaviour", QUOTA)
async def test_an_exhausted_quota_is_told_apart_from_a_rate_limit(
    tmp_path: Path, behaviour: Behaviour
) -> None:
    await check(tmp_path, behaviour, Fault.QUOTA_EXHAUSTED, Cost.NONE)


@pytest.mark.parametrize("behaviour", OVERLOADED)
async def test_an_overloaded_provider_costs_nothing(tmp_path: Path, behaviour: Behaviour) -> None:
    await check(tmp_path, behaviour, Fault.OVERLOADED, Cost.NONE)


@pytest.mark.parametrize("behaviour", SERVER_ERROR)
async def test_a_server_error_may_have_cost(tmp_path: Path, behaviour: Behaviour) -> None:
    await check(tmp_path, behaviour, Fault.SERVER_ERROR, Cost.UNKNOWN)


@pytest.mark.parametrize("behaviour", UNAUTHORISED)
async def test_a_refused_key_costs_nothing_and_is_not_shown(tmp_path: Path, behaviour: Behaviour) -> None:
    reason = await check(tmp_path, behaviour, Fault.UNAUTHORISED, Cost.NONE)
    assert "sk-" not in reason


@pytest.mark.parametrize("behaviour", NO_MODEL)
async def test_an_unknown_model_costs_nothing(tmp_path: Path, behaviour: Behaviour) -> None:
    await check(tmp_path, behaviour, Fault.MODEL_NOT_FOUND, Cost.NONE)


@pytest.mark.parametrize("behaviour", TOO_LONG)
async def test_a_prompt_too_long_for_the_context_costs_nothing(tmp_path: Path, behaviour: Behaviour) -> None:
    await check(tmp_path, behaviour, Fault.CONTEXT_TOO_LONG, Cost.NONE)


@pytest.mark.parametrize("behaviour", REJECTED)
async def test_a_rejected_request_costs_nothing(tmp_path: Path, behaviour: Behaviour) -> None:
    await check(tmp_path, behaviour, Fault.REJECTED, Cost.NONE)


@pytest.mark.parametrize(("behaviour", "fault"), MAYBE_BEGUN)
async def test_a_refusal_that_may_come_late_proves_nothing(
    tmp_path: Path, behaviour: Behaviour, fault: Fault
) -> None:
    await check(tmp_path, behaviour, fault, Cost.UNKNOWN)


@pytest.mark.parametrize("profile", ["keyed", "streaming"])
@pytest.mark.parametrize("code", [300, 301, 302, 303, 307, 308])
async def test_a_redirect_is_never_followed(tmp_path: Path, code: int, profile: str) -> None:
    other = tmp_path / "other"
    other.mkdir()
    async with provider(folder=other) as elsewhere:
        behaviour = faults.redirect(elsewhere.server.address + "/chat/completions", code)
        cost = Cost.NONE if code in {301, 307, 308} else Cost.UNKNOWN
        await check(tmp_path, behaviour, Fault.REDIRECTED, cost, profile)
        assert elsewhere.server.entries == []
