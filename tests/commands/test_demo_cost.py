"""A demo never spends money unasked, and runs on any OpenAI-compatible server by its address."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.commands.stacks import alive, provided, without_leftovers
from tests.commands.terminal import on_pipes, on_terminal, shown

KEY: Mapping[str, str] = {"OPENAI_API_KEY": "sk-secret", "TEMPORAL_ADDRESS": ""}
MOST = "openai-small charges: 2 tickets can cost at most $0.10, the sum of their caps"
PAID = """
[routes.openai-small]
address = "https://api.openai.com/v1"
key = "OPENAI_API_KEY"
model = "gpt-4o-mini"
context_tokens = 128000
max_output_tokens = 4096
timeout = 60
slots = 8
price = { input = "0.15", output = "0.60" }
"""


def test_without_a_terminal_it_has_to_be_told(tmp_path: Path) -> None:
    """The most that it can cost, and the option that agrees to it; nothing is started."""
    arguments = ["demo", "--tickets", "2", "--provider", "openai-small"]
    with on_pipes(*arguments, home=tmp_path, changed=KEY) as command:
        assert command.ended() == 2
    assert command.output == f"{MOST}\n"
    assert command.errors.strip().endswith("nobody is here to be asked: agree with --yes")
    assert alive(tmp_path) == []


@pytest.mark.parametrize("typed", ["n\n", "\n", "yes please\n", "\x04"])
def test_on_a_terminal_anything_but_yes_is_no(typed: str, tmp_path: Path) -> None:
    arguments = ["demo", "--tickets", "2", "--provider", "openai-small"]
    with on_terminal(*arguments, home=tmp_path, columns=120, typed=typed, changed=KEY) as command:
        assert command.ended() == 1
    told = shown(command.output)
    assert MOST in told
    assert any("not started; nothing was spent" in line for line in told)
    assert alive(tmp_path) == []


def test_without_its_key_a_profile_is_not_even_asked_about(tmp_path: Path) -> None:
    with on_pipes("demo", "--provider", "openai-small", home=tmp_path) as command:
        assert command.ended() == 2
    assert "needs a key: set OPENAI_API_KEY" in command.errors
    assert command.output == ""


def test_a_key_that_is_set_is_not_used_unasked(tmp_path: Path) -> None:
    """One line says so, and how to ask; the key itself is never shown."""
    with provided(tmp_path) as changed, without_leftovers(tmp_path):
        models = Path(changed["TENUTO_MODELS"])
        models.write_text(models.read_text() + PAID)
        given = {**changed, **KEY}
        with on_pipes("demo", "--tickets", "1", home=tmp_path, changed=given) as command:
            command.until("worker started")
            command.interrupt()
            command.ended()
    line = "OPENAI_API_KEY is set and not used; `make demo PROVIDER=openai-small` uses it"
    assert line in command.output.splitlines()
    assert "model: profile scripted" in command.output
    assert "sk-secret" not in command.output + command.errors


def test_yes_agrees_unasked(tmp_path: Path) -> None:
    """Still with the most that it can cost, said first."""
    with provided(tmp_path) as changed, without_leftovers(tmp_path):
        models = Path(changed["TENUTO_MODELS"])
        models.write_text(models.read_text() + 'price = { input = "1", output = "1" }\n')
        with on_pipes("demo", "--tickets", "1", "--yes", home=tmp_path, changed=changed) as command:
            command.until("worker started")
            command.interrupt()
            command.ended()
    assert command.output.startswith("scripted charges: 1 ticket can cost at most $0.05")


def test_an_address_in_the_environment_is_enough_for_a_demo(tmp_path: Path) -> None:
    """Another server's model, no edit of models.toml: killed worker, proof and all."""
    with provided(tmp_path, latency=3) as changed, without_leftovers(tmp_path):
        given = {"OPENAI_BASE_URL": changed["PROVIDER_ADDRESS"], "TEMPORAL_ADDRESS": ""}
        arguments = ["demo", "--tickets", "1", "--provider", "openai-compatible"]
        with on_pipes(*arguments, home=tmp_path, changed=given) as command:
            assert command.ended(110) == 0, command.output + command.errors
        assert alive(tmp_path) == []
    assert "model: profile openai-compatible" in command.output
    assert "model scripted-listed (openai-compatible): free" in command.output
    assert "killed the worker" in command.output
    assert "1 of 1 histories verified" in command.output
