"""What a provider can do, and what must follow: the fault's class, what is booked, what is tried next.

A fault whose remedy is another route or a person is given up here: the run takes its way out.
"""

import json
from decimal import Decimal
from typing import Any

from contracts.attempts import Cost, Fault
from contracts.terms import Amount
from tests.fault_server import Behaviour, Entry, faults
from tests.fault_server.faults import body, choice, reply, status, stream, stream_events
from tests.workflows.world import models_toml
from workflows.kernel.attempts import Next

__all__ = ["GROUPS", "REFUSED", "STREAM", "Row", "billed", "profile_of", "profiles_toml"]

Row = tuple[Behaviour, Fault | None, Cost, Next | None]

NOTHING, ACTUAL, UNKNOWN = Cost.NONE, Cost.ACTUAL, Cost.UNKNOWN
AGAIN, LATER, REPAIR, LARGER, GIVE_UP = Next.AGAIN, Next.LATER, Next.REPAIR, Next.LARGER, Next.GIVE_UP

REFUSED = "refused connection"
"""The one row that is no answer: nobody listens at its profile's address."""
STREAM = "stream: "
"""How the names of rows begin that answer a request for a stream."""


def error(code: str, message: str = "scripted") -> dict[str, Any]:
    return {"error": {"message": message, "code": code, "type": None, "param": None}}


def usage(**changed: object) -> dict[str, object]:
    return {"prompt_tokens": 15, "completion_tokens": 3, **changed}


READING = {"wish": "refund", "problem": "damaged", "order_number": None, "summary": "Broken."}
NOW = [("Retry-After", "0")]
HTML = (b"<html>It works!</html>", [("Content-Type", "text/html")])
UNENDED = stream_events(finish=None, usage=None)

STATUS: dict[str, Row] = {
    "429 rate": (status(429, headers=NOW), Fault.RATE_LIMITED, NOTHING, LATER),
    "429 quota": (status(429, error("insufficient_quota")), Fault.QUOTA_EXHAUSTED, NOTHING, GIVE_UP),
    "429 credit": (status(429, error("credit_balance_exhausted")), Fault.QUOTA_EXHAUSTED, NOTHING, GIVE_UP),
    "429 spend": (status(429, error("user_spend_limit_exceeded")), Fault.QUOTA_EXHAUSTED, NOTHING, GIVE_UP),
    "429 usage": (
        status(429, error("organization_usage_limit_exceeded")), Fault.QUOTA_EXHAUSTED, NOTHING, GIVE_UP
    ),
    "503": (status(503, headers=NOW), Fault.OVERLOADED, NOTHING, LATER),
    "529": (status(529), Fault.OVERLOADED, NOTHING, LATER),
    "500": (status(500), Fault.SERVER_ERROR, UNKNOWN, LATER),
    "502": (status(502, b"<html>"), Fault.SERVER_ERROR, UNKNOWN, LATER),
    "504": (status(504, b""), Fault.SERVER_ERROR, UNKNOWN, LATER),
    "400 context": (status(400, error("context_length_exceeded")), Fault.CONTEXT_TOO_LONG, NOTHING, GIVE_UP),
    "400": (status(400), Fault.REJECTED, NOTHING, GIVE_UP),
    "400 that asks for a retry": (
        status(400, headers=[("x-should-retry", "true"), *NOW]), Fault.REJECTED, NOTHING, GIVE_UP
    ),
    "408": (status(408, headers=NOW), Fault.TIMED_OUT, UNKNOWN, LATER),
    "409": (status(409), Fault.REJECTED, UNKNOWN, GIVE_UP),
    "413": (status(413), Fault.REJECTED, NOTHING, GIVE_UP),
    "422": (status(422), Fault.REJECTED, NOTHING, GIVE_UP),
    "401": (status(401), Fault.UNAUTHORISED, NOTHING, GIVE_UP),
    "403": (status(403), Fault.UNAUTHORISED, NOTHING, GIVE_UP),
    "404 model": (status(404, error("model_not_found")), Fault.MODEL_NOT_FOUND, NOTHING, GIVE_UP),
    "302": (faults.redirect("http://127.0.0.1:1/v1", 302), Fault.REDIRECTED, UNKNOWN, GIVE_UP),
    "307": (faults.redirect("http://127.0.0.1:1/v1"), Fault.REDIRECTED, NOTHING, GIVE_UP),
    "stream: 429 rate": (status(429, headers=NOW), Fault.RATE_LIMITED, NOTHING, LATER),
    "stream: 500": (status(500), Fault.SERVER_ERROR, UNKNOWN, LATER),
}  # fmt: skip

NO_WHOLE_ANSWER: dict[str, Row] = {
    REFUSED: (faults.close_at_once(), Fault.CONNECTION_REFUSED, NOTHING, AGAIN),
    "reset": (faults.reset(), Fault.CONNECTION_LOST, UNKNOWN, LATER),
    "closed at once": (faults.close_at_once(), Fault.CONNECTION_LOST, UNKNOWN, LATER),
    "reset in the body": (faults.reset_in_body(), Fault.CONNECTION_LOST, UNKNOWN, LATER),
    "half a body": (faults.half_body(), Fault.CONNECTION_LOST, UNKNOWN, LATER),
    "half a head": (faults.raw(b"HTTP/1.1 200 OK\r\nContent-Le"), Fault.CONNECTION_LOST, UNKNOWN, LATER),
    "hang": (faults.hang(), Fault.TIMED_OUT, UNKNOWN, LATER),
    "slow trickle": (faults.trickle(), Fault.TIMED_OUT, UNKNOWN, LATER),
    "stream: reset": (faults.reset(), Fault.CONNECTION_LOST, UNKNOWN, LATER),
    "stream: hang": (faults.hang(), Fault.TIMED_OUT, UNKNOWN, LATER),
    "stream: no finish_reason and no [DONE]": (
        stream(UNENDED, done=False), Fault.STREAM_BROKEN, UNKNOWN, LATER
    ),
    "stream: no finish_reason": (stream(UNENDED), Fault.STREAM_BROKEN, UNKNOWN, LATER),
    "stream: error event": (stream(UNENDED, error("server_error")), Fault.SERVER_ERROR, UNKNOWN, LATER),
    "stream: garbage": (stream(UNENDED, b"data: {not json\n\n"), Fault.SERVER_ERROR, UNKNOWN, LATER),
}  # fmt: skip

NO_ANSWER: dict[str, Row] = {
    "empty": (body(b""), Fault.BROKEN_BODY, UNKNOWN, AGAIN),
    "HTML": (body(*HTML), Fault.BROKEN_BODY, UNKNOWN, AGAIN),
    "cut JSON": (body(b'{"choices": [{"mess'), Fault.BROKEN_BODY, UNKNOWN, AGAIN),
    "null": (body(b"null"), Fault.BROKEN_BODY, UNKNOWN, AGAIN),
    "a list": (body(b"[]"), Fault.BROKEN_BODY, UNKNOWN, AGAIN),
    "very deep JSON": (body(b"[" * 100_000), Fault.BROKEN_BODY, UNKNOWN, AGAIN),
    "a huge integer": (body(b'{"id": ' + b"9" * 5_000 + b"}"), Fault.BROKEN_BODY, UNKNOWN, AGAIN),
    "unknown end": (choice("eos"), Fault.BROKEN_BODY, UNKNOWN, AGAIN),
    "an error": (body(json.dumps(error("upstream")).encode()), Fault.NO_CHOICE, UNKNOWN, AGAIN),
    "no choices": (body(b"{}"), Fault.NO_CHOICE, UNKNOWN, AGAIN),
    "empty choices": (faults.changed(choices=[]), Fault.NO_CHOICE, UNKNOWN, AGAIN),
    "gzip bomb": (faults.gzip_bomb(), Fault.TOO_LARGE, UNKNOWN, GIVE_UP),
    "stream: empty": (body(b""), Fault.STREAM_BROKEN, UNKNOWN, LATER),
    "stream: HTML": (body(*HTML), Fault.STREAM_BROKEN, UNKNOWN, LATER),
    "stream: null": (body(b"null"), Fault.STREAM_BROKEN, UNKNOWN, LATER),
    "stream: cut JSON": (body(b'{"choices": [{"mess'), Fault.STREAM_BROKEN, UNKNOWN, LATER),
    "stream: an error": (body(json.dumps(error("upstream")).encode()), Fault.STREAM_BROKEN, UNKNOWN, LATER),
    "stream: unknown end": (stream(stream_events(finish="eos")), Fault.BROKEN_BODY, UNKNOWN, AGAIN),
}

NOT_WHAT_WAS_ASKED: dict[str, Row] = {
    "length": (choice("length", content='{"wish": "ref'), Fault.CUT_SHORT, ACTUAL, LARGER),
    "length, and yet whole": (choice("length", content=json.dumps(READING)), Fault.CUT_SHORT, ACTUAL, LARGER),
    "content_filter": (choice("content_filter", content=None), Fault.FILTERED, ACTUAL, GIVE_UP),
    "refusal": (choice(content=None, refusal="I cannot help with that."), Fault.FILTERED, ACTUAL, GIVE_UP),
    "no JSON": (reply("It is broken, I would say."), Fault.INVALID_REPLY, ACTUAL, REPAIR),
    "fenced JSON": (reply(f"```json\n{json.dumps(READING)}\n```"), Fault.INVALID_REPLY, ACTUAL, REPAIR),
    "missing field": (reply({"wish": "refund"}), Fault.INVALID_REPLY, ACTUAL, REPAIR),
    "unknown value": (reply(READING | {"wish": "cake"}), Fault.INVALID_REPLY, ACTUAL, REPAIR),
    "undeclared field": (reply(READING | {"pay": True}), Fault.INVALID_REPLY, ACTUAL, REPAIR),
    "made-up order": (reply(READING | {"order_number": "QX-99999"}), Fault.INVALID_REPLY, ACTUAL, REPAIR),
    "bad tool arguments": (
        choice("tool_calls", content=None, tool_calls=[{"function": {"name": "refund", "arguments": "{"}}]),
        Fault.INVALID_REPLY, ACTUAL, REPAIR,
    ),
    "stream: length": (stream(stream_events(finish="length", content="{")), Fault.CUT_SHORT, ACTUAL, LARGER),
    "stream: content_filter": (
        stream(stream_events(finish="content_filter", content="{")), Fault.FILTERED, ACTUAL, GIVE_UP
    ),
    "stream: unknown value": (
        stream(stream_events(content=json.dumps(READING | {"wish": "cake"}))),
        Fault.INVALID_REPLY, ACTUAL, REPAIR,
    ),
}  # fmt: skip

USAGE_LIES: dict[str, Row] = {
    **{
        name: (faults.changed(usage=lie, choices=choices), None, UNKNOWN, None)
        for choices in ([{"finish_reason": "stop", "message": {"content": json.dumps(READING)}}],)
        for name, lie in {
            "no usage": None,
            "usage in words": "15 tokens",
            "half a usage": {"prompt_tokens": 15},
            "15 tokens": usage(prompt_tokens="15 tokens"),
            '"15"': usage(prompt_tokens="15"),
            "-5": usage(prompt_tokens=-5),
            "1e30": usage(prompt_tokens=1e30),
            "NaN": usage(completion_tokens=float("nan")),
            "1.5": usage(completion_tokens=1.5),
            "true": usage(completion_tokens=True),
            "more in total than in sum": usage(total_tokens=900),
        }.items()
    },
    "stream: no usage": (
        stream(stream_events(content=json.dumps(READING), usage=None)), None, UNKNOWN, None
    ),
    "stream: -5": (
        stream(stream_events(content=json.dumps(READING), usage=usage(prompt_tokens=-5))), None, UNKNOWN, None
    ),
}  # fmt: skip

GROUPS = {
    "answered with an error status": STATUS,
    "no whole answer": NO_WHOLE_ANSWER,
    "an answer that is none": NO_ANSWER,
    "answered, but not what was asked": NOT_WHAT_WAS_ASKED,
    "usage lies": USAGE_LIES,
}


def profiles_toml(profile: str, address: str, slots: int, timeout: float) -> str:
    """One that answers at once, one that streams, and one of a provider that is not there, either way."""
    nowhere = "http://127.0.0.1:1/v1"
    return "\n".join(
        models_toml(profile_of(profile, name, streamed=streamed), where, slots, timeout)
        + ("stream = true\n" if streamed else "")
        for name, where in (("", address), (REFUSED, nowhere))
        for streamed in (False, True)
    )


def profile_of(profile: str, name: str, *, streamed: bool) -> str:
    """Which of them a row needs."""
    return profile + ("-refused" if name == REFUSED else "") + ("-stream" if streamed else "")


def billed(entry: Entry) -> Amount:
    """What the provider charges, at the price of these profiles."""
    usd = (Decimal("0.15") * entry.input_tokens + Decimal("0.60") * entry.output_tokens) / 1_000_000
    return Amount(usd=usd, tokens=entry.input_tokens + entry.output_tokens, calls=1)
