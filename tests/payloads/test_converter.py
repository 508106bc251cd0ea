"""The converter of every client, worker and replay makes what the SDK's makes."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from pydantic import ValidationError
from temporalio.api.common.v1 import Payload
from temporalio.common import RawValue
from temporalio.contrib.pydantic import pydantic_data_converter

from contracts.attempts import Cost, Failure, Fault
from contracts.orders import FindOrder
from contracts.receipts import Balance, TrailLink
from contracts.terms import Amount, Terms
from payloads.converter import data_converter

OURS, SDK = data_converter.payload_converter, pydantic_data_converter.payload_converter

AMOUNT = Amount(usd=Decimal("0.05"), tokens=7)
MODELS = [
    Terms(tenant="acme", requested_by="ann", cap=AMOUNT, deadline=timedelta(days=2), profile="local"),
    Failure(fault=Fault.CANCELLED, cost=Cost.UNKNOWN, reason="cancelled"),
    TrailLink(entries=[{"stage": "größer", "spent": 0.5}], balance=Balance(held=AMOUNT), chain="0" * 16),
]
OTHERS = [None, b"bytes", "text", 1.5, [AMOUNT], {"amount": AMOUNT}, Payload(data=b"x"), timedelta(seconds=3)]


@pytest.mark.parametrize("value", [*MODELS, *OTHERS], ids=lambda value: type(value).__name__)
def test_a_value_has_the_bytes_that_the_sdk_gives_it(value: Any) -> None:
    assert OURS.to_payloads([value]) == SDK.to_payloads([value])


def test_values_together_have_the_bytes_that_the_sdk_gives_them() -> None:
    raw = RawValue(SDK.to_payload("raw"))
    for values in (MODELS, [*MODELS, *OTHERS, raw], [raw], []):
        assert OURS.to_payloads(values) == SDK.to_payloads(values)


@pytest.mark.parametrize("value", MODELS, ids=lambda value: type(value).__name__)
def test_a_model_is_read_as_it_was(value: Any) -> None:
    assert OURS.from_payload(SDK.to_payload(value), type(value)) == value


def test_what_is_no_json_of_the_model_is_refused_as_by_the_sdk() -> None:
    for wrong in (SDK.to_payload("no object"), SDK.to_payload(AMOUNT)):
        with pytest.raises(ValidationError) as ours:
            OURS.from_payload(wrong, FindOrder)
        with pytest.raises(ValidationError) as theirs:
            SDK.from_payload(wrong, FindOrder)
        assert ours.value.errors() == theirs.value.errors()


def test_a_payload_of_another_encoding_is_read_by_its_own_converter() -> None:
    assert OURS.from_payload(SDK.to_payload(None), FindOrder) is None
    assert OURS.from_payload(SDK.to_payload(AMOUNT), RawValue) == RawValue(SDK.to_payload(AMOUNT))
