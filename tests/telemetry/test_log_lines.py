"""A line for each happening, once, that a program can read."""

import io
import json
import logging
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from temporalio.exceptions import ApplicationError

from telemetry.log_lines import LOG, Lines, formatter, without_our_traces
from telemetry.observing import Ear, ObservingInterceptor
from tests.workflows.scenarios import SCENARIOS
from tests.workflows.world import World, sample


@pytest.fixture
async def world(temporal: str, tmp_path: Path) -> AsyncIterator[World]:
    """Without a worker."""
    async with World.opened(temporal, tmp_path) as opened:
        yield opened


async def lines_of(world: World, name: str, mode: str, cached_runs: int = 1_000) -> list[str]:
    """What the worker's log holds of a scenario, formatted as TENUTO_LOG says."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(formatter({LOG: mode}))
    logger = logging.getLogger("tenuto")
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    try:
        lending = ObservingInterceptor(Ear([Lines().observe]))
        async with world.working(watched=[lending], cached_runs=cached_runs):
            await world.ended(await SCENARIOS[name](world))
    finally:
        logger.removeHandler(handler)
    return stream.getvalue().splitlines()


@pytest.mark.parametrize("cached_runs", [1_000, 0])
async def test_each_happening_is_one_json_object_on_one_line(world: World, cached_runs: int) -> None:
    """Numbered without a gap or a repetition, also when every task replays the run from its start."""
    read: list[dict[str, Any]] = [
        json.loads(line) for line in await lines_of(world, "refunded-after-approval", "json", cached_runs)
    ]
    assert [line["number"] for line in read] == list(range(len(read)))
    assert [line["message"] for line in read] == [
        "run opened",
        *("step begun", "attempt begun", "attempt ended", "step ended", "stage entered"),
        *("step begun", "step ended", "decision made", "stage entered"),
        *("wait begun", "wait ended", "approval ended", "stage entered"),
        *("step begun", "attempt begun", "attempt ended", "step ended", "stage entered"),
        *("step begun", "attempt begun", "attempt ended", "step ended"),
        *("step begun", "attempt begun", "attempt ended", "step ended"),
        "run ended",
    ]
    attempt, end = read[3], read[-1]
    assert (attempt["outcome"], attempt["booking"], attempt["fault"]) == ("succeeded", "proven", None)
    assert {"usd", "input_tokens", "output_tokens", "workflow_id", "run_id", "tenant"} <= set(attempt)
    assert (end["ending"], end["unknown_usd"]) == (None, "0")


async def test_a_line_for_people_holds_no_word_of_the_ticket(world: World) -> None:
    """Names, numbers and the table's own words; nothing that a customer or a model wrote."""
    lines = await lines_of(world, "refunded-in-spite-of-faults", "text")
    assert any("attempt ended" in line and "fault=invalid_reply" in line for line in lines)
    ticket = sample("01")
    for text in (ticket.sender, ticket.subject, "what the customer wrote"):
        assert not any(text in line for line in lines)


def test_any_line_of_the_worker_is_json_when_asked_for() -> None:
    """Other libraries' lines too, with an exception as one string."""
    try:
        raise ValueError("no")
    except ValueError:
        record = logging.LogRecord("other", logging.ERROR, __file__, 1, "it %s", ("broke",), None)
        import sys

        record.exc_info = sys.exc_info()
    line = json.loads(formatter({LOG: "json"}).format(record))
    assert (line["level"], line["logger"], line["message"]) == ("ERROR", "other", "it broke")
    assert "ValueError: no" in line["exception"]


def test_a_failure_that_an_activity_tells_of_is_one_line() -> None:
    """Any other error keeps its trace: nobody knows yet where it comes from."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.addFilter(without_our_traces)
    logger = logging.getLogger("tests.traces")
    logger.addHandler(handler)
    for error in (ApplicationError("no money", type="quota_exhausted"), ValueError("odd")):
        try:
            raise error
        except Exception:
            logger.exception("Completing %s", "activity")
    told, *rest = stream.getvalue().splitlines()
    assert told == "Completing activity: quota_exhausted: no money"
    assert rest[:2] == ["Completing activity", "Traceback (most recent call last):"]
