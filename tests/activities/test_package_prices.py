"""Prices that come with the genai-prices package, and what they must not be taken for."""

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from activities.catalogue import CatalogueError, load_catalogue
from activities.package_prices import NoPackagePrice, package_price
from contracts.sheet import Price

OPENAI = "https://api.openai.com/v1"
ANTHROPIC = "https://api.anthropic.com/v1"
NOW = datetime(2026, 11, 24, tzinfo=UTC)

ROUTE = """
[routes.large]
address = "{address}"
key = "SOME_KEY"
model = "{model}"
context_tokens = 8192
max_output_tokens = 512
timeout = 30
slots = 2
price = "genai-prices"
"""


def written(folder: Path, model: str, address: str = OPENAI) -> Path:
    path = folder / "models.toml"
    path.write_text(ROUTE.format(model=model, address=address))
    return path


def complaint(folder: Path, model: str, address: str) -> str:
    with pytest.raises(CatalogueError) as caught:
        load_catalogue(written(folder, model, address), {})
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_price_is_that_of_the_model_at_its_provider(tmp_path: Path) -> None:
    """As exact decimals, with nothing downloaded: only loopback is open to a test."""
    route = load_catalogue(written(tmp_path, "gpt-4o-mini"), {}).routes["large"]
    assert route.price == Price(input=Decimal("0.15"), output=Decimal("0.6"))
    assert route.price.of(1_000_000, 1) == Decimal("0.1500006")


@pytest.mark.parametrize(
    ("model", "address", "says"),
    [
        ("gpt-nope", OPENAI, f"knows no price of gpt-nope at {OPENAI}; write {{ input ="),
        ("gpt-4o-mini", "https://models.example/v1", "knows no price of gpt-4o-mini at https://models.ex"),
        ("gpt-5.4", OPENAI, 'by the prompt\'s length); write the highest, { input = "5", output = "22.5" }'),
        ("claude-sonnet-4-6", ANTHROPIC, 'its cache); write the highest, { input = "3.75", output = "15" }'),
        (
            "deepseek-chat",
            "https://api.deepseek.com",
            'by the hour or the date); write the highest, { input = "0.27", output = "1.1" }',
        ),
        ("sonar", "https://api.perplexity.ai", "bills sonar by requests_kcount, which no price of a token"),
        ("text-embedding-3-small", OPENAI, "has no price of both input and output tokens"),
    ],
)
def test_a_price_that_would_not_bound_every_bill_is_refused(
    tmp_path: Path, model: str, address: str, says: str
) -> None:
    """With the file's line, and what to write instead: the highest where there are several."""
    said = complaint(tmp_path, model, address)
    assert said.startswith("models.toml:10: route 'large': price cannot be taken: genai-prices ")
    assert says in said


def test_a_price_that_rises_on_a_date_is_refused_before_that_date() -> None:
    """A worker may run for long, and nobody looks at its prices meanwhile."""
    google = "https://generativelanguage.googleapis.com/v1beta/openai"
    with pytest.raises(NoPackagePrice, match=r'write the highest, \{ input = "4", output = "20" \}'):
        package_price("gemini-4-argon", google, NOW)
    later = package_price("gemini-4-argon", google, datetime(2026, 12, 2, tzinfo=UTC))
    assert later == Price(input=Decimal(4), output=Decimal(20))


def test_a_model_of_the_environment_without_a_price_keeps_only_its_route_from_use(tmp_path: Path) -> None:
    path = written(tmp_path, "$SOME_MODEL")
    priced = load_catalogue(path, {"SOME_MODEL": "gpt-4o-mini"})
    assert priced.routes["large"].price.input == Decimal("0.15")
    unknown = load_catalogue(path, {"SOME_MODEL": "gpt-nope"}).not_usable["large"]
    assert "model (from SOME_MODEL) has no price: genai-prices knows no price of gpt-nope" in unknown
    unset = load_catalogue(path, {}).not_usable["large"]
    assert "model (from SOME_MODEL) is not set, and its price depends on it; set SOME_MODEL" in unset
