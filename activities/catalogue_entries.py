"""One profile's entry in a catalogue: checked key by key, so that an error names its line and the remedy."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal, InvalidOperation
from typing import Any, NoReturn
from urllib.parse import urlsplit

from activities.endpoints import EMBEDDED_ADDRESS, EMBEDDED_KEY, Endpoint, OutputLimit, is_loopback
from activities.model_listing import NothingListed, first_model
from contracts.sheet import Price, Route

__all__ = ["CatalogueError", "Entry", "NotUsableHere"]

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
# What contracts.sheet.Price holds.
PRICE = re.compile(r"\d{1,6}(\.\d{1,6})?", re.ASCII)
KEYS = (
    "address",
    "key",
    "model",
    "context_tokens",
    "max_output_tokens",
    "timeout",
    "slots",
    "temperature",
    "price",
    "stream",
    "output_limit",
    "string_limits",
)
# What each whole number may be, as shown in an error.
COUNTS = {
    "context_tokens": (256, 10_000_000),
    "max_output_tokens": (1, 1_000_000),
    "timeout": (1, 3_600),
    "slots": (1, 10_000),
}


class CatalogueError(Exception):
    """One line that says where the catalogue is wrong and what to write instead."""


class NotUsableHere(CatalogueError):
    """A profile that asks the environment, and what it says cannot be used. Other profiles can."""


@dataclass(frozen=True)
class Entry:
    """A `[profiles.NAME]` table; `route()` and `endpoint()` raise CatalogueError for what is wrong in it."""

    file: str
    text: str
    profile: str
    values: Any
    env: Mapping[str, str] = field(repr=False)

    def __post_init__(self) -> None:
        if not NAME.fullmatch(self.profile):
            self.fail(None, "has no fit name; use letters, digits, '.', '_' and '-'")
        if not isinstance(self.values, dict):
            self.fail(None, f"is not a table; write [profiles.{self.profile}]")
        unknown = next((key for key in self.values if key not in KEYS), None)
        if unknown is not None:
            self.fail(unknown, f"is unknown; known keys: {', '.join(KEYS)}")

    def route(self) -> Route:
        """The part that goes into a run's sheet."""
        context = self.count("context_tokens")
        output = self.count("max_output_tokens")
        if output >= context:
            self.fail(
                "max_output_tokens", f"leaves no room for input; write less than context_tokens, {context}"
            )
        return Route(
            name=self.profile,
            model=self.model(),
            context_tokens=context,
            max_output_tokens=output,
            timeout=timedelta(seconds=self.count("timeout")),
            slots=self.count("slots"),
            temperature=self.temperature(),
            price=self.price(),
            task_queue=f"tenuto-model-{self.profile}",
        )

    def endpoint(self) -> Endpoint:
        """The part that stays with the worker."""
        address, loopback = self.address()
        embedded = self.values["address"] == "embedded"
        key_name = EMBEDDED_KEY if embedded else self.key_name(loopback)
        return Endpoint(
            address=address,
            api_key=(self.env.get(key_name) or None) if key_name else None,
            # The embedded server may run without a key; it says so itself if it wants one.
            key_name=None if embedded else key_name,
            loopback=loopback,
            stream=self.flag("stream", default=False),
            output_limit=self.output_limit(),
            string_limits=self.flag("string_limits", default=loopback),
        )

    def address(self) -> tuple[str, bool]:
        """The base URL, and whether it is on this machine."""
        written = self.word("address")
        if self.variable("address") is not None or written != "embedded":
            return written, self.check_url(written, "address")
        address = self.env.get(EMBEDDED_ADDRESS, "")
        if address and not self.check_url(address, "address"):
            self.fail(
                "address", f"is embedded, but {EMBEDDED_ADDRESS} is not on loopback; write the URL here"
            )
        return address, True

    def check_url(self, url: str, key: str) -> bool:
        """Whether the URL is on loopback; refuses what would send prompts in the clear."""
        try:
            parts = urlsplit(url)
            host, _ = parts.hostname, parts.port
        except ValueError:
            host = None
        if not host or parts.scheme not in {"http", "https"}:
            self.fail(key, 'is no URL; write "embedded", "https://HOST/v1" or "http://127.0.0.1:PORT/v1"')
        if parts.username or parts.password or parts.query or parts.fragment:
            self.fail(key, "holds more than a base URL; put the key in a variable and name it with key")
        loopback = is_loopback(host)
        if parts.scheme == "http" and not loopback:
            self.fail(key, "would send prompts and the key in the clear; write https://")
        return loopback

    def key_name(self, loopback: bool) -> str | None:
        if loopback and "key" not in self.values:
            return None
        if "key" not in self.values:
            self.fail(
                "key", 'is missing; write the name of the variable that holds it, as in "OPENAI_API_KEY"'
            )
        name = self.word("key")
        if not VARIABLE.fullmatch(name):
            # A key written in here by mistake must not be printed.
            self.fail(
                "key", "is not the name of an environment variable; write its name, never the key itself"
            )
        if loopback and self.variable("address") is not None and not self.env.get(name):
            return None  # whoever listens there may well want none
        return name

    def price(self) -> Price:
        """Of one million tokens. Without one only a model on loopback may be used: it is free."""
        if "price" not in self.values:
            if self.address()[1]:
                return Price(input=Decimal(0), output=Decimal(0))
            if self.variable("address") is not None:
                self.fail(
                    "address",
                    "is not on this machine, and there is no price for a model there: say it in "
                    f'{self.file} with price = {{ input = "0.15", output = "0.60" }}, or price = "free"',
                )
            self.fail("price", 'is missing; write { input = "0.15", output = "0.60" } or "free"')
        price = self.values["price"]
        if price == "free":
            return Price(input=Decimal(0), output=Decimal(0))
        if not isinstance(price, dict) or set(price) != {"input", "output"}:
            self.fail("price", 'is neither "free" nor { input = "0.15", output = "0.60" }')
        return Price(input=self.dollars(price["input"]), output=self.dollars(price["output"]))

    def dollars(self, value: object) -> Decimal:
        if not isinstance(value, str) or not PRICE.fullmatch(value):
            self.fail("price", 'is US dollars per million tokens; write decimal strings such as "0.15"')
        return Decimal(value)

    def temperature(self) -> Decimal:
        value = self.values.get("temperature", 0)
        try:
            number = Decimal(value) if isinstance(value, str | int | Decimal) else Decimal("NaN")
        except InvalidOperation:
            number = Decimal("NaN")
        if isinstance(value, bool) or not number.is_finite() or not 0 <= number <= 2:
            self.fail("temperature", "is not a number from 0 to 2; write 0 for the steadiest replies")
        return number

    def output_limit(self) -> OutputLimit:
        value = self.values.get("output_limit", "max_tokens")
        if value == "max_tokens":
            return "max_tokens"
        if value == "max_completion_tokens":
            return "max_completion_tokens"
        self.fail(
            "output_limit", 'is the name of a request field; write "max_tokens" or "max_completion_tokens"'
        )

    def count(self, key: str) -> int:
        least, most = COUNTS[key]
        value = self.values.get(key)
        if type(value) is not int or not least <= value <= most:
            self.fail(key, f"{self.state(key)}; write a whole number from {least} to {most}")
        return value

    def model(self) -> str:
        """The model's name; for a variable that is not set the first that the service lists."""
        if (name := self.variable("model")) is None or self.env.get(name):
            return self.word("model")
        address, loopback = self.address()
        self.price()  # a service that may charge is asked nothing before its price is known
        try:
            return first_model(address, self.env.get(self.key_name(loopback) or ""))
        except NothingListed as error:
            self.fail("model", f"is not set, and {error}; set {name} to the model's name")

    def variable(self, key: str) -> str | None:
        """The variable that is named in the place of a value: OPENAI_BASE_URL for "$OPENAI_BASE_URL"."""
        value = self.values.get(key)
        return value[1:] if isinstance(value, str) and value.startswith("$") else None

    def word(self, key: str) -> str:
        value = self.values.get(key)
        if (name := self.variable(key)) is not None:
            value = self.env.get(name)
            if not value:
                self.fail(key, f"is not set; set {name} in the environment")
        if not isinstance(value, str) or not value.strip() or not value.isprintable():
            self.fail(key, f"{self.state(key)}; write a text in quotes")
        return value

    def flag(self, key: str, *, default: bool) -> bool:
        value = self.values.get(key, default)
        if not isinstance(value, bool):
            self.fail(key, "is neither true nor false")
        return value

    def state(self, key: str) -> str:
        return "is not right" if key in self.values else "is missing"

    def fail(self, key: str | None, what: str) -> NoReturn:
        line = line_of(self.text, self.profile, key)
        subject = f"profile {self.profile!r}" if key is None else f"profile {self.profile!r}: {key}"
        name = None if key is None else self.variable(key)
        if name is not None:
            raise NotUsableHere(f"{self.file}:{line}: {subject} (from {name}) {what}")
        raise CatalogueError(f"{self.file}:{line}: {subject} {what}")


def line_of(text: str, profile: str, key: str | None) -> int:
    """The line of a key in its profile's table; the table's own when it is not there, 1 as a last resort."""
    header = re.compile(rf"\s*\[\s*profiles\s*\.\s*[\"']?{re.escape(profile)}[\"']?\s*[.\]]")
    table, found = 1, False
    for number, line in enumerate(text.splitlines(), start=1):
        if line.lstrip().startswith("["):
            found = bool(header.match(line))
            table = number if found else table
        elif found and key is not None and re.match(rf"\s*[\"']?{re.escape(key)}[\"']?\s*[.=]", line):
            return number
    return table
