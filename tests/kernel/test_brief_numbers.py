"""Numbers as a history holds them: brief, and the same when they are read back."""

from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from contracts.receipts import Balance, TrailLink
from contracts.sheet import Escrow, StepNumbers
from contracts.steps import Offers, StepPolicy
from contracts.terms import Amount, amount_of, brief

COUNTS = st.integers(0, 10**9)
AMOUNTS = st.builds(
    Amount,
    usd=st.integers(0, 10**15).map(lambda units: Decimal(units).scaleb(-12)),
    tokens=COUNTS,
    calls=COUNTS,
    steps=COUNTS,
)
TIMES = st.integers(0, 10**12).map(lambda microseconds: timedelta(microseconds=microseconds))
POLICIES = st.builds(
    StepPolicy,
    attempt_timeout=TIMES,
    attempts=st.integers(1, 20),
    heartbeat=st.none() | TIMES,
    first_wait=TIMES,
    longest_wait=TIMES,
)


@given(AMOUNTS)
def test_an_amount_reads_back_as_it_was_written(amount: Amount) -> None:
    assert amount_of(brief(amount)) == amount


def test_zeros_at_the_end_of_an_amount_stay_at_home() -> None:
    assert brief(Amount()) == []
    assert brief(Amount(usd=Decimal("0.10"), calls=1)) == ["0.1", 0, 1]


def test_an_amount_with_a_fifth_measure_is_none() -> None:
    """What is not understood must not be skipped: it would escape the chain."""
    with pytest.raises(ValueError, match="four measures"):
        amount_of(["0", 0, 0, 0, 1])
    link = {"entries": [], "balance": {"settled": ["0", 0, 0, 0, 1]}, "chain": "0" * 16}
    with pytest.raises(ValidationError, match="four measures"):
        TrailLink.model_validate(link)


@given(AMOUNTS, AMOUNTS, st.booleans())
def test_a_link_reads_back_as_it_was_written(settled: Amount, held: Amount, overrun: bool) -> None:
    balance = Balance(settled=settled, held=held, overrun=overrun)
    link = TrailLink(entries=[], balance=balance, chain="0" * 16)
    assert TrailLink.model_validate_json(link.model_dump_json()) == link


@given(POLICIES)
def test_a_policy_reads_back_to_the_microsecond(policy: StepPolicy) -> None:
    """A run's timeouts must not depend on having been written down."""
    assert StepPolicy.model_validate_json(policy.model_dump_json()) == policy


def test_a_policy_is_the_list_of_its_numbers() -> None:
    policy = StepPolicy(attempt_timeout=timedelta(minutes=2), attempts=4, first_wait=timedelta(seconds=0.2))
    assert policy.model_dump_json() == "[120,4,null,0.2,60]"
    with pytest.raises(ValidationError, match="5 numbers"):
        StepPolicy.model_validate_json("[120,4,null,0.2]")


def test_a_step_leaves_out_what_it_has_not() -> None:
    policy = StepPolicy(attempt_timeout=timedelta(seconds=5), attempts=1)
    read = StepNumbers(policy=policy, max_request_bytes=64_000)
    effect = StepNumbers(policy=policy, max_request_bytes=64_000, offers=Offers.KEYED)
    assert read.model_dump_json() == '{"policy":[5,1,null,1,60],"max_request_bytes":64000}'
    assert StepNumbers.model_validate_json(read.model_dump_json()) == read
    assert StepNumbers.model_validate_json(effect.model_dump_json()) == effect


def test_an_escrow_leaves_out_zeros() -> None:
    escrow = Escrow(amount=Amount(steps=2), time=timedelta(minutes=6))
    assert escrow.model_dump_json() == '{"amount":{"steps":2},"time":"PT6M"}'
    assert Escrow.model_validate_json(escrow.model_dump_json()) == escrow
