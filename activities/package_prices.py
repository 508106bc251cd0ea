"""Prices that the genai-prices package carries: no download, and only those that bound every bill."""

from collections.abc import Iterable
from datetime import UTC, datetime
from decimal import ROUND_UP, Decimal
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from contracts.sheet import Price
from contracts.values import plain

if TYPE_CHECKING:
    from genai_prices.types import ModelInfo, ModelPrice

__all__ = ["PACKAGE", "NoPackagePrice", "package_price", "package_release"]

PACKAGE = "genai-prices"

# What a request of text and its reply of text can be billed by. Which tokens a provider takes from its
# cache, or writes to it, is its own affair, so each of these may be what a token costs.
INPUT = frozenset({"input_mtok", "cache_read_mtok", "cache_write_mtok"})
OUTPUT = frozenset({"output_mtok", "output_reasoning_mtok"})
# Sounds, pictures, searches and an hour in the cache are never sent or asked for.
NEVER_ASKED = ("audio", "image", "video", "document", "searches", "cache_write_1h")
EXAMPLE = 'write { input = "0.15", output = "0.60" } with what you pay'
SMALLEST = Decimal("0.000001")  # what contracts.sheet.Price holds


class NoPackagePrice(Exception):
    """The package has no price that bounds every bill. Half a sentence that says why and what to write."""


def package_release() -> str:
    """The package with its version: the date of its prices."""
    return f"{PACKAGE} {version(PACKAGE)}"


def package_price(model: str, address: str, now: datetime | None = None) -> Price:
    """The one price of a model at the service of this address. Raises NoPackagePrice.

    It is the price of a service's usual tier, since no other is ever asked for.
    """
    # Its data is 1.6 MB of Python, so it is loaded only where a catalogue asks for it.
    from genai_prices.data_snapshot import get_snapshot

    try:
        _, found = get_snapshot().find_provider_model(model, None, None, address)
    except LookupError:
        raise NoPackagePrice(f"knows no price of {model} at {address}; {EXAMPLE}") from None
    possible = prices_from(found, now or datetime.now(UTC))
    unbounded = sorted({unit for price in possible for unit in units(price) if not may_be_left_out(unit)})
    if unbounded:
        raise NoPackagePrice(f"bills {model} by {', '.join(unbounded)}, which no price of a token bounds")
    bound = Price(input=highest(possible, INPUT), output=highest(possible, OUTPUT))
    stated = possible[0].input_mtok, possible[0].output_mtok
    if None in stated:
        raise NoPackagePrice(f"has no price of both input and output tokens of {model}; {EXAMPLE}")
    # Whichever of them is stated now: a worker must not start at some hours only.
    several = any((each.input_mtok, each.output_mtok) != stated for each in possible)
    if stated != (bound.input, bound.output) or several:
        most = f'{{ input = "{plain(bound.input)}", output = "{plain(bound.output)}" }}'
        raise NoPackagePrice(f"has several prices of {model} ({causes(possible)}); write the highest, {most}")
    return bound


def prices_from(model: "ModelInfo", now: datetime) -> "list[ModelPrice]":
    """What it costs now, first, and whatever may hold later while a worker runs."""
    from genai_prices.types import ModelPrice, StartDateConstraint, TimeOfDateConstraint

    current = model.get_prices(now)
    if isinstance(model.prices, ModelPrice):
        return [current]
    if any(isinstance(each.constraint, TimeOfDateConstraint) for each in model.prices):
        return [current, *(each.prices for each in model.prices)]
    coming = [
        each.prices
        for each in model.prices
        if isinstance(each.constraint, StartDateConstraint) and not each.constraint.active(now)
    ]
    return [current, *coming]


def units(price: "ModelPrice") -> dict[str, Any]:
    return {unit: value for unit, value in vars(price).items() if value is not None and unit[0] != "_"}


def may_be_left_out(unit: str) -> bool:
    return unit in INPUT | OUTPUT or any(word in unit for word in NEVER_ASKED)


def highest(possible: "Iterable[ModelPrice]", side: frozenset[str]) -> Decimal:
    amounts = [
        amount
        for price in possible
        for unit, value in units(price).items()
        if unit in side
        for amount in amounts_in(value)
    ]
    return max(amounts, default=Decimal(0)).quantize(SMALLEST, ROUND_UP)


def amounts_in(value: Any) -> list[Decimal]:
    """One, or that of every tier."""
    return [value] if isinstance(value, Decimal) else [value.base, *(tier.price for tier in value.tiers)]


def causes(possible: "list[ModelPrice]") -> str:
    """Why there is more than one number."""
    found = [
        (
            "by the prompt's length",
            any(not isinstance(v, Decimal) for p in possible for v in units(p).values()),
        ),
        ("by the hour or the date", len(possible) > 1),
        ("for its cache", any(unit.startswith("cache_write") for unit in units(possible[0]))),
    ]
    return ", ".join(cause for cause, is_so in found if is_so) or "in more than six decimals"
