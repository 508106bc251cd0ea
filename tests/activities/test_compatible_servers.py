"""Any OpenAI-compatible server by its address in the environment; the fault server stands for Ollama."""

import asyncio
from decimal import Decimal
from pathlib import Path

import pytest

from activities.catalogue import Catalogue, CatalogueError, load_catalogue
from activities.models import ModelActivities
from tests.activities.provider import Provider
from tests.fault_server import FaultServer

SHIPPED = Path(__file__).parents[2] / "models.toml"
NAME = "openai-compatible"


async def loaded(env: dict[str, str], path: Path = SHIPPED) -> Catalogue:
    """Beside the fault server, which answers in this event loop."""
    return await asyncio.to_thread(load_catalogue, path, env)


def refusal(env: dict[str, str], path: Path = SHIPPED) -> str:
    catalogue = load_catalogue(path, env)
    assert "local" in catalogue.routes
    with pytest.raises(CatalogueError) as caught:
        catalogue.routes_of(NAME)
    assert "\n" not in str(caught.value)
    return str(caught.value)


async def test_an_address_in_the_environment_is_enough() -> None:
    """No edit of models.toml: the first listed model answers, free and without a key."""
    async with FaultServer() as server:
        catalogue = await loaded({"OPENAI_BASE_URL": server.address})
        assert catalogue.routes[NAME].model == "scripted-listed"
        assert catalogue.routes[NAME].price.input == 0
        models = ModelActivities(catalogue)
        reply = await Provider(server, models, NAME).read(model="scripted-listed")
        await models.close()
        (entry,) = server.entries
    assert reply.reply.order_number == "QX-10017"
    assert entry.body["model"] == "scripted-listed"
    assert entry.headers["authorization"] == "Bearer none"


async def test_the_model_and_the_key_can_be_named() -> None:
    env = {"OPENAI_BASE_URL": "http://127.0.0.1:1/v1", "OPENAI_MODEL": "llama3.2", "OPENAI_API_KEY": "sk-x"}
    catalogue = await loaded(env)
    assert catalogue.routes[NAME].model == "llama3.2"
    assert catalogue.endpoint(NAME).api_key == "sk-x"


@pytest.mark.parametrize(
    ("address", "says"),
    [
        (None, "(from OPENAI_BASE_URL) is not set; set OPENAI_BASE_URL"),
        ("http://127.0.0.1:1/v1", "http://127.0.0.1:1/v1/models does not answer; set OPENAI_MODEL"),
        ("127.0.0.1:11434", "is no URL"),
        ("embedded", "is no URL"),
        ("http://models.example/v1", "in the clear; write https://"),
        (
            "https://models.example/v1",
            "no price for a model there: say it in models.toml with price = { input",
        ),
        ("https://models.example/v1", 'or price = "free"'),
    ],
)
def test_what_cannot_be_used_is_said_and_other_profiles_still_work(address: str | None, says: str) -> None:
    """A model with no price fails closed, before anything is asked of its server."""
    said = refusal({"OPENAI_BASE_URL": address} if address else {})
    assert said.startswith("models.toml:")
    assert f": route '{NAME}': " in said
    assert says in said


async def test_elsewhere_a_price_and_a_key_make_it_usable(tmp_path: Path) -> None:
    path = tmp_path / "models.toml"
    path.write_text(SHIPPED.read_text() + 'price = { input = "0.1", output = "0.2" }\n')
    env = {"OPENAI_BASE_URL": "https://models.example/v1", "OPENAI_MODEL": "m"}
    catalogue = await loaded(env, path)
    assert catalogue.routes[NAME].price.output == Decimal("0.2")
    assert catalogue.endpoint(NAME).key_name == "OPENAI_API_KEY"


@pytest.mark.parametrize(
    "answer", [b"{}", b"[]", b"<html>", b'{"data": []}', b'{"data": [{"id": "a\\u0000b"}]}', b"[" * 100_000]
)
async def test_a_server_that_lists_nothing_is_no_model(answer: bytes) -> None:
    """Whatever it answers instead is one clear line."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + answer)
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        address = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
        said = await asyncio.to_thread(refusal, {"OPENAI_BASE_URL": address})
    assert "lists" in said


def test_a_mistake_in_the_file_itself_is_still_an_error(tmp_path: Path) -> None:
    """Only what the environment says is excused."""
    path = tmp_path / "models.toml"
    path.write_text(SHIPPED.read_text() + "tmeout = 3\n")
    with pytest.raises(CatalogueError, match="tmeout is unknown"):
        load_catalogue(path, {})
