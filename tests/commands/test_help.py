"""Help that teaches, fits every terminal, and is offered where somebody slips."""

from pathlib import Path

import pytest

from commands.arguments import parser
from tests.commands.terminal import STYLE, on_terminal, widest
from tests.commands.test_bad_input import starter

COMMANDS = sorted(parser({}).commands)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_shows_examples_and_exit_codes(command: str, tmp_path: Path) -> None:
    """The examples are commands of that name, and every one of them is understood."""
    help_text = parser({}).commands[command].format_help()
    assert f"  python starter.py {command}" in help_text
    assert "exit codes:" in help_text
    assert "130" in help_text


@pytest.mark.parametrize("command", COMMANDS)
def test_every_example_is_understood_by_the_grammar(command: str) -> None:
    """An example that went stale would be wrong usage."""
    root = parser({})
    for _, words in root.commands[command].examples:
        plain = words.replace('"', "").partition(" <")[0].partition(" >")[0].partition(" | ")[0]
        assert root.parse_args(plain.split()).command in {command, "status"}


@pytest.mark.parametrize("columns", [40, 60, 80, 120])
def test_help_stays_within_every_terminal(columns: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every command's, wherever its words come from."""
    monkeypatch.setenv("COLUMNS", str(columns))
    root = parser({})
    for text in (root.format_help(), *(each.format_help() for each in root.commands.values())):
        assert len(widest(text)) <= columns, widest(text)


def test_help_is_as_wide_as_the_terminal_and_bold_only_there(tmp_path: Path) -> None:
    """Of a real terminal; NO_COLOR and a dumb one are obeyed."""
    with on_terminal("list", "--help", home=tmp_path, columns=60) as command:
        assert command.ended() == 0
    assert len(widest(command.output)) <= 60
    assert "\x1b[1mexamples:\x1b[0m" in command.output
    for name, value in (("NO_COLOR", "1"), ("TERM", "dumb")):
        with on_terminal("list", "--help", home=tmp_path, changed={name: value}) as command:
            assert command.ended() == 0
        assert not STYLE.search(command.output)


def test_no_arguments_show_the_first_three_steps(tmp_path: Path) -> None:
    """Short, and with the way to more."""
    done = starter(home=tmp_path)
    assert done.returncode == 0
    commands = [line.split()[2] for line in done.stdout.splitlines() if "  python starter.py" in line]
    assert commands == ["demo", "dev", "run"]
    assert "--help" in done.stdout
    assert len(done.stdout.splitlines()) < 15


@pytest.mark.parametrize(
    ("typed", "meant"), [("lst", "list"), ("statsu", "status"), ("aprove", "approve"), ("dcotor", "doctor")]
)
def test_an_unknown_command_is_answered_with_the_nearest(typed: str, meant: str, tmp_path: Path) -> None:
    done = starter(typed, home=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"starter: no command {typed!r}; did you mean `{meant}`?\n"


def test_a_word_like_no_command_is_answered_with_all_of_them(tmp_path: Path) -> None:
    done = starter("xyzzy", home=tmp_path)
    assert done.returncode == 2
    assert "known: demo, evaluate, dev, " in done.stderr


@pytest.mark.parametrize("columns", [40, 60, 80, 120])
def test_an_error_stays_within_the_terminal(columns: int, tmp_path: Path) -> None:
    """With pipes it is one line, for whoever searches for it."""
    with on_terminal("status", "some-id", home=tmp_path, columns=columns) as command:
        assert command.ended() == 3
    assert len(widest(command.output)) <= columns
    assert "no Temporal server answers" in " ".join(command.output.split())
