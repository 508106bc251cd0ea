"""Metrics say what the ledgers say, under the names that dashboards use."""

import tomllib
from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from temporalio.contrib.opentelemetry import OpenTelemetryPlugin

from contracts.receipts import AttemptLine
from telemetry.receiver import Point
from tests.fault_server import faults
from tests.telemetry.conftest import Listening
from tests.workflows.scenarios import SCENARIOS
from tests.workflows.world import World, as_read, sample


@pytest.fixture
async def world(temporal: str, tmp_path: Path) -> AsyncIterator[World]:
    """Without a worker."""
    async with World.opened(temporal, tmp_path, [OpenTelemetryPlugin()]) as opened:
        yield opened


def series(listening: Listening, name: str, **labels: str) -> list[Point]:
    """The series of a metric that carry these labels."""
    listening.telemetry.flush(30)
    return [
        point
        for point in listening.receiver.metric(name)
        if all(point.attributes.get(label) == value for label, value in labels.items())
    ]


def total(listening: Listening, name: str, **labels: str) -> Decimal:
    """The sum over series, as exact as a float is printed."""
    return sum((Decimal(str(point.value)) for point in series(listening, name, **labels)), Decimal(0))


def prometheus(point: Point) -> str:
    """The name that a collector's Prometheus exporter makes of it."""
    units = {"s": "_seconds"}
    name = point.name.replace(".", "_") + ("" if point.unit.startswith("{") else units[point.unit])
    return f"{name}_total" if point.kind == "counter" else name


@pytest.mark.parametrize("cached_runs", [1_000, 0])
async def test_metrics_equal_the_ledger(world: World, listening: Listening, cached_runs: int) -> None:
    """Attempts, money proven and unknown, tokens: of a run with every kind of attempt, also uncached."""
    async with world.working(watched=listening.telemetry.interceptors, cached_runs=cached_runs):
        handle = await SCENARIOS["refunded-in-spite-of-faults"](world)
        resolution = await world.ended(handle)
        status = await world.status(handle)
    assert resolution.receipt is not None
    assert status is not None
    balance, mine = resolution.receipt.balance, {"route": world.profile}
    model = [line for line in status.attempts if line.hold.calls]
    assert total(listening, "tenuto.money.usd", booking="proven", **mine) == balance.settled.usd > 0
    assert total(listening, "tenuto.money.usd", booking="unknown", **mine) == balance.unknown.usd > 0
    assert total(listening, "tenuto.tokens", **mine) == balance.settled.tokens > 0
    assert total(listening, "tenuto.attempts", **mine) == len(model)
    assert total(listening, "tenuto.attempt.duration") == total(listening, "tenuto.attempts")
    for line in model:
        alike = [each for each in model if labels_of(each) == labels_of(line)]
        assert total(listening, "tenuto.attempts", **labels_of(line), **mine) == len(alike)


def labels_of(line: AttemptLine) -> dict[str, str]:
    outcome = "succeeded" if line.fault is None else "unknown" if line.end == "unknown" else "failed"
    return {"step": line.step, "outcome": outcome, "fault": line.fault.value if line.fault else "none"}


async def test_what_is_held_and_waits_is_shown_while_it_is(world: World, listening: Listening) -> None:
    """The hold of an attempt under way, a run that asks a person, and nothing of either at its end."""
    world.provider.script(faults.hang(), task="draft_reply")
    world.provider.script(as_read("05"), task="read_ticket")
    approved = total(listening, "tenuto.approvals", outcome="approved")
    async with world.working(watched=listening.telemetry.interceptors):
        handle = await world.start(sample("05"))
        await world.waiting(handle)
        assert total(listening, "tenuto.runs.waiting", what="approval") == 1
        assert total(listening, "tenuto.held.usd") == 0
        await world.approve(handle)
        while len(world.provider.entries) < 2:
            await world.status(handle)
        status = await world.status(handle)
        assert status is not None
        assert total(listening, "tenuto.held.usd") == status.balance.held.usd > 0
        assert total(listening, "tenuto.runs.waiting") == 0
        await handle.cancel()
        await world.ended(handle)
    assert total(listening, "tenuto.held.usd") == 0
    assert total(listening, "tenuto.approvals", outcome="approved") == approved + 1


async def test_the_names_are_those_of_the_dashboard(world: World, listening: Listening) -> None:
    """As a collector's Prometheus exporter writes them, with the labels and kinds of deploy/metrics.toml."""
    async with world.working(watched=listening.telemetry.interceptors):
        await world.ended(await SCENARIOS["refunded-after-approval"](world))
    listening.telemetry.flush(30)
    found: dict[str, Any] = {}
    for point in list(listening.receiver.points.values()):
        found.setdefault(prometheus(point), (point.kind, set()))[1].update(point.attributes)
    listed = tomllib.loads((Path(__file__).parents[2] / "deploy/metrics.toml").read_text())
    assert found == {name: (metric["kind"], set(metric["labels"])) for name, metric in listed.items()}
