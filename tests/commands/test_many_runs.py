"""Very many runs on one terminal: how far they are, and only as many of them as fit."""

import io
from datetime import UTC, datetime

from rich.console import Console

from commands.many_runs import many_runs
from commands.watching import Watched


def shown(runs: list[Watched], height: int) -> list[str]:
    console = Console(file=io.StringIO(), width=80, height=height)
    with console.capture() as captured:
        console.print(many_runs(runs, console))
    return captured.get().splitlines()


def run(label: str, state: str = "running", *, queued: bool = False) -> Watched:
    over = 1.0 if state != "running" else None
    since = {3: datetime(2026, 3, 4, tzinfo=UTC)} if queued else {}
    return Watched(label, label, "", stage="reading", state=state, ended=over, queued=since)


def test_what_a_model_works_on_comes_before_what_waits_for_it_and_the_rest_is_a_number() -> None:
    waiting = [run(f"waits-{number}.pdf", queued=True) for number in range(40)]
    over = [run("done.pdf", "completed"), run("lost.pdf", "failed")]
    first, second, *others = shown([*over, *waiting, run("read.pdf")], height=10)
    assert first == "2 of 43 have ended, 1 of them not well"
    assert second.split()[:2] == ["read.pdf", "reading"]
    assert [line.split()[0] for line in others] == [f"waits-{number}.pdf" for number in range(5)]


def test_when_all_have_ended_the_number_is_left() -> None:
    assert shown([run("done.pdf", "completed")], height=10) == ["1 of 1 have ended"]
