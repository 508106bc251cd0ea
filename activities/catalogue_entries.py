"""One route's table in a catalogue: what goes into a run's sheet, and what stays with the worker."""

import re
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from urllib.parse import urlsplit

from activities.catalogue_tables import NAME, CatalogueTable
from activities.endpoints import EMBEDDED_ADDRESS, EMBEDDED_KEY, Endpoint, OutputLimit, is_loopback
from activities.model_listing import NothingListed, first_model
from activities.package_prices import PACKAGE, NoPackagePrice, package_price
from contracts.sheet import Price, Route

__all__ = ["RouteEntry"]

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
    "requests_per_minute",
    "tokens_per_minute",
    "temperature",
    "top_p",
    "seed",
    "price",
    "stream",
    "output_limit",
    "string_limits",
    "circuit",
)
# What each whole number may be, as shown in an error.
COUNTS = {
    "context_tokens": (256, 10_000_000),
    "max_output_tokens": (1, 1_000_000),
    "timeout": (1, 3_600),
    "slots": (1, 10_000),
    "requests_per_minute": (1, 1_000_000),
    "tokens_per_minute": (256, 1_000_000_000),
    "seed": (0, 2**31 - 1),
}


@dataclass(frozen=True)
class RouteEntry(CatalogueTable):
    """`route()` and `endpoint()` raise CatalogueError for what is wrong in it."""

    def __post_init__(self) -> None:
        if not NAME.fullmatch(self.name):
            self.fail(None, "has no fit name; use letters, digits, '.', '_' and '-'")
        if not isinstance(self.values, dict):
            self.fail(None, f"is not a table; write [routes.{self.name}]")
        unknown = next((key for key in self.values if key not in KEYS), None)
        if unknown is not None:
            self.fail(unknown, f"is unknown; known keys: {', '.join(KEYS)}")

    def route(self) -> Route:
        """The part that goes into a run's sheet."""
        context = self.whole("context_tokens")
        output = self.whole("max_output_tokens")
        if output >= context:
            self.fail(
                "max_output_tokens", f"leaves no room for input; write less than context_tokens, {context}"
            )
        return Route(
            name=self.name,
            model=self.model(),
            context_tokens=context,
            max_output_tokens=output,
            timeout=timedelta(seconds=self.whole("timeout")),
            slots=self.whole("slots"),
            temperature=self.temperature(),
            top_p=self.number("top_p", 1, "write 1 for all words, or leave it out"),
            seed=self.maybe("seed"),
            price=self.price(),
            task_queue=f"tenuto-model-{self.name}",
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
            requests_per_minute=self.maybe("requests_per_minute"),
            tokens_per_minute=self.maybe("tokens_per_minute"),
            circuit=self.flag("circuit", default=True),
            priced_by_package=self.values.get("price") == PACKAGE,
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
            self.fail(
                "price", f'is missing; write {{ input = "0.15", output = "0.60" }}, "{PACKAGE}" or "free"'
            )
        price = self.values["price"]
        if price == "free":
            return Price(input=Decimal(0), output=Decimal(0))
        if price == PACKAGE:
            return self.package_price()
        if not isinstance(price, dict) or set(price) != {"input", "output"}:
            self.fail("price", 'is none of "free", "genai-prices" and { input = "0.15", output = "0.60" }')
        return Price(input=self.dollars(price["input"]), output=self.dollars(price["output"]))

    def package_price(self) -> Price:
        """Of this model at this address, as the package has it."""
        try:
            return package_price(self.model(), self.address()[0] or "the embedded server")
        except NoPackagePrice as error:
            named = next((key for key in ("model", "address") if self.variable(key) is not None), None)
            if named is not None:  # another environment names one that has a price
                self.fail(named, f"has no price: {PACKAGE} {error}")
            self.fail("price", f"cannot be taken: {PACKAGE} {error}")

    def dollars(self, value: object) -> Decimal:
        if not isinstance(value, str) or not PRICE.fullmatch(value):
            self.fail("price", 'is US dollars per million tokens; write decimal strings such as "0.15"')
        return Decimal(value)

    def temperature(self) -> Decimal:
        number = self.number("temperature", 2, "write 0 for the steadiest replies")
        return Decimal(0) if number is None else number

    def output_limit(self) -> OutputLimit:
        value = self.values.get("output_limit", "max_tokens")
        if value == "max_tokens":
            return "max_tokens"
        if value == "max_completion_tokens":
            return "max_completion_tokens"
        self.fail(
            "output_limit", 'is the name of a request field; write "max_tokens" or "max_completion_tokens"'
        )

    def whole(self, key: str) -> int:
        return self.count(key, *COUNTS[key])

    def maybe(self, key: str) -> int | None:
        return self.whole(key) if key in self.values else None

    def model(self) -> str:
        """The model's name; for a variable that is not set the first that the service lists."""
        if (name := self.variable("model")) is None or self.env.get(name):
            return self.word("model")
        address, loopback = self.address()
        if self.values.get("price") == PACKAGE:
            self.fail("model", f"is not set, and its price depends on it; set {name} to the model's name")
        self.price()  # a service that may charge is asked nothing before its price is known
        try:
            return first_model(address, self.env.get(self.key_name(loopback) or ""))
        except NothingListed as error:
            self.fail("model", f"is not set, and {error}; set {name} to the model's name")
