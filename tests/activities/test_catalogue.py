"""What a catalogue says, and how it complains."""

from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from activities.catalogue import Catalogue, CatalogueError, load_catalogue
from activities.models import ModelActivities
from contracts.attempts import Cost, Fault
from contracts.sheet import Price
from tests.activities.provider import Provider
from tests.fault_server import FaultServer

SHIPPED = Path(__file__).parents[2] / "models.toml"
GOOD = {
    "address": '"https://models.example/v1"',
    "key": '"SOME_KEY"',
    "model": '"m-1"',
    "context_tokens": "8192",
    "max_output_tokens": "512",
    "timeout": "30",
    "slots": "2",
    "price": '{ input = "0.15", output = "0.60" }',
}


def written(folder: Path, **changed: str | None) -> Path:
    """A catalogue of one route; None leaves a key out."""
    lines = [f"{key} = {value}" for key, value in (GOOD | changed).items() if value is not None]
    path = folder / "models.toml"
    path.write_text("\n".join(["# models", "[routes.fast]", *lines, ""]), encoding="utf-8")
    return path


def load(folder: Path, env: dict[str, str] | None = None, **changed: str | None) -> Catalogue:
    return load_catalogue(written(folder, **changed), env or {})


def complaint(folder: Path, env: dict[str, str] | None = None, **changed: str | None) -> str:
    """The one line of the error."""
    with pytest.raises(CatalogueError) as caught:
        load(folder, env, **changed)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_the_shipped_catalogue_loads_without_a_key() -> None:
    catalogue = load_catalogue(SHIPPED, {})
    assert catalogue.profiles == ("local", "openai-small", "openai-compatible")
    assert set(catalogue.routes) == {"local", "openai-small"}
    local = catalogue.routes["local"]
    assert local.price == Price(input=Decimal(0), output=Decimal(0))
    assert (local.timeout, local.slots, local.context_tokens) == (timedelta(seconds=120), 1, 4096)
    assert local.task_queue == "tenuto-model-local"
    paid = catalogue.routes["openai-small"]
    assert paid.price == Price(input=Decimal("0.15"), output=Decimal("0.60"))
    assert catalogue.endpoint("openai-small").output_limit == "max_completion_tokens"


def test_the_embedded_address_and_key_come_from_the_environment() -> None:
    env = {"TENUTO_MODEL_ADDRESS": "http://127.0.0.1:9/v1", "TENUTO_MODEL_KEY": "secret"}
    endpoint = load_catalogue(SHIPPED, env).endpoint("local")
    assert (endpoint.address, endpoint.api_key, endpoint.loopback) == (
        "http://127.0.0.1:9/v1",
        "secret",
        True,
    )
    assert "secret" not in repr(endpoint)


async def test_an_embedded_server_that_was_never_started_costs_nothing() -> None:
    asked = Provider(FaultServer(), ModelActivities(load_catalogue(SHIPPED, {})), "local")
    failure = await asked.failure()
    assert (failure.fault, failure.cost) == (Fault.CONNECTION_REFUSED, Cost.NONE)
    assert "TENUTO_MODEL_ADDRESS" in failure.reason


def test_a_key_is_read_from_the_variable_that_is_named(tmp_path: Path) -> None:
    assert load(tmp_path, {"SOME_KEY": "secret"}).endpoint("fast").api_key == "secret"
    assert load(tmp_path, {}).endpoint("fast").api_key is None


def test_an_unknown_name_is_told_with_the_known_ones() -> None:
    catalogue = load_catalogue(SHIPPED, {})
    with pytest.raises(
        CatalogueError, match=r"no profile 'fats'; known: local, openai-small, openai-compatible"
    ):
        catalogue.routes_of("fats")
    with pytest.raises(CatalogueError, match=r"no route 'fats'; known: local, openai-small"):
        catalogue.endpoint("fats")


@pytest.mark.parametrize(
    "address", ["http://127.0.0.1:8080/v1", "http://[::1]:8080/v1", "http://localhost/v1"]
)
def test_a_model_on_loopback_is_free_and_needs_no_key(tmp_path: Path, address: str) -> None:
    catalogue = load(tmp_path, address=f'"{address}"', price=None, key=None)
    assert catalogue.routes["fast"].price == Price(input=Decimal(0), output=Decimal(0))
    assert catalogue.endpoint("fast").key_name is None
    assert catalogue.endpoint("fast").string_limits


def test_a_model_on_loopback_may_be_priced(tmp_path: Path) -> None:
    catalogue = load(tmp_path, address='"http://127.0.0.1:8080/v1"', key=None)
    assert catalogue.routes["fast"].price.output == Decimal("0.60")


def test_a_model_elsewhere_may_be_declared_free(tmp_path: Path) -> None:
    assert load(tmp_path, price='"free"').routes["fast"].price.input == 0


@pytest.mark.parametrize("written_as", ["0.2", '"0.2"'])
def test_a_temperature_is_exact(tmp_path: Path, written_as: str) -> None:
    assert load(tmp_path, temperature=written_as).routes["fast"].temperature == Decimal("0.2")


def test_what_is_not_limited_has_no_limit(tmp_path: Path) -> None:
    """Rates and sampling settings are left out unless they are written, and the circuit is watched."""
    catalogue = load(tmp_path)
    endpoint, route = catalogue.endpoint("fast"), catalogue.routes["fast"]
    assert (endpoint.requests_per_minute, endpoint.tokens_per_minute, endpoint.circuit) == (None, None, True)
    assert (route.top_p, route.seed) == (None, None)
    assert not {"top_p", "seed"} & route.model_dump().keys()
    rates = {"requests_per_minute": "90", "tokens_per_minute": "40000", "circuit": "false"}
    limited = load(tmp_path, None, **rates, top_p="0.9", seed="7")
    endpoint, route = limited.endpoint("fast"), limited.routes["fast"]
    assert (endpoint.requests_per_minute, endpoint.tokens_per_minute, endpoint.circuit) == (90, 40_000, False)
    assert (route.top_p, route.seed) == (Decimal("0.9"), 7)


@pytest.mark.parametrize(
    ("key", "value", "line", "says"),
    [
        ("price", None, 2, 'is missing; write { input = "0.15", output = "0.60" }, "genai-prices" or "free"'),
        ("price", '"cheap"', 10, 'is none of "free", "genai-prices" and { input'),
        ("price", "0.15", 10, 'is none of "free", "genai-prices" and { input'),
        ("price", '{ input = "0.15" }', 10, 'is none of "free", "genai-prices" and { input'),
        ("price", "{ input = 0.15, output = 0.6 }", 10, "write decimal strings"),
        ("price", '{ input = "-1", output = "1" }', 10, "write decimal strings"),
        ("price", '{ input = "nan", output = "1" }', 10, "write decimal strings"),
        ("price", '{ input = "0.1234567", output = "1" }', 10, "write decimal strings"),
        ("address", None, 2, "address is missing"),
        ("address", "7", 3, "write a text in quotes"),
        ("address", '"models.example/v1"', 3, 'write "embedded", "https://HOST/v1"'),
        ("address", '"ftp://models.example"', 3, 'write "embedded", "https://HOST/v1"'),
        ("address", '"https://"', 3, 'write "embedded", "https://HOST/v1"'),
        ("address", '"https://[bad"', 3, 'write "embedded", "https://HOST/v1"'),
        ("address", '"https://h:99999/v1"', 3, 'write "embedded", "https://HOST/v1"'),
        ("address", '"http://models.example/v1"', 3, "in the clear; write https://"),
        ("address", '"http://127.0.0.1.example/v1"', 3, "in the clear; write https://"),
        ("address", '"http://10.0.0.7/v1"', 3, "in the clear; write https://"),
        ("address", '"https://user:pass@models.example/v1"', 3, "more than a base URL"),
        ("address", '"https://models.example/v1?key=1"', 3, "more than a base URL"),
        ("key", None, 2, "key is missing"),
        ("key", '"sk-abc-def"', 4, "never the key itself"),
        ("model", '""', 5, "write a text in quotes"),
        ("model", '"a\\nb"', 5, "write a text in quotes"),
        ("context_tokens", '"8192"', 6, "write a whole number from 256"),
        ("context_tokens", "8192.5", 6, "write a whole number from 256"),
        ("max_output_tokens", "true", 7, "write a whole number from 1"),
        ("max_output_tokens", "9000", 7, "write less than context_tokens, 8192"),
        ("timeout", "0", 8, "write a whole number from 1 to 3600"),
        ("timeout", '"30s"', 8, "write a whole number from 1 to 3600"),
        ("slots", "-2", 9, "write a whole number from 1"),
        ("slots", None, 2, "slots is missing"),
        ("requests_per_minute", "0", 11, "write a whole number from 1"),
        ("tokens_per_minute", '"many"', 11, "write a whole number from 256"),
        ("top_p", "1.5", 11, "from 0 to 1"),
        ("seed", "-1", 11, "write a whole number from 0"),
        ("circuit", '"no"', 11, "neither true nor false"),
        ("temperature", "3", 11, "from 0 to 2"),
        ("temperature", "nan", 11, "from 0 to 2"),
        ("temperature", "true", 11, "from 0 to 2"),
        ("temperature", '"hot"', 11, "from 0 to 2"),
        ("stream", '"yes"', 11, "neither true nor false"),
        ("string_limits", "1", 11, "neither true nor false"),
        ("output_limit", '"max"', 11, 'write "max_tokens" or "max_completion_tokens"'),
        ("modell", '"m"', 11, "modell is unknown; known keys: address, key, model"),
    ],
)
def test_a_mistake_is_one_line_with_its_place_and_the_remedy(
    tmp_path: Path, key: str, value: str | None, line: int, says: str
) -> None:
    changed = {key: value}
    said = complaint(tmp_path, None, **changed)
    assert said.startswith(f"models.toml:{line}: route 'fast': {key} ")
    assert says in said
    assert "sk-abc-def" not in said


def test_an_embedded_address_elsewhere_is_refused(tmp_path: Path) -> None:
    env = {"TENUTO_MODEL_ADDRESS": "https://models.example/v1"}
    assert "not on loopback" in complaint(tmp_path, env, address='"embedded"')


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "no route; write at least one [routes.NAME] table"),
        ("[routes]", "no route"),
        ("routes = 3", "no route"),
        ("[routes]\nfast = 3", "models.toml:1: route 'fast' is not a table"),
        ('[routes."a b"]', "has no fit name"),
        ("[models.fast]", "unknown key 'models'"),
        ("[routes.fast", "not TOML"),
        ("[routes.a]\n[routes.a]", "not TOML"),
    ],
)
def test_a_file_that_is_no_catalogue_says_so(tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "models.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(CatalogueError) as caught:
        load_catalogue(path, {})
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_missing_file_says_so(tmp_path: Path) -> None:
    with pytest.raises(CatalogueError, match="cannot be read"):
        load_catalogue(tmp_path / "none.toml", {})


def test_a_file_in_another_encoding_says_so(tmp_path: Path) -> None:
    (tmp_path / "models.toml").write_bytes(b"# \xe9\xff")
    with pytest.raises(CatalogueError, match="save it as UTF-8"):
        load_catalogue(tmp_path / "models.toml", {})


def test_the_line_is_that_of_the_right_route(tmp_path: Path) -> None:
    text = written(tmp_path).read_text(encoding="utf-8")
    second = text.replace("routes.fast", "routes.slow").replace("slots = 2", "slots = 0")
    (tmp_path / "models.toml").write_text(text + second, encoding="utf-8")
    with pytest.raises(CatalogueError, match=r"models.toml:19: route 'slow': slots"):
        load_catalogue(tmp_path / "models.toml", {})
