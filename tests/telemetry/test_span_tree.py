"""What a real OTLP receiver gets of a run: its tree, each request once, each dollar once, and no content."""

from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from opentelemetry import trace
from temporalio.client import WorkflowHandle
from temporalio.contrib.opentelemetry import OpenTelemetryPlugin
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.worker import Replayer

from contracts.happenings import Happening
from contracts.receipts import Balance
from contracts.resolutions import Resolution
from contracts.values import plain
from operations.histories import load
from operations.sandbox import sandbox
from operations.verification import verify
from telemetry.observing import Ear, ObservingInterceptor
from telemetry.provider_calls import CAPTURE_CONTENT, TRACE_CONTENT
from telemetry.setup import Telemetry
from telemetry.span_tree import ReceivedSpan, tree
from tests.fault_server import faults
from tests.telemetry.conftest import Listening
from tests.workflows.scenarios import SCENARIOS
from tests.workflows.world import TRUTH, World, as_read, sample
from worker import WORKFLOWS
from workflows.kernel.trail import TrailInterceptor
from workflows.resolve_ticket import ResolveTicket

Handle = WorkflowHandle[Any, Resolution]
HISTORIES = sorted((Path(__file__).parents[1] / "histories").glob("*.json"))


@pytest.fixture
async def world(temporal: str, tmp_path: Path) -> AsyncIterator[World]:
    """Without a worker; its client carries contexts, as `connect` makes it."""
    async with World.opened(temporal, tmp_path, [OpenTelemetryPlugin()]) as opened:
        yield opened


async def spans_of(listening: Listening, handle: Handle) -> list[ReceivedSpan]:
    return listening.spans_of((await handle.describe()).run_id)


def requests_in(spans: list[ReceivedSpan]) -> list[str]:
    """The attempt ids of the provider calls, in order."""
    calls = sorted((span for span in spans if span.name.startswith("chat ")), key=lambda span: span.start_ns)
    return [str(span.attributes["tenuto.attempt.id"]) for span in calls]


def named(spans: list[ReceivedSpan], name: str) -> ReceivedSpan:
    (span,) = (span for span in spans if span.name == name)
    return span


def booked(spans: list[ReceivedSpan], booking: str) -> Decimal:
    return sum(
        (
            Decimal(span.attributes["tenuto.cost.usd"])
            for span in spans
            if span.attributes.get("tenuto.cost.booking") == booking
        ),
        Decimal(0),
    )


def again(telemetry: Telemetry) -> list[Any]:
    """As another worker would have it: the same observers, and an ear that has heard nothing."""
    others = [each for each in telemetry.interceptors if not isinstance(each, ObservingInterceptor)]
    return [*others, ObservingInterceptor(Ear(telemetry.observers))]


PATHS = """
run resolve-ticket
run resolve-ticket / activity close_lease
run resolve-ticket / activity open_lease
run resolve-ticket / activity resolve_sheet
run resolve-ticket / step draft_reply
run resolve-ticket / step draft_reply / attempt draft_reply
run resolve-ticket / step draft_reply / attempt draft_reply / activity draft_reply
run resolve-ticket / step draft_reply / attempt draft_reply / activity draft_reply / chat scripted
run resolve-ticket / step find_order
run resolve-ticket / step find_order / activity find_order
run resolve-ticket / step issue_refund
run resolve-ticket / step issue_refund / attempt issue_refund
run resolve-ticket / step issue_refund / attempt issue_refund / activity issue_refund
run resolve-ticket / step read_ticket
run resolve-ticket / step read_ticket / attempt read_ticket
run resolve-ticket / step read_ticket / attempt read_ticket / activity read_ticket
run resolve-ticket / step read_ticket / attempt read_ticket / activity read_ticket / chat scripted
run resolve-ticket / step send_reply
run resolve-ticket / step send_reply / attempt send_reply
run resolve-ticket / step send_reply / attempt send_reply / activity send_reply
"""
EVENTS = [
    ("stage", "looking_up"),
    ("decision", "ask_approval"),
    ("stage", "awaiting_approval"),
    ("wait", "approval"),
    ("wait over", "approval"),
    ("approval", "approved"),
    ("stage", "refunding"),
    ("stage", "replying"),
]
SAID = ("tenuto.stage", "tenuto.decision.outcome", "tenuto.wait", "tenuto.approval.outcome")


def paths(spans: list[ReceivedSpan]) -> list[str]:
    """Each span with all that stands above it."""
    by_id = {span.span_id: span for span in spans}

    def path(span: ReceivedSpan) -> str:
        above = by_id.get(span.parent_id)
        return span.name if above is None else f"{path(above)} / {span.name}"

    return sorted(path(span) for span in spans)


@pytest.mark.parametrize("cached_runs", [1_000, 0])
async def test_a_run_arrives_as_one_tree(world: World, listening: Listening, cached_runs: int) -> None:
    """Run, steps, attempts, activities and requests in one trace; decisions, stages, approvals as events."""
    async with world.working(watched=listening.telemetry.interceptors, cached_runs=cached_runs):
        handle = await SCENARIOS["refunded-after-approval"](world)
        await world.ended(handle)
    spans = await spans_of(listening, handle)
    print("\n" + tree(spans))  # noqa: T201 - for whoever runs it with -s
    assert paths(spans) == PATHS.strip().splitlines()
    assert [
        (event.name, next(event.attributes[name] for name in SAID if name in event.attributes))
        for event in named(spans, "run resolve-ticket").events
    ] == EVENTS
    for span in spans:
        assert span.start_ns <= span.end_ns


@pytest.mark.parametrize("cached_runs", [1_000, 0])
async def test_every_request_is_one_span_and_every_dollar_stands_once(
    world: World, listening: Listening, cached_runs: int
) -> None:
    """Faults and all; with the cache off every task replays the run from its start."""
    async with world.working(watched=listening.telemetry.interceptors, cached_runs=cached_runs):
        handle = await SCENARIOS["refunded-in-spite-of-faults"](world)
        balance = balance_of(await world.ended(handle))
    spans = await spans_of(listening, handle)
    assert requests_in(spans) == [entry.request_id for entry in world.provider.entries]
    assert len({span.span_id for span in spans}) == len(spans)
    assert booked(spans, "proven") == balance.settled.usd > 0
    assert booked(spans, "unknown") == balance.unknown.usd > 0
    run = named(spans, "run resolve-ticket").attributes
    assert run["tenuto.run.settled.usd"] == plain(balance.settled.usd)
    assert run["tenuto.run.unknown.usd"] == plain(balance.unknown.usd)
    read = [span for span in spans if span.name == "attempt read_ticket"]
    assert [span.attributes.get("error.type") for span in sorted(read, key=began)] == [
        "rate_limited",
        "connection_lost",
        "invalid_reply",
        None,
    ]


async def test_a_request_follows_the_conventions_for_generative_ai(
    world: World, listening: Listening
) -> None:
    """Who was asked for what, by which name, at which cost in tokens."""
    world.provider.script(faults.status(503), task="read_ticket")
    async with world.working(watched=listening.telemetry.interceptors):
        handle = await world.start(sample("01"))
        await world.ended(handle)
    failed, answered, *_ = sorted(
        (span for span in await spans_of(listening, handle) if span.name == "chat scripted"), key=began
    )
    entry = world.provider.entries[1]
    assert {name: value for name, value in answered.attributes.items() if name != "server.port"} == {
        "gen_ai.operation.name": "chat",
        "gen_ai.output.type": "json",
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": "scripted",
        "gen_ai.request.max_tokens": entry.body["max_tokens"],
        "gen_ai.request.temperature": 0.0,
        "gen_ai.response.model": "scripted",
        "gen_ai.usage.input_tokens": entry.input_tokens,
        "gen_ai.usage.output_tokens": entry.output_tokens,
        "server.address": "127.0.0.1",
        "tenuto.attempt.id": entry.request_id,
        "tenuto.route": world.profile,
    }
    assert failed.failed
    assert failed.attributes["error.type"] == "overloaded"
    assert "gen_ai.usage.input_tokens" not in failed.attributes


async def test_a_run_that_goes_on_at_another_worker_is_still_one_tree(
    world: World, listening: Listening
) -> None:
    """The first worker leaves while a person is asked; the second replays what the first has told."""
    async with world.working(watched=listening.telemetry.interceptors):
        world.provider.script(as_read("05"), task="read_ticket")
        handle = await world.start(sample("05"))
        await world.waiting(handle)
    async with world.working(watched=again(listening.telemetry)):
        await world.approve(handle)
        balance = balance_of(await world.ended(handle))
    spans = await spans_of(listening, handle)
    assert paths(spans) == PATHS.strip().splitlines()
    assert requests_in(spans) == [entry.request_id for entry in world.provider.entries]
    assert booked(spans, "proven") == balance.settled.usd
    assert len(named(spans, "run resolve-ticket").events) == len(EVENTS)


async def test_a_scripts_own_span_stands_above_the_run(world: World, listening: Listening) -> None:
    """Whoever starts a run in a span of its own finds the run, its activities and requests below it."""
    async with world.working(watched=listening.telemetry.interceptors):
        with trace.get_tracer("script").start_as_current_span("nightly import"):
            handle = await world.start(sample("01"))
        await world.ended(handle)
    spans = await spans_of(listening, handle)
    assert {path.partition(" / ")[0] for path in paths(spans)} == {"nightly import"}
    assert "nightly import / run resolve-ticket" in paths(spans)
    assert requests_in(spans) == [entry.request_id for entry in world.provider.entries]


SECRET = "the glaze on both mugs"


async def content_of(world: World, listening: Listening, env: dict[str, str]) -> tuple[str, list[str]]:
    """Everything that left of a run whose prompt and reply hold SECRET, and its requests' messages."""
    ticket = sample("01").model_copy(update={"subject": SECRET, "text": f"{sample('01').text}\n{SECRET}"})
    reading = {**TRUTH["01-broken-mugs.eml"]["reading"], "summary": SECRET}
    world.provider.script(faults.reply({"wish": SECRET}), faults.reply(reading), task="read_ticket")
    async with world.working(watched=listening.telemetry.interceptors, env=env):
        handle = await world.start(ticket)
        await world.ended(handle)
    spans = await spans_of(listening, handle)
    messages = [
        str(span.attributes[name])
        for span in spans
        for name in ("gen_ai.input.messages", "gen_ai.output.messages")
        if name in span.attributes
    ]
    return repr(spans), messages


async def test_prompts_and_replies_stay_here(world: World, listening: Listening) -> None:
    """No text of ticket, prompt or reply is in any name, attribute or event, also when a reply is invalid."""
    everything, messages = await content_of(world, listening, {})
    assert SECRET not in everything
    assert messages == []


@pytest.mark.parametrize("env", [{TRACE_CONTENT: "true"}, {CAPTURE_CONTENT: "SPAN_ONLY"}])
async def test_prompts_and_replies_leave_when_asked_for(
    world: World, listening: Listening, env: dict[str, str]
) -> None:
    """By our own variable or the conventions'."""
    _, messages = await content_of(world, listening, env)
    assert len(messages) == 2 * len(world.provider.entries)
    assert sum(SECRET in message for message in messages) >= 4


async def test_a_run_that_was_watched_is_proven_like_any_other(world: World, listening: Listening) -> None:
    """The context of a span rides in headers; no command is another because somebody listens."""
    async with world.working(watched=listening.telemetry.interceptors):
        handle = await SCENARIOS["refunded-in-spite-of-faults"](world)
        await world.ended(handle)
    history = await handle.fetch_history()
    assert (await verify(history, [ResolveTicket])).findings == []


async def test_nothing_leaves_on_replay(listening: Listening) -> None:
    """The whole corpus, replayed by a replayer that lends the same ear, and verified."""
    listening.telemetry.flush(30)
    before = len(listening.receiver.spans)
    heard: list[Happening] = []
    replayer = Replayer(
        workflows=WORKFLOWS,
        workflow_runner=sandbox(),
        interceptors=[TrailInterceptor(), *again(listening.telemetry), ObservingInterceptor(heard.append)],
        plugins=[OpenTelemetryPlugin()],
        data_converter=pydantic_data_converter,
    )
    for file in HISTORIES:
        await replayer.replay_workflow(load(file))
        assert (await verify(load(file), WORKFLOWS)).findings == []
    listening.telemetry.flush(30)
    assert heard == []
    assert len(listening.receiver.spans) == before


def began(span: ReceivedSpan) -> int:
    return span.start_ns


def balance_of(resolution: Resolution) -> Balance:
    assert resolution.receipt is not None
    return resolution.receipt.balance
