"""Everything that is printed stays within the terminal, and is plain where no terminal is."""

import asyncio
from pathlib import Path

import pytest

from tests.commands.terminal import CONTROL, STYLE, on_pipes, on_terminal, shown, widest
from tests.workflows.world import World, as_read, sample
from workflows.resolve_ticket import Stage

FAULTS = "tests/histories/refunded-in-spite-of-faults.json"
WAITED = "tests/histories/refunded-after-approval.json"
WIDTHS = [40, 60, 80, 120]
COMMANDS = [
    ["status", FAULTS],
    ["explain", FAULTS, "--verify"],
    ["explain", WAITED],
    ["replay", FAULTS, WAITED],
    ["why-not", FAULTS, "give_up"],
    ["policy"],
    ["backtest", FAULTS, WAITED, "--threshold", "approval_above_usd=1"],
    ["new-key", "a.very.long.name.of.an.approver.who.signs@example.org"],
    ["list"],
    [
        "list",
        "--foo",
        "and",
        "some",
        "more",
        "words",
        "that",
        "are",
        "no",
        "options",
        "of",
        "this",
        "command",
    ],
    ["approve", "resolve-ticket/acme/3f2a9c1e"],
    ["run", "resolve-ticket", "a/file/that/is/not/there/" + "x" * 60],
]


@pytest.mark.parametrize("columns", WIDTHS)
@pytest.mark.parametrize("arguments", COMMANDS, ids=lambda words: "-".join(words)[:30])
def test_nothing_is_wider_than_the_terminal(arguments: list[str], columns: int, tmp_path: Path) -> None:
    with on_terminal(*arguments, home=tmp_path, columns=columns) as command:
        command.ended()
    assert len(command.output) > 20
    wide = [line for line in shown(command.output) if len(line) > columns]
    assert all(len(line.split()) == 1 for line in wide), wide


def test_paths_and_ids_are_never_broken(tmp_path: Path) -> None:
    """One that is wider than the terminal has a line of its own, which the terminal cuts and copies whole."""
    home = tmp_path / ("a-folder-with-a-name-that-is-longer-than-a-line-" + "x" * 20)
    key, folder = str(home / "approvers" / "alice.key"), str(home / "approvers")
    with on_terminal("new-key", "alice", home=home, columns=60) as command:
        assert command.ended() == 0
    assert key in [line.strip() for line in shown(CONTROL.sub("", command.output))]
    assert "    python starter.py approve ID --by alice" in shown(command.output)
    with on_terminal("new-key", "bob", home=home, columns=60) as command:
        assert command.ended() == 0
    with on_terminal("approve", "some-id", home=home, columns=60) as command:
        assert command.ended() == 2
    assert f"{folder}:" in [line.strip() for line in shown(command.output)]


def test_a_row_of_a_table_is_wrapped_below_its_words(tmp_path: Path) -> None:
    with on_terminal("policy", "next_attempt", home=tmp_path, columns=60) as command:
        command.ended()
    lines = shown(command.output)
    at = next(i for i, line in enumerate(lines) if line.startswith("   1. give_up"))
    assert lines[at + 1 : at + 3] == [
        "      twice",
        "      if offers is neither and may_have_happened is yes",
    ]


@pytest.mark.parametrize("arguments", COMMANDS[:4], ids=lambda words: "-".join(words)[:30])
def test_there_are_colours_on_a_terminal_and_nowhere_else(arguments: list[str], tmp_path: Path) -> None:
    """Not in a pipe, and with NO_COLOR on no terminal either."""
    with on_terminal(*arguments, home=tmp_path) as command:
        command.ended()
    assert STYLE.search(command.output)
    with on_terminal(*arguments, home=tmp_path, changed={"NO_COLOR": "1"}) as command:
        command.ended()
    assert not CONTROL.search(command.output)
    with on_pipes(*arguments, home=tmp_path) as command:
        command.ended()
    assert not CONTROL.search(command.output + command.errors)


@pytest.mark.parametrize("columns", WIDTHS)
async def test_a_question_and_its_answer_fit(columns: int, temporal: str, tmp_path: Path) -> None:
    """`status` shows what is asked and how to answer; `approve` shows it again, signs, and says as whom."""
    async with World.opened(temporal, tmp_path) as world, world.working():
        world.provider.script(as_read("05"), task="read_ticket")
        handle = await world.start(sample("05"))
        await world.in_stage(handle, Stage.AWAITING_APPROVAL)
        changed = {"TEMPORAL_ADDRESS": temporal}
        with on_terminal("status", handle.id, home=tmp_path, columns=columns, changed=changed) as status:
            assert await asyncio.to_thread(status.ended) == 0
        arguments = ["approve", handle.id, "--by", "ada", "--yes"]
        with on_terminal(*arguments, home=tmp_path, columns=columns, changed=changed) as approve:
            assert await asyncio.to_thread(approve.ended) == 0
        resolution = await world.ended(handle)
    assert resolution.path == "refunded"
    for command in (status, approve):
        assert len(widest(command.output)) <= columns, widest(command.output)
    asked = " ".join(CONTROL.sub("", status.output).split())
    assert f"answer with python starter.py approve {handle.id} --by NAME" in asked
    answered = " ".join(CONTROL.sub("", approve.output).split())
    for words in ("approve issue_refund of", "amount: ", "worst case $", "accepted, as ada"):
        assert words in answered
