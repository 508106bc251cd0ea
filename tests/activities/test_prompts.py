"""Prompts: every task has one, it fits its hold, and its examples are right."""

import importlib
import itertools
import json
import pkgutil
from dataclasses import replace
from decimal import Decimal
from typing import Any, get_args

import pytest
from annotated_types import MaxLen
from pydantic import BaseModel
from pydantic.fields import FieldInfo

import contracts
from activities.endpoints import Endpoint
from activities.model_requests import PROMPTED, Prompted, model_request
from activities.prompts import draft_reply as draft_reply_prompt
from activities.prompts import read_ticket as read_ticket_prompt
from activities.reply_schema import strict_schema
from contracts.attempts import ModelCall, Repair
from contracts.extraction import ReadSection
from contracts.records import FieldKind, FieldType, RecordType
from contracts.steps import ModelTask
from contracts.tickets import DraftReply, Problem, ReadTicket, ReplyDraft, Wish, check_draft, check_reading
from contracts.values import Value

ENDPOINT = Endpoint(
    address="http://127.0.0.1:9/v1",
    api_key=None,
    key_name=None,
    loopback=True,
    stream=False,
    output_limit="max_tokens",
    string_limits=True,
)
CALL = ModelCall(
    attempt_id="a",
    route="local",
    model="m",
    max_output_tokens=256,
    max_input_bytes=1,
    temperature=Decimal(0),
    timeout_s=1,
)
# What costs most to quote: wide characters, characters that JSON escapes or cleaning replaces, our own marks.
WORST = ["x", "ä", "🪁", '"', "\n", "\x00", "\x85", "</mail>", "<summary>", "<|im_end|>", "\r"]
# The widest amount that the type holds.
WIDEST = Decimal("999999999999.123456789012")


def at_limit(prompted: Prompted, filler: str) -> BaseModel:
    """The largest request of a task that its limits allow, made of one filler."""
    if prompted.task.request is ReadSection:
        return section_at_limit(prompted, filler)
    if prompted.task.request is DraftReply:
        return DraftReply(
            customer=filled(filler, 120),
            summary=filled(filler, 200),
            remedy="ask_order_number",
            order_number=filled(filler, 20),
            amount=WIDEST,
        )
    return texts_at_limit(prompted, filler)


def texts_at_limit(prompted: Prompted, filler: str) -> BaseModel:
    """Of texts alone, each as long as it may be, and the longest cut where all of them are too large."""
    kind: type[BaseModel] = prompted.task.request
    longest = {name: longest_of(prompted.task.name, name, field) for name, field in kind.model_fields.items()}
    texts = {name: filled(filler, length) for name, length in longest.items()}
    cut = max(longest, key=lambda name: longest[name])
    while len(kind(**texts).model_dump_json().encode()) > prompted.task.max_request_bytes:
        texts[cut] = texts[cut][: len(texts[cut]) * 9 // 10]
    request: BaseModel = kind(**texts)
    return request


def longest_of(task: str, name: str, field: FieldInfo) -> int:
    """How many characters a field takes; a request of other fields needs an `at_limit` of its own."""
    most = [each.max_length for each in field.metadata if isinstance(each, MaxLen)]
    assert field.annotation is str, f"{task}: say in at_limit how large {name} can be"
    assert most, f"{task}: {name} needs a max_length"
    return most[0]


def section_at_limit(prompted: Prompted, filler: str) -> ReadSection:
    """As many fields and columns as there may be, with the longest names, and text as long as it may be."""
    means = filled(filler, 10)
    fields = tuple(
        FieldType(name=f"f{number:02}".ljust(40, "x"), kind=FieldKind.TEXT, means=means)
        for number in range(40)
    )
    record = RecordType(name="r" * 40, fields=fields, rows_name="rows", rows=fields[:12])
    most = prompted.task.max_request_bytes - len(record.model_dump_json().encode()) - 100
    each = len(json.dumps(filler, ensure_ascii=False).encode()) - 2
    return ReadSection(record=record, text=filled(filler, min(30_000, most // each * len(filler))))


def filled(filler: str, length: int) -> str:
    return (filler * length)[:length]


@pytest.mark.parametrize("filler", WORST, ids=repr)
@pytest.mark.parametrize("prompted", PROMPTED, ids=lambda prompted: prompted.task.name)
def test_a_prompt_at_its_limit_stays_within_its_overhead(prompted: Prompted, filler: str) -> None:
    request = at_limit(prompted, filler)
    size = len(request.model_dump_json().encode())
    sent = model_request(prompted, request, CALL, ENDPOINT)
    assert sent.input_bytes - size <= prompted.task.overhead_bytes


@pytest.mark.parametrize("filler", WORST, ids=repr)
@pytest.mark.parametrize("prompted", PROMPTED, ids=lambda prompted: prompted.task.name)
def test_a_repair_at_its_limit_adds_no_more_than_itself(prompted: Prompted, filler: str) -> None:
    request = at_limit(prompted, filler)
    repair = Repair(reply=filled(filler, 8_000), error=filled(filler, 2_000))
    size = len((request.model_dump_json() + repair.model_dump_json()).encode())
    sent = model_request(prompted, request, CALL.model_copy(update={"repair": repair}), ENDPOINT)
    assert sent.input_bytes - size <= prompted.task.overhead_bytes


def test_every_model_task_of_the_contracts_has_one_prompt() -> None:
    found = pkgutil.iter_modules(contracts.__path__, "contracts.")
    modules = [importlib.import_module(module.name) for module in found]
    declared = {
        value.name for module in modules for value in vars(module).values() if isinstance(value, ModelTask)
    }
    assert sorted(declared) == sorted(prompted.task.name for prompted in PROMPTED)


def test_the_fixed_part_of_read_ticket_leaves_a_small_context_to_the_ticket() -> None:
    fixed = sum(len(message.content.encode()) for message in read_ticket_prompt.FIXED)
    # 900 tokens at 3.6 bytes each, the least that this text comes to.
    assert fixed < 3_240


@pytest.mark.parametrize("prompted", PROMPTED, ids=lambda prompted: prompted.task.name)
def test_two_prompts_share_everything_but_the_last_turn(prompted: Prompted) -> None:
    first, second = (prompted.prompt(at_limit(prompted, filler)) for filler in "ab")
    assert first[:-1] == second[:-1]
    assert first[-1] != second[-1]


def test_the_solved_mails_are_right_and_show_every_label() -> None:
    readings = [reading for _, reading in read_ticket_prompt.EXAMPLES]
    assert {reading.wish for reading in readings} == set(Wish)
    assert {reading.problem for reading in readings} == set(Problem)
    assert None in {reading.order_number for reading in readings}
    for mail, reading in read_ticket_prompt.EXAMPLES:
        subject, _, text = mail.partition("\n\n")
        assert check_reading(ReadTicket(subject=subject, text=text), reading) is None


def test_the_solved_replies_are_right_and_show_every_remedy() -> None:
    remedies = [request.remedy for request, _ in draft_reply_prompt.EXAMPLES]
    assert sorted(remedies) == sorted(get_args(DraftReply.model_fields["remedy"].annotation))
    for request, text in draft_reply_prompt.EXAMPLES:
        assert check_draft(request, ReplyDraft(text=text)) is None


def test_a_reply_that_is_too_late_says_why() -> None:
    """A small model once gave the reason of another decision: that a colleague had looked at the case."""
    request = DraftReply(customer="Wen Li", summary="It leaks.", remedy="too_late", order_number="QX-00482")
    wrong = "A colleague looked at order QX-00482 with care, and we cannot give a refund."
    assert "more than 30 days" in (check_draft(request, ReplyDraft(text=wrong)) or "")
    for days in ("30 days", "Thirty days"):
        assert check_draft(request, ReplyDraft(text=f"{wrong} {days} have passed.")) is None
    assert check_draft(request.model_copy(update={"remedy": "denied"}), ReplyDraft(text=wrong)) is None


@pytest.mark.parametrize(
    ("amount", "shown"),
    [
        (None, "none"),
        (Decimal("5"), "$5.00"),
        (Decimal("129.9"), "$129.90"),
        (Decimal("0.005"), "$0.005"),
        (Decimal("1E+3"), "$1000.00"),
    ],
)
def test_an_amount_is_shown_exactly(amount: Decimal | None, shown: str) -> None:
    assert draft_reply_prompt.amount_line(amount) == shown


@pytest.mark.parametrize("string_limits", [True, False])
@pytest.mark.parametrize("prompted", PROMPTED, ids=lambda prompted: prompted.task.name)
def test_schemas_are_in_the_form_that_strict_outputs_take(prompted: Prompted, string_limits: bool) -> None:
    endpoint = replace(ENDPOINT, string_limits=string_limits)
    sent = model_request(prompted, at_limit(prompted, "x"), CALL, endpoint)
    schema = sent.body["response_format"]["json_schema"]["schema"]
    text = json.dumps(schema)
    assert "$ref" not in text
    assert "$defs" not in text
    assert ("maxLength" in text) == string_limits
    for node in objects(schema):
        assert node["additionalProperties"] is False
        assert node["required"] == list(node["properties"])


def objects(node: Any) -> list[dict[str, Any]]:
    """Every object schema in a schema."""
    below = node if isinstance(node, list) else list(node.values()) if isinstance(node, dict) else []
    own = [node] if isinstance(node, dict) and node.get("type") == "object" else []
    return own + list(itertools.chain.from_iterable(objects(each) for each in below))


def test_a_property_may_be_called_like_a_word_of_the_schema() -> None:
    class Inner(Value):
        title: str = "x"

    class Outer(Value):
        description: Inner
        default: list[Inner]

    schema = strict_schema(Outer, string_limits=False)
    inner = {
        "type": "object",
        "properties": {"title": {"type": "string"}},
        "required": ["title"],
        "additionalProperties": False,
    }
    assert schema["properties"] == {"description": inner, "default": {"type": "array", "items": inner}}
