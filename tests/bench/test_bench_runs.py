"""The benchmark of the kernel runs, and reports everything; how fast is not a test's business."""

import asyncio
import json
import sys

from bench.figures import Requirement, Section, Spread, Table, ratios
from bench.results import kept
from embedded.stack import CHECKOUT

COLUMNS = [
    "side",
    "runs/s",
    "kernel / side",
    "worker CPU ms/run",
    "server CPU ms/run",
    "events",
    "history bytes",
    "kernel / side, bytes",
]


async def test_the_kernel_is_measured_against_both_ways_by_hand() -> None:
    """Every column is filled in for all three sides, and each requirement is judged."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bench", "--quick", "--only", "kernel", "--json"),
        cwd=CHECKOUT,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    output, _ = await asyncio.wait_for(process.communicate(), 100)
    assert process.returncode == 0
    found = json.loads(output)["kernel"]
    table = found["tables"][0]
    assert table["columns"] == COLUMNS
    assert [row[0] for row in table["rows"]] == [
        "on the kernel",
        "by hand, local lookup",
        "by hand, three activities",
    ]
    assert all(row[at] for row in table["rows"] for at in range(len(COLUMNS)) if at != 2)
    assert all(float(each) > 0 for row in table["rows"][1:] for each in row[5:])
    assert len(found["requirements"]) == 4
    for side in ("kernel", "local", "plain"):
        assert all(turn["runs_s"] > 0 and turn["worker_ms"] > 0 for turn in found["figures"][side])


async def test_gathered_sections_are_measured_against_a_semaphore() -> None:
    """Both sides read every section, in turn; the ratio is judged round by round."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bench", "--quick", "--only", "sections", "--json"),
        cwd=CHECKOUT,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    output, _ = await asyncio.wait_for(process.communicate(), 100)
    assert process.returncode == 0
    found = json.loads(output)["sections"]
    assert [row[0] for row in found["tables"][0]["rows"]] == [
        "gathered by the kernel",
        "by hand, a semaphore",
    ]
    (required,) = found["requirements"]
    assert (required["bound"], required["at_least"], len(required["rounds"])) == (1.1, False, 4)
    # Three waves of 200 ms are the least that either can take.
    assert all(turn["seconds"] > 0.6 for side in found["figures"].values() for turn in side)


async def test_replays_and_explanations_are_counted() -> None:
    """A run of ten steps is made, recorded, and holds every time that it is replayed."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bench", "--quick", "--only", "replays", "--json"),
        cwd=CHECKOUT,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    output, _ = await asyncio.wait_for(process.communicate(), 100)
    assert process.returncode == 0
    found = json.loads(output)["replays"]
    assert [len(rates) for rates in found["figures"]["replays"].values()] == [2, 2]
    assert all(
        rate > 0
        for rates in (*found["figures"]["replays"].values(), found["figures"]["explained"])
        for rate in rates
    )


def test_ratios_are_taken_round_by_round() -> None:
    """A slow moment of the machine slows both sides of a round."""
    assert ratios(Spread([10, 5]), Spread([20, 10])).values == [0.5, 0.5]


def test_a_ratio_beyond_its_bound_falls_short() -> None:
    assert not Requirement("runs/s", 1.0, Spread([0.9, 0.99, 2.0])).holds
    assert Requirement("bytes", 1.25, Spread([1.25]), at_least=False).holds
    assert "FALLS SHORT" in Requirement("bytes", 1.25, Spread([1.3]), at_least=False).text()


def test_results_of_one_benchmark_leave_the_others_as_they_were() -> None:
    """Each section says on which machine and day it was measured."""
    one = Section("one", "First.", [Table(["a"], [["1"]])])
    two = Section("two", "Second.", [Table(["b"], [["2"]])])
    before = kept("", [one, two], "an old machine")
    after = kept(before, [Section("two", "Second.", [Table(["b"], [["3"]])])], "a new machine")
    assert "| 1 |" in after
    assert "| 3 |" in after
    assert "| 2 |" not in after
    assert after.count("an old machine") == after.count("a new machine") == 1
    assert kept(after, [], "") == after
