"""Replies that are not what was asked for, and bills that cannot be true."""

import json
from pathlib import Path
from typing import Any

import pytest

from activities.usage import believable_usage
from contracts.attempts import Cost, Fault
from tests.activities.provider import provider
from tests.fault_server import Behaviour, faults

GOOD = {"wish": "refund", "problem": "damaged", "order_number": "QX-10017", "summary": "It cracked."}


@pytest.mark.parametrize(
    ("behaviour", "says"),
    [
        (faults.reply(""), "JSON"),
        (faults.choice(content=None), "JSON"),
        (faults.choice("tool_calls", content=None, tool_calls=[{"function": {"arguments": "{"}}]), "JSON"),
        (faults.choice("function_call", content=None), "JSON"),
        (faults.reply("Here you are: {}"), "JSON"),
        (faults.reply("```json\n" + json.dumps(GOOD) + "\n```"), "JSON"),
        (faults.reply(json.dumps(GOOD)[:-1]), "JSON"),
        (faults.reply("[" * 100_000), "reply"),
        (faults.reply("9" * 5_000), "JSON"),
        (faults.reply("NaN"), "NaN"),
        (faults.reply("[]"), "reply"),
        (faults.reply({}), "wish: Field required"),
        (faults.reply(GOOD | {"wish": "cake"}), "wish"),
        (faults.reply(GOOD | {"wish": None}), "wish"),
        (faults.reply(GOOD | {"extra": 1}), "extra"),
        (faults.reply(GOOD | {"order_number": 10017}), "order_number"),
        (faults.reply(GOOD | {"order_number": "QX-99999"}), "does not occur in the ticket"),
        (faults.reply(GOOD | {"order_number": "none"}), "use null"),
        (faults.reply(GOOD | {"summary": "x" * 201}), "summary"),
        (faults.reply(GOOD | {"summary": "x" * 60_000}), "longer than"),
    ],
)
async def test_an_invalid_reply_is_paid_and_can_be_repaired(
    tmp_path: Path, behaviour: Behaviour, says: str
) -> None:
    async with provider(folder=tmp_path) as asked:
        failure = await asked.failure(behaviour)
        assert (failure.fault, failure.cost) == (Fault.INVALID_REPLY, Cost.ACTUAL), failure.reason
        assert failure.repair is not None
        assert says in failure.repair.error
        (entry,) = asked.server.entries
        assert failure.usage is not None
        assert failure.usage.input_tokens == entry.input_tokens
        result = await asked.read(repair=failure.repair)
        assert result.reply.order_number == "QX-10017"


TRUE = {"prompt_tokens": 15, "completion_tokens": 3}
UNTRUE: list[object] = [
    None,
    {},
    [],
    15,
    "15 tokens",
    {"prompt_tokens": 15},
    {"completion_tokens": 3},
    TRUE | {"prompt_tokens": "15 tokens"},
    TRUE | {"prompt_tokens": "15"},
    TRUE | {"prompt_tokens": -5},
    TRUE | {"prompt_tokens": 1e30},
    TRUE | {"prompt_tokens": 10**30},
    TRUE | {"prompt_tokens": float("nan")},
    TRUE | {"prompt_tokens": float("inf")},
    TRUE | {"prompt_tokens": 1.5},
    TRUE | {"prompt_tokens": 15.0},
    TRUE | {"prompt_tokens": True},
    TRUE | {"prompt_tokens": None},
    TRUE | {"prompt_tokens": 0},
    TRUE | {"completion_tokens": 0},
    TRUE | {"completion_tokens": False},
    TRUE | {"completion_tokens": -1},
    TRUE | {"completion_tokens": [3]},
    TRUE | {"total_tokens": 900},
    TRUE | {"total_tokens": "18"},
]


@pytest.mark.parametrize("usage", UNTRUE, ids=str)
async def test_a_bill_that_cannot_be_true_is_refused_and_the_reply_kept(
    tmp_path: Path, usage: object
) -> None:
    async with provider(folder=tmp_path) as asked:
        asked.server.script(faults.changed(usage=usage))
        result = await asked.read()
        assert result.usage is None
        assert result.reply.order_number == "QX-10017"


@pytest.mark.parametrize("usage", UNTRUE[:12], ids=str)
async def test_an_invalid_reply_with_such_a_bill_has_an_unknown_cost(tmp_path: Path, usage: object) -> None:
    async with provider(folder=tmp_path) as asked:
        choices = [{"finish_reason": "stop", "message": {"content": "{}"}}]
        failure = await asked.failure(faults.changed(usage=usage, choices=choices))
        assert (failure.fault, failure.cost) == (Fault.INVALID_REPLY, Cost.UNKNOWN)


@pytest.mark.parametrize("finish", ["length", "content_filter"])
@pytest.mark.parametrize("usage", UNTRUE[:6], ids=str)
async def test_no_end_with_such_a_bill_has_a_known_cost(tmp_path: Path, usage: object, finish: str) -> None:
    async with provider(folder=tmp_path) as asked:
        choices = [{"finish_reason": finish, "message": {"content": "{"}}]
        failure = await asked.failure(faults.changed(usage=usage, choices=choices))
        assert failure.cost is Cost.UNKNOWN


@pytest.mark.parametrize(
    "usage",
    [
        TRUE,
        TRUE | {"total_tokens": 18},
        TRUE | {"total_tokens": None},
        TRUE | {"prompt_tokens_details": {"cached_tokens": 10}},
        {"prompt_tokens": 9_000_000, "completion_tokens": 100_000},
    ],
)
def test_a_bill_above_the_request_is_still_believed(usage: dict[str, Any]) -> None:
    """Refusing it would book the hold, which is less than what was billed."""
    believed = believable_usage(usage, answered=True)
    assert believed is not None
    assert believed.input_tokens == usage["prompt_tokens"]


def test_a_reply_without_content_may_have_no_output() -> None:
    assert believable_usage(TRUE | {"completion_tokens": 0}, answered=False) is not None
