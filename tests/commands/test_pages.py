"""`explain --html` and `map` as a person or a pipeline uses them."""

import asyncio
import json
from pathlib import Path
from xml.etree import ElementTree

import pytest

from commands.explain_page import name_of
from operations.starting import start
from tests.commands.terminal import on_pipes
from tests.commands.test_bad_input import ROOT, starter
from tests.workflows.world import World, as_read, sample
from workflows.resolve_ticket import ResolveTicket

HISTORIES = ROOT / "tests" / "histories"
REFUNDED, APPROVED = (
    str(HISTORIES / f"{name}.json") for name in ("refunded-at-once", "refunded-after-approval")
)


def test_a_story_is_written_as_a_page_and_nothing_else_is_printed(tmp_path: Path) -> None:
    page = tmp_path / "run.html"
    done = starter("explain", REFUNDED, "--verify", "--html", str(page), home=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", f"wrote {page}\n")
    assert "verified: " in page.read_text()
    assert "Of this run alone: a file holds one." in page.read_text()


def test_a_page_that_cannot_be_written_is_one_clear_line(tmp_path: Path) -> None:
    for command in (("explain", REFUNDED), ("map", REFUNDED)):
        done = starter(*command, "--html", str(tmp_path / "none" / "run.html"), home=tmp_path)
        assert done.returncode == 2
        assert "run.html: cannot be written: No such file or directory" in done.stderr


async def test_the_page_of_a_run_on_a_server_adds_all_runs_of_its_id(temporal: str, tmp_path: Path) -> None:
    page = tmp_path / "run.html"
    async with World.opened(temporal, tmp_path) as world, world.working():
        world.provider.script(as_read("01"), as_read("01"), task="read_ticket")
        handle = await world.start(sample("01"))
        await handle.result()
        await start(
            *(world.client, ResolveTicket, sample("01"), world.terms()),
            task_queue=world.task_queue,
            workflow_id=handle.id,
            again=True,
        )
        await world.client.get_workflow_handle(handle.id).result()
        for _ in range(20):  # visibility is a moment behind
            changed = {"TEMPORAL_ADDRESS": temporal}
            with on_pipes(
                "explain", handle.id, "--html", str(page), home=tmp_path, changed=changed
            ) as command:
                assert await asyncio.to_thread(command.ended) == 0, command.errors
            if "all 2 runs" in page.read_text():
                break
    assert "all 2 runs of this workflow id" in page.read_text()


@pytest.mark.parametrize(
    ("workflow_id", "name"),
    [("resolve-ticket/acme/3f2a9c1e", "3f2a9c1e"), ("a/../..", "run"), ("x/<b>:é", "b"), ("", "run")],
)
def test_a_page_with_no_name_is_named_after_its_run(workflow_id: str, name: str) -> None:
    """By the last part of its id, which may be anything; a name stays in the folder where one is."""
    assert name_of(workflow_id) == name


def test_a_map_names_every_transition_and_what_never_happened(tmp_path: Path) -> None:
    done = starter("map", REFUNDED, APPROVED, home=tmp_path)
    assert done.returncode == 0, done.stderr
    first, *lines = done.stdout.splitlines()
    assert first == "resolve-ticket: 2 runs; 8 of 13 declared transitions never happened"
    assert sum(line.endswith("never") for line in lines) == 8
    assert any(line.split()[:3] == ["reading", "looking_up", "2"] for line in lines)


def test_a_program_reads_the_same_map(tmp_path: Path) -> None:
    (told,) = json.loads(starter("map", REFUNDED, APPROVED, "--json", home=tmp_path).stdout)
    assert (told["workflow"], told["runs"]) == ("resolve-ticket", 2)
    ways = {(way["from"], way["to"]): way for way in told["transitions"]}
    assert ways["reading", "looking_up"]["count"] == 2
    assert ways["awaiting_approval", "refunding"]["declared"]
    never = ways["refunding", "handing_over"]
    assert (never["count"], never["median_s"], never["median_usd"]) == (0, None, None)
    assert {each["stage"]: each["ended"] for each in told["stages"]}["replying"] == {"completed": 2}


def test_a_map_is_a_page_or_a_picture_that_stands_alone(tmp_path: Path) -> None:
    page, picture = tmp_path / "map.html", tmp_path / "map.svg"
    assert starter("map", REFUNDED, "--html", str(page), home=tmp_path).stdout == ""
    assert starter("map", REFUNDED, "--svg", str(picture), home=tmp_path).stdout == ""
    assert page.read_text().startswith("<!doctype html>")
    assert ElementTree.parse(picture).getroot().get("role") == "img"  # noqa: S314 (our own)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ([], "map needs history files, folders or ids, or --query QUERY"),
        ([REFUNDED, "--query", "x"], "map needs history files, folders or ids, or --query QUERY"),
        (["none.json"], "none.json: no such file or folder"),
        (["README.md"], "README.md: not an exported workflow history"),
    ],
)
def test_a_map_of_nothing_says_what_it_needs(arguments: list[str], says: str, tmp_path: Path) -> None:
    done = starter("map", *arguments, home=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert says in done.stderr


async def test_a_map_of_a_servers_runs_has_those_that_go_on(temporal: str, tmp_path: Path) -> None:
    """One waits for a person: it is where it is, as `running`."""
    async with World.opened(temporal, tmp_path) as world, world.working():
        world.provider.script(as_read("05"), task="read_ticket")
        handle = await world.start(sample("05"))
        await world.waiting(handle)
        query = f"WorkflowId = '{handle.id}'"
        for _ in range(20):  # visibility is a moment behind
            with on_pipes(
                "map", "--query", query, "--json", home=tmp_path, changed={"TEMPORAL_ADDRESS": temporal}
            ) as command:
                code = await asyncio.to_thread(command.ended)
            if code == 0:
                break
        (told,) = json.loads(command.output)
        assert {each["stage"]: each["ended"] for each in told["stages"]}["awaiting_approval"] == {
            "running": 1
        }
        await handle.terminate()
