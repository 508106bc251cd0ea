"""Every 200 that is no answer or not a whole one, over real HTTP: the fault's class and what it cost."""

import json
from pathlib import Path
from typing import Any

import pytest

from contracts.attempts import Cost, Fault
from tests.activities.provider import check, provider
from tests.fault_server import Behaviour, faults


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b" ",
        b"<html><body>It works!</body></html>",
        b'{"choices": [{"index": 0, "mess',
        b"null",
        b"[]",
        b'"text"',
        b"42",
        b"true",
        b"not json",
        b"\xff\xfe\x00",
        b"\xc3\x28",
        b"{}{}",
        b"[" * 200_000,
        b'{"a":' * 100_000,
        b'{"usage": ' + b"9" * 5_000 + b"}",
    ],
)
@pytest.mark.parametrize("kind", ["application/json", "text/html"])
async def test_a_body_that_cannot_be_read_may_have_cost(tmp_path: Path, content: bytes, kind: str) -> None:
    await check(tmp_path, faults.body(content, [("Content-Type", kind)]), Fault.BROKEN_BODY, Cost.UNKNOWN)


@pytest.mark.parametrize(
    "completion",
    [
        {},
        {"error": {"message": "upstream failed"}},
        {"error": "upstream failed"},
        {"choices": None},
        {"choices": []},
        {"choices": {}},
        {"choices": "none"},
        {"choices": [None]},
        {"choices": ["text"]},
        {"choices": [{}]},
        {"choices": [{"finish_reason": "stop"}]},
        {"choices": [{"finish_reason": "stop", "message": None}]},
        {"choices": [{"finish_reason": "stop", "message": "text"}]},
        {"choices": [], "usage": {"prompt_tokens": 5, "completion_tokens": 5}},
    ],
)
async def test_a_200_with_no_choice_may_have_cost(tmp_path: Path, completion: dict[str, Any]) -> None:
    await check(tmp_path, faults.body(json.dumps(completion).encode()), Fault.NO_CHOICE, Cost.UNKNOWN)


@pytest.mark.parametrize("content", [["a"], {"a": 1}, 7, True, 1.5])
async def test_content_that_is_no_text_is_a_broken_body(tmp_path: Path, content: object) -> None:
    await check(tmp_path, faults.choice(content=content), Fault.BROKEN_BODY, Cost.UNKNOWN)


@pytest.mark.parametrize("finish", [None, "", "eos", "error", 7, True, [], {}, "STOP", "max_tokens"])
async def test_an_unknown_end_is_a_broken_body(tmp_path: Path, finish: object) -> None:
    await check(tmp_path, faults.choice(finish), Fault.BROKEN_BODY, Cost.UNKNOWN)


@pytest.mark.parametrize(
    "content",
    ["", None, "{", '{"wish":', '{"wish":"refund"', "{}", "[", '{"wish":"refund"}', "…", "x" * 5_000],
)
async def test_a_reply_cut_short_costs_what_it_used_and_is_never_closed_for_the_model(
    tmp_path: Path, content: str | None
) -> None:
    await check(tmp_path, faults.choice("length", content=content), Fault.CUT_SHORT, Cost.ACTUAL)


@pytest.mark.parametrize(
    "behaviour",
    [
        faults.choice("content_filter", content=None),
        faults.choice("content_filter", content=""),
        faults.choice("content_filter", content="{"),
        faults.choice("content_filter"),
        faults.choice("content_filter", content=None, refusal="no"),
        faults.choice("stop", content=None, refusal="I cannot help with that."),
        faults.choice("stop", content="", refusal="I cannot help with that."),
        faults.choice("stop", refusal="I cannot help with that."),
        faults.choice("length", content=None, refusal="I cannot"),
        faults.choice("stop", content=None, refusal="\ud800\x00"),
        faults.choice("stop", content=None, refusal={"reason": "policy"}),
    ],
)
async def test_a_filtered_reply_costs_what_it_used(tmp_path: Path, behaviour: Behaviour) -> None:
    await check(tmp_path, behaviour, Fault.FILTERED, Cost.ACTUAL)


GZIP = [("Content-Encoding", "gzip")]


@pytest.mark.parametrize("profile", ["keyed", "streaming"])
@pytest.mark.parametrize(
    "behaviour",
    [
        faults.gzip_bomb(),
        faults.gzip_bomb(1_100_000),
        faults.body(b"[" + b" " * 1_000_001),
        faults.body(b"x" * 5_000_000),
        faults.body(b"data: " + b"x" * 2_000_000, [("Content-Type", "text/event-stream")]),
    ],
)
async def test_a_body_above_the_limit_is_not_inflated(
    tmp_path: Path, behaviour: Behaviour, profile: str
) -> None:
    await check(tmp_path, behaviour, Fault.TOO_LARGE, Cost.UNKNOWN, profile)


@pytest.mark.parametrize("code", [401, 429, 503])
async def test_an_errors_status_counts_even_when_its_body_is_a_bomb(tmp_path: Path, code: int) -> None:
    async with provider(folder=tmp_path) as asked:
        failure = await asked.failure(faults.gzip_bomb(code=code))
        assert failure.cost is Cost.NONE


@pytest.mark.parametrize(
    "behaviour",
    [
        faults.body(b"not gzip", GZIP),
        faults.body(b"\x1f\x8b\x08\x00", GZIP),
        faults.body(b"{}", [("Content-Encoding", "br")]),
        faults.body(b"{}", [("Content-Encoding", "zstd")]),
        faults.body(b"{}", [("Content-Encoding", "gzip, gzip")]),
        faults.body(b"{}", [("Content-Encoding", "deflate")]),
        faults.body(b"{}", [("Content-Encoding", "nonsense")]),
    ],
)
async def test_an_encoding_that_was_not_asked_for_is_a_broken_body(
    tmp_path: Path, behaviour: Behaviour
) -> None:
    await check(tmp_path, behaviour, Fault.BROKEN_BODY, Cost.UNKNOWN)
