"""What tokens cost: exact, and never above what was held for them."""

from decimal import Decimal
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from contracts.attempts import Usage
from contracts.sheet import Price, Route, StepNumbers
from contracts.steps import StepPolicy
from contracts.terms import Amount
from contracts.values import plain
from workflows.kernel.ledger import cost_of, worst_case

# All that a Price takes: twelve digits, six of them decimals.
PER_MILLION_TOKENS = st.integers(0, 10**12 - 1).map(lambda millionths: Decimal(millionths).scaleb(-6))
PRICES = st.builds(Price, input=PER_MILLION_TOKENS, output=PER_MILLION_TOKENS)
TOKENS = st.integers(0, 10**9)
FREE = Price(input=Decimal(0), output=Decimal(0))


def route(price: Price) -> Route:
    return Route(
        name="fast",
        model="scripted",
        context_tokens=4_096,
        max_output_tokens=1_024,
        timeout="PT5S",
        slots=1,
        price=price,
        task_queue="tenuto/fast",
    )


def numbers(overhead_bytes: int) -> StepNumbers:
    policy = StepPolicy(attempt_timeout="PT5S", attempts=1)
    return StepNumbers(policy=policy, max_request_bytes=16_000, overhead_bytes=overhead_bytes)


@given(PRICES, TOKENS, TOKENS)
def test_a_price_is_exact_for_any_number_of_tokens(price: Price, read: int, written: int) -> None:
    """Compared with fractions, which cannot round, and taken by an Amount without loss."""
    expected = (Fraction(price.input) * read + Fraction(price.output) * written) / 1_000_000
    cost = price.of(read, written)
    assert Fraction(cost) == expected
    assert Fraction(Amount(usd=cost).usd) == expected


def test_a_price_is_in_dollars_for_a_million_tokens() -> None:
    """By hand: 1,000 tokens in at 0.15, 200 out at 0.60."""
    assert Price(input=Decimal("0.15"), output=Decimal("0.60")).of(1_000, 200) == Decimal("0.00027")


@given(PRICES, st.integers(0, 10**6), st.integers(0, 10**5), st.integers(0, 10**6), st.data())
def test_no_usage_within_its_limits_costs_more_than_its_hold(
    price: Price, request: int, overhead: int, most_written: int, data: st.DataObject
) -> None:
    """In every measure, for any price, size and overhead; the limit itself costs exactly the hold."""
    hold = worst_case(numbers(overhead), route(price), request, most_written)
    read = data.draw(st.integers(0, request + overhead))
    written = data.draw(st.integers(0, most_written))
    assert cost_of(Usage(input_tokens=read, output_tokens=written), route(price)).fits(hold)
    at_the_limit = Usage(input_tokens=request + overhead, output_tokens=most_written)
    assert cost_of(at_the_limit, route(price)) == hold


@given(st.integers(0, 10**6), st.integers(0, 10**6))
def test_a_free_model_still_costs_tokens_and_a_call(read: int, written: int) -> None:
    """So that a free run is bounded too."""
    cost = cost_of(Usage(input_tokens=read, output_tokens=written), route(FREE))
    assert cost == Amount(tokens=read + written, calls=1)


@given(st.integers(0, 10**24 - 1), st.integers(0, 6))
def test_equal_amounts_read_equal_and_lose_nothing(units: int, zeros: int) -> None:
    """However many zeros follow; and never with an exponent."""
    amount = Decimal(units).scaleb(-12)
    longer = Decimal(units * 10**zeros).scaleb(-12 - zeros)
    assert plain(amount) == plain(longer)
    assert Fraction(plain(amount)) == Fraction(units, 10**12)
    assert "E" not in plain(amount)
