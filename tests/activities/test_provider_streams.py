"""Every way an event stream can end badly: the client itself reports most of them as a normal end."""

import json
from pathlib import Path

import pytest

from contracts.attempts import Cost, Fault
from tests.activities.provider import provider
from tests.fault_server import Behaviour, faults
from tests.fault_server.faults import stream, stream_events

UNENDED = stream_events(finish=None, usage=None)
KEEP_ALIVE = b": keep-alive\n\n"


async def check(folder: Path, behaviour: Behaviour, fault: Fault, cost: Cost) -> None:
    async with provider("streaming", folder=folder) as asked:
        failure = await asked.failure(behaviour)
        assert (failure.fault, failure.cost) == (fault, cost), failure.reason
        (entry,) = asked.server.entries
        assert entry.retry_count == "0"
        assert entry.body["stream_options"] == {"include_usage": True}


@pytest.mark.parametrize(
    "behaviour",
    [
        stream(stream_events()),
        stream(stream_events(), done=False),
        stream(KEEP_ALIVE, stream_events(), KEEP_ALIVE),
        stream(stream_events(), b"data: [DONE]\n\ndata: {garbage\n\n"),
        stream(stream_events(), headers=[("Content-Type", "application/octet-stream")]),
        stream(stream_events(), headers=[("Content-Type", "text/event-stream; charset=utf-8")]),
    ],
)
async def test_a_stream_with_its_end_is_a_reply(tmp_path: Path, behaviour: Behaviour) -> None:
    async with provider("streaming", folder=tmp_path) as asked:
        asked.server.script(behaviour)
        result = await asked.read()
        assert result.reply.order_number == "QX-10017"
        assert result.usage is not None
        assert result.provenance.answered_by == "scripted-1"


@pytest.mark.parametrize(
    "behaviour",
    [
        stream(UNENDED),
        stream(UNENDED, done=False),
        stream(KEEP_ALIVE, UNENDED, KEEP_ALIVE, done=False),
        stream(stream_events(finish=None)),
        stream(stream_events(finish=None), done=False),
        stream(stream_events(finish="")),
        stream({"choices": []}),
        stream({"choices": [], "usage": {"prompt_tokens": 3, "completion_tokens": 3}}),
        stream({"choices": [{"index": 0, "delta": {"role": "assistant"}, "finish_reason": None}]}),
        stream({"choices": [{"index": 0, "delta": {"content": "{"}}]}, done=False),
    ],
)
async def test_a_stream_that_just_ends_is_broken(tmp_path: Path, behaviour: Behaviour) -> None:
    await check(tmp_path, behaviour, Fault.STREAM_BROKEN, Cost.UNKNOWN)


@pytest.mark.parametrize(
    "behaviour",
    [
        stream(done=False),
        stream(),
        stream(KEEP_ALIVE),
        faults.body(b""),
        faults.body(b"<html>It works!</html>", [("Content-Type", "text/html")]),
        faults.body(b"null"),
        faults.body(b'{"choices": [{"mess'),
        faults.body(b'{"error": {"message": "no"}}'),
        faults.changed(),
        faults.body(b"[]", [("Content-Type", "text/event-stream")]),
        faults.body(b"event: ping\n\n", [("Content-Type", "text/plain")]),
    ],
)
async def test_a_200_that_is_no_event_stream_is_broken(tmp_path: Path, behaviour: Behaviour) -> None:
    async with provider("streaming", folder=tmp_path) as asked:
        failure = await asked.failure(behaviour)
        # A ping holds an event with no data, which is garbage rather than nothing.
        assert failure.fault in {Fault.STREAM_BROKEN, Fault.SERVER_ERROR}
        assert failure.cost is Cost.UNKNOWN


@pytest.mark.parametrize(
    "behaviour",
    [
        stream({"error": {"message": "the server had an error", "type": "server_error"}}),
        stream({"error": "overloaded"}),
        stream(UNENDED, {"error": {"message": "broke off", "code": 500}}),
        stream(UNENDED, {"error": {"message": None}}, done=False),
        stream(UNENDED, b'event: error\ndata: {"error": {"message": "late"}}\n\n'),
        stream(b"data: {not json\n\n"),
        stream(UNENDED, b'data: {"choices": [{"del\n\n'),
        stream(b"data: <html>\n\n"),
        stream(b"data: null\n\n"),
        stream(b"data: []\n\n"),
        stream({"choices": "none"}),
        stream({"choices": [None]}),
        stream({"choices": [{"delta": "text"}]}),
        stream({"choices": [{"delta": {"content": 7}}]}),
        stream({}),
        stream(b"data: " + b"[" * 100_000 + b"\n\n"),
        stream(b"data: " + b"9" * 5_000 + b"\n\n"),
        stream(b"data: \xff\xfe\n\n"),
    ],
)
async def test_an_error_or_garbage_in_a_stream_is_a_server_error(
    tmp_path: Path, behaviour: Behaviour
) -> None:
    await check(tmp_path, behaviour, Fault.SERVER_ERROR, Cost.UNKNOWN)


@pytest.mark.parametrize("content", ["", "{", '{"wish":', "x" * 900, '{"wish":"refund"}'])
async def test_a_stream_cut_by_its_limit_costs_what_it_used(tmp_path: Path, content: str) -> None:
    await check(
        tmp_path, stream(stream_events(finish="length", content=content)), Fault.CUT_SHORT, Cost.ACTUAL
    )


@pytest.mark.parametrize("content", ["", "{", '{"wish":', "no", '{"wish":"refund"}'])
async def test_a_filtered_stream_costs_what_it_used(tmp_path: Path, content: str) -> None:
    events = stream_events(finish="content_filter", content=content)
    await check(tmp_path, stream(events), Fault.FILTERED, Cost.ACTUAL)


@pytest.mark.parametrize(
    "usage", [None, {}, {"prompt_tokens": "15", "completion_tokens": 3}, {"prompt_tokens": 15}, "15 tokens"]
)
async def test_a_stream_without_believable_usage_keeps_its_content(tmp_path: Path, usage: object) -> None:
    async with provider("streaming", folder=tmp_path) as asked:
        asked.server.script(stream(stream_events(usage=usage)))
        assert (await asked.read()).usage is None


async def test_a_refusal_in_parts_is_put_together(tmp_path: Path) -> None:
    parts = [{"choices": [{"index": 0, "delta": {"refusal": part}}]} for part in ("I can", "not help.")]
    end = {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}
    async with provider("streaming", folder=tmp_path) as asked:
        failure = await asked.failure(stream(*parts, end))
        assert (failure.fault, failure.cost) == (Fault.FILTERED, Cost.UNKNOWN)
        assert "I cannot help." in failure.reason


async def test_an_invalid_streamed_reply_is_repaired_like_any_other(tmp_path: Path) -> None:
    async with provider("streaming", folder=tmp_path) as asked:
        failure = await asked.failure(stream(stream_events(content=json.dumps({"wish": "cake"}))))
        assert (failure.fault, failure.cost) == (Fault.INVALID_REPLY, Cost.ACTUAL)
        assert failure.repair is not None
        assert json.loads(failure.repair.reply) == {"wish": "cake"}
