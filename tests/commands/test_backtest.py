"""`backtest` and `flips` as a person or a pipeline uses them."""

import asyncio
import json
from pathlib import Path

from tests.commands.terminal import on_pipes
from tests.commands.test_bad_input import ROOT, starter
from tests.workflows.world import World, as_read, sample

HISTORIES = ROOT / "tests" / "histories"
REFUNDED, APPROVED = (
    str(HISTORIES / f"{name}.json") for name in ("refunded-at-once", "refunded-after-approval")
)


def test_what_goes_the_same_path_is_green(tmp_path: Path) -> None:
    done = starter("backtest", REFUNDED, APPROVED, home=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "2 runs: 2 same path"


def test_a_flip_is_red_with_its_reason_and_counted(tmp_path: Path) -> None:
    """The exit code is for CI, the words for whoever reads its log."""
    done = starter("backtest", REFUNDED, APPROVED, "--threshold", "approval_above_usd=200", home=tmp_path)
    assert done.returncode == 4
    assert "total (129) <= approval_above_usd (200): holds" in done.stdout
    assert "1 run: decides remedy: ask_approval → refund" in done.stdout
    assert done.stdout.splitlines()[-1] == "2 runs: 1 same path, 1 other path"


def test_a_program_reads_every_verdict_and_a_person_a_page(tmp_path: Path) -> None:
    """The page stands alone: nothing is loaded, and what histories say is text."""
    hostile = tmp_path / "<b>hostile.json"
    hostile.write_text(Path(APPROVED).read_text())
    page = tmp_path / "page.html"
    done = starter(
        *("backtest", str(hostile), "--threshold", "approval_above_usd=1", "--threshold", "refund_days=1"),
        *("--json", "--html", str(page)),
        home=tmp_path,
    )
    assert done.returncode == 4
    told = json.loads(done.stdout)
    (run,) = told["runs"]
    assert told["verdicts"] == {"other path": 1}
    assert run["parting"]["now"] == "decides remedy: say_too_late"
    assert (run["missing"], run["now_usd"]) == ("draft_reply: it was called with another request", None)
    text = page.read_text()
    assert "&lt;b&gt;hostile.json" in text
    assert "<b>" not in text
    assert "src=" not in text
    assert "href=" not in text


async def test_flips_shows_the_open_runs_that_would_decide_otherwise(temporal: str, tmp_path: Path) -> None:
    """One waits for a person; with a larger limit nobody would have been asked. It waits on."""
    async with World.opened(temporal, tmp_path) as world, world.working():
        world.provider.script(as_read("05"), task="read_ticket")
        handle = await world.start(sample("05"), tenant="flips")
        await world.waiting(handle)
        requests = len(world.provider.entries)
        query = f"WorkflowId = '{handle.id}'"
        changed = {"TEMPORAL_ADDRESS": temporal}
        found = {}
        for limit in ("100", "200"):
            for _ in range(20):  # visibility is a moment behind
                arguments = (
                    "flips",
                    "--query",
                    query,
                    "--threshold",
                    f"approval_above_usd={limit}",
                    "--json",
                )
                with on_pipes(*arguments, home=tmp_path, changed=changed) as command:
                    assert await asyncio.to_thread(command.ended) == 0, command.errors
                found[limit] = json.loads(command.output)
                if found[limit]["open"]:
                    break
        assert (found["100"]["open"], found["100"]["runs"]) == (1, [])
        (run,) = found["200"]["runs"]
        assert (run["workflow_id"], run["open"]) == (handle.id, True)
        assert run["parting"]["now"] == "decides remedy: refund"
        assert len(world.provider.entries) == requests
        assert (await world.waiting(handle)).action is not None
        await handle.terminate()
